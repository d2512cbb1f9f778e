package io.penstock.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Caller;
import io.penstock.testing.Function;
import io.penstock.testing.PackagedApplication;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// One package is a server or a function, whichever it is started as.
class ServerIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir private Path directory;

    private SimulatedProvider simulated;
    private int port;

    @BeforeEach
    void start() throws IOException {
        simulated = SimulatedProvider.start(SimulatedProvider.Options.defaults());
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
    }

    @AfterEach
    void stop() {
        simulated.close();
    }

    @Test
    void startedPlainlyItServesAPromptAStreamAndABatchUntilItIsTold() {
        try (PackagedApplication application = PackagedApplication.process(settings())) {
            awaitListening(application);
            Caller caller = new Caller(URI.create("http://127.0.0.1:" + port));

            assertThat(caller.complete("hello").json().path("result").asText()).endsWith(": hello");
            assertThat(caller.stream("hello").events().getLast().has("token")).isFalse();
            assertThat(get(caller, "/nothing").status()).isEqualTo(404);
            String id = submit(caller, 300);
            // Its events end when the batch does.
            assertThat(get(caller, "/batch/" + id + "/events").status()).isEqualTo(200);
            JsonNode job = get(caller, "/batch/" + id).json();
            assertThat(job.path("status").asText()).as("%s", job).isEqualTo("completed");
            assertThat(job.path("completed").asInt()).as("%s", job).isEqualTo(300);

            application.signal("TERM");

            // As the Java process ends: 128 and the number of SIGTERM, or in good order.
            assertThat(application.awaitEnd()).isIn(0, 143);
            assertThat(application.log()).doesNotContain("\tat ");
        }
    }

    @Test
    void aTakenPortIsNamed() throws IOException {
        try (ServerSocket taken = new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
                PackagedApplication application = PackagedApplication.process(settings())) {
            assertThat(application.awaitEnd()).isNotZero();
            assertThat(application.log())
                    .contains("Cannot listen on 127.0.0.1:" + taken.getLocalPort());
        }
    }

    @Test
    void startedByLambdaItIsAFunctionAndListensNowhere() {
        try (Function function = new Function(settings())) {
            assertThat(function.complete(Caller.prompt("hello")).body().path("result").asText())
                    .endsWith(": hello");
            assertThat(listening()).isFalse();
        }
    }

    private Map<String, String> settings() {
        Map<String, String> settings = new HashMap<>();
        settings.put("OPENAI_BASE_URL", simulated.baseUrl());
        settings.put("OPENAI_API_KEY", "sk-server-0123456789abcdef");
        settings.put("QUARKUS_HTTP_PORT", Integer.toString(port));
        settings.put("PENSTOCK_STORE_DIRECTORY", directory.toString());
        return settings;
    }

    private void awaitListening(PackagedApplication application) {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (!listening()) {
            assertThat(application.ended()).as(application.log()).isNotDone();
            assertThat(System.nanoTime()).as(application.log()).isLessThan(end);
        }
    }

    private boolean listening() {
        try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return true;
        } catch (ConnectException _) {
            return false;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static String submit(Caller caller, int prompts) {
        String lines =
                IntStream.range(0, prompts)
                        .mapToObj("{\"prompt\":\"item %d\"}"::formatted)
                        .collect(Collectors.joining("\n"));
        Caller.Answer submitted =
                Caller.join(
                        caller.send(
                                caller.request("/batch")
                                        .header("content-type", "application/jsonl")
                                        .POST(BodyPublishers.ofString(lines))
                                        .build()));
        assertThat(submitted.status()).as(submitted.body()).isEqualTo(202);
        return submitted.json().path("job_id").asText();
    }

    private static Caller.Answer get(Caller caller, String path) {
        return Caller.join(caller.send(caller.request(path).build()));
    }
}
