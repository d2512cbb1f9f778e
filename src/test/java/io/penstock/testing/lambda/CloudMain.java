package io.penstock.testing.lambda;

import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Emulators;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/// Starts [Cloud] by hand and keeps it until the process ends: `./mvnw verify -Pcloud`, with
/// `-Dnative` for the native binary. Answered by the simulated provider unless `OPENAI_BASE_URL` or
/// `OPENAI_API_KEY` is set.
final class CloudMain {

    private static final int HTTP_PORT = 8080;
    private static final int SOCKET_PORT = 8081;
    private static final int WORKERS = Integer.getInteger("penstock.cloud.workers", 4);

    private CloudMain() {}

    public static void main(String[] args) throws InterruptedException {
        Map<String, String> variables = new HashMap<>();
        System.getenv()
                .forEach((name, value) -> {
                    if (name.startsWith("OPENAI_") || name.startsWith("PENSTOCK_")) {
                        variables.put(name, value);
                    }
                });
        if (!variables.containsKey("OPENAI_API_KEY")) {
            variables.computeIfAbsent(
                    "OPENAI_BASE_URL",
                    _ -> SimulatedProvider.start(SimulatedProvider.Options.defaults()).baseUrl());
        }
        Emulators emulators = Emulators.start();
        Cloud cloud =
                new Cloud(
                        emulators,
                        "penstock",
                        new Cloud.Size(
                                WORKERS,
                                Duration.ofSeconds(60),
                                Duration.ofMinutes(1),
                                HTTP_PORT,
                                SOCKET_PORT),
                        variables);
        Runtime.getRuntime().addShutdownHook(new Thread(cloud::close));
        System.out.printf(
                "HTTP API       %s%nWebSocket API  %s%nprovider       %s%nEnd it with Ctrl-C.%n",
                cloud.httpUrl(),
                cloud.socketUrl(),
                variables.getOrDefault("OPENAI_BASE_URL", "OpenAI"));
        new CountDownLatch(1).await();
    }
}
