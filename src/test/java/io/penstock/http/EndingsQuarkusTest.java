package io.penstock.http;

import static io.penstock.testing.Caller.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// A request that nobody waits for is ended at the provider, whoever stopped waiting and why.
@QuarkusTest
class EndingsQuarkusTest extends PenstockTest {

    private static final Duration SOON = Duration.ofSeconds(10);
    private static final double ENDED_WITHIN_MILLIS = 1000;

    @Test
    void aTimedOutAttemptDoesNotRunOn() {
        Answer answer = caller.complete("silent [[sim fault=hang]]");

        provider.await("in_flight_at_most=0", SOON);
        assertThat(answer.code()).isEqualTo("timeout");
        assertThat(provider.log("silent"))
                .hasSize(3)
                .allSatisfy(entry -> assertThat(entry.path("end").asText()).isEqualTo("aborted"));
    }

    @Test
    void aDeadlineBoundsTheWholeCall() {
        Answer answer = caller.complete(prompt("late [[sim fault=hang]]").put("timeout_ms", 300));

        provider.await("in_flight_at_most=0", SOON);
        assertThat(answer.status()).isEqualTo(504);
        assertThat(answer.code()).isEqualTo("deadline_exceeded");
        assertThat(answer.header("x-penstock-attempts")).isEqualTo("1");
        assertThat(provider.log("late").getFirst().path("end").asText()).isEqualTo("aborted");
    }

    @Test
    void aDeadlineEndsABackoffToo() {
        Answer answer =
                caller.complete(
                        prompt("failing [[sim fault=server_error latency=150ms]]")
                                .put("timeout_ms", 200));

        assertThat(answer.status()).isIn(502, 504);
        assertThat(provider.log("failing").size()).isLessThanOrEqualTo(2);
    }

    @Test
    void aCallerWhoLeavesWhileWaitingForTheWholeAnswerEndsTheCall() throws IOException {
        try (Socket socket = open("gone [[sim gate=whole]]", "application/json")) {
            provider.await("in_flight=1", SOON);
        }

        provider.await("in_flight_at_most=0", SOON);
        assertThat(provider.log("gone").getFirst().path("end").asText()).isEqualTo("aborted");
    }

    @Test
    void aCallerWhoLeavesBeforeTheFirstTokenEndsTheCall() throws IOException {
        try (Socket socket = open("early [[sim gate=first]]", "text/event-stream")) {
            provider.await("in_flight=1", SOON);
        }

        provider.await("in_flight_at_most=0", SOON);
        assertThat(provider.log("early").getFirst().path("end").asText()).isEqualTo("aborted");
    }

    /// The long answer of an abandoned stream would take a minute; each is left after its first
    /// token.
    @Test
    void aThousandAbandonedStreamsLeaveNothingBehind() throws Exception {
        String words = "word ".repeat(60);
        Map<String, Long> leftAt = new ConcurrentHashMap<>();
        try (ExecutorService callers = Executors.newFixedThreadPool(50)) {
            List<Callable<Void>> streams =
                    IntStream.range(0, 1000)
                            .<Callable<Void>>mapToObj(i ->
                                    () -> {
                                        String name = "stream" + i + ".";
                                        abandon(name + " [[sim token_delay=1s]] " + words);
                                        leftAt.put(name, System.currentTimeMillis());
                                        return null;
                                    })
                            .toList();
            for (Future<Void> stream : callers.invokeAll(streams)) {
                stream.get();
            }
        }

        provider.await("in_flight_at_most=0", SOON);
        List<JsonNode> log = provider.log("stream");
        double slowest =
                log.stream()
                        .mapToDouble(entry ->
                                entry.path("ended_at").asDouble()
                                        - leftAt.getOrDefault(
                                                entry.path("key").asText().split(" ")[0], 0L))
                        .max()
                        .orElseThrow();
        System.out.printf(
                "1000 abandoned streams: ended within %.0f ms at the provider%n", slowest);
        assertThat(log)
                .hasSize(1000)
                .allSatisfy(entry -> assertThat(entry.path("end").asText()).isEqualTo("aborted"));
        assertThat(slowest).isLessThan(ENDED_WITHIN_MILLIS);
        provider.await("connections_at_most=0", SOON);
        assertThat(gauge("penstock_calls_in_flight")).isZero();
        assertThat(gauge("penstock_calls_waiting")).isZero();
    }

    private void abandon(String text) throws IOException {
        try (Socket socket = open(text, "text/event-stream")) {
            BufferedReader reader =
                    new BufferedReader(
                            new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            String line = reader.readLine();
            while (line != null && !line.contains("\"token\"")) {
                line = reader.readLine();
            }
            assertThat(line).as("a first token").isNotNull();
        }
    }

    private Socket open(String text, String accept) throws IOException {
        // A model of its own: others were refused in other tests, and are held back a while for it.
        byte[] body =
                prompt(text).put("model", "endings").toString().getBytes(StandardCharsets.UTF_8);
        String head =
                """
                POST /complete HTTP/1.1\r
                host: localhost\r
                content-type: application/json\r
                accept: %s\r
                content-length: %d\r
                \r
                """
                        .formatted(accept, body.length);
        Socket socket = new Socket(base.getHost(), base.getPort());
        socket.setSoTimeout(30_000);
        socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().write(body);
        return socket;
    }
}
