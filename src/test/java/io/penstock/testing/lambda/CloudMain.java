package io.penstock.testing.lambda;

import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Emulators;
import io.penstock.testing.PackagedApplication;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;

/// Starts [Cloud] by hand and keeps it until the process ends: `./mvnw verify -Pcloud`, with
/// `-Dnative` for the native binary. Answered by the simulated provider unless `OPENAI_BASE_URL` or
/// `OPENAI_API_KEY` is set.
public final class CloudMain {

    private static final int HTTP_PORT = 8080;
    private static final int SOCKET_PORT = 8081;
    private static final int WORKERS = Integer.getInteger("penstock.cloud.workers", 4);

    /// The simulated provider takes any key, but wants one as OpenAI does.
    private static final String SIMULATED_KEY = "sk-simulated";

    private CloudMain() {}

    public static void main(String[] args) throws InterruptedException {
        Map<String, String> variables =
                variables(
                        System.getenv(),
                        () ->
                                SimulatedProvider.start(SimulatedProvider.Options.defaults())
                                        .baseUrl());
        Cloud cloud = cloud(Emulators.start(), variables, HTTP_PORT, SOCKET_PORT);
        Runtime.getRuntime().addShutdownHook(new Thread(cloud::close));
        System.out.printf(
                "HTTP API       %s%nWebSocket API  %s%nprovider       %s%nlogs           %s, a file for each process%nEnd it with Ctrl-C.%n",
                cloud.httpUrl(),
                cloud.socketUrl(),
                variables.getOrDefault("OPENAI_BASE_URL", "OpenAI"),
                PackagedApplication.LOGS);
        new CountDownLatch(1).await();
    }

    /// The functions' variables: the caller's own settings, and a provider where they name none.
    ///
    /// @param simulated starts the simulated provider and gives its base URL
    public static Map<String, String> variables(
            Map<String, String> environment, Supplier<String> simulated) {
        Map<String, String> variables = new HashMap<>();
        environment.forEach((name, value) -> {
            if (name.startsWith("OPENAI_") || name.startsWith("PENSTOCK_")) {
                variables.put(name, value);
            }
        });
        if (!variables.containsKey("OPENAI_API_KEY") && !variables.containsKey("OPENAI_BASE_URL")) {
            variables.put("OPENAI_BASE_URL", simulated.get());
            variables.put("OPENAI_API_KEY", SIMULATED_KEY);
        }
        return variables;
    }

    /// The cloud that [#main] starts.
    ///
    /// @param httpPort 0 for any that is free, as the other
    public static Cloud cloud(
            Emulators emulators, Map<String, String> variables, int httpPort, int socketPort) {
        return new Cloud(
                emulators,
                "penstock",
                new Cloud.Size(
                        WORKERS,
                        Duration.ofSeconds(60),
                        Duration.ofMinutes(1),
                        httpPort,
                        socketPort),
                variables);
    }
}
