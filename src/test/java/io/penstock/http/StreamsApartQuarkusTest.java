package io.penstock.http;

import static io.penstock.testing.Caller.JSON;
import static io.penstock.testing.Caller.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.testing.Batch;
import io.penstock.testing.OpenAiApi;
import io.penstock.testing.PenstockTest;
import io.penstock.testing.Relay;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Calls that share an HTTP/2 connection: what becomes of one stream is nothing to the others.
@QuarkusTest
@Timeout(120)
@TestProfile(StreamsApartQuarkusTest.Patient.class)
class StreamsApartQuarkusTest extends PenstockTest {

    public static class Patient implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of("penstock.llm.timeout", "30s", "quarkus.http.read-timeout", "1s");
        }
    }

    private static final Duration SOON = Duration.ofSeconds(10);
    private static final double ENDED_WITHIN_MILLIS = 1000;
    private static final int LEAVERS = 20;

    /// More than a stream's window at the client, so that a download is under way when it is left.
    private static final int DOWNLOAD_BYTES = 24 << 20;

    private Relay relay;
    private HttpClient client;

    @BeforeEach
    void connect() throws Exception {
        relay = new Relay(base);
        client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();
        HttpResponse<String> first =
                client.send(request("q/health/live").build(), HttpResponse.BodyHandlers.ofString());
        assertThat(first.version()).isEqualTo(HttpClient.Version.HTTP_2);
    }

    @AfterEach
    void disconnect() {
        client.shutdownNow();
        relay.close();
    }

    @Test
    void streamsThatAreLeftLeaveTheOthersOfTheirConnectionAlone() throws Exception {
        leave("complete", prompt(""), "prompt");
    }

    @Test
    void openAisStreamsAreApartToo() throws Exception {
        leave("v1/chat/completions", JSON.createObjectNode().put("stream", true), "messages");
    }

    private void leave(String path, ObjectNode body, String field) throws Exception {
        CompletableFuture<HttpResponse<String>> whole = held("whole");
        CompletableFuture<HttpResponse<String>> stream =
                client.sendAsync(
                        stream(path, body, field, "stays [[sim token_delay=100ms]] a b c d e f g"),
                        HttpResponse.BodyHandlers.ofString());
        Map<String, CompletableFuture<HttpResponse<InputStream>>> leavers = new HashMap<>();
        for (int i = 0; i < LEAVERS; i++) {
            String name = "leaver" + i + ".";
            HttpRequest request =
                    stream(path, body, field, name + " [[sim token_delay=400ms]] a b c d e f g");
            leavers.put(name, client.sendAsync(request, HttpResponse.BodyHandlers.ofInputStream()));
        }
        Map<String, Long> leftAt = new HashMap<>();
        for (var leaver : leavers.entrySet()) {
            InputStream events = leaver.getValue().get(10, TimeUnit.SECONDS).body();
            assertThat(events.read()).isEqualTo('d');
            leftAt.put(leaver.getKey(), System.currentTimeMillis());
            events.close();
        }

        provider.await("in_flight_at_most=2", SOON);
        provider.open("whole");
        assertThat(whole.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
        assertThat(stream.get(10, TimeUnit.SECONDS).body())
                .contains("g")
                .containsPattern("\"done\":true|\\[DONE]");
        assertThat(relay.connectionCount()).isEqualTo(1);
        List<JsonNode> log = provider.log("leaver");
        assertThat(log)
                .hasSize(LEAVERS)
                .allSatisfy(entry -> {
                    assertThat(entry.path("end").asText()).isEqualTo("aborted");
                    assertThat(
                                    entry.path("ended_at").asDouble()
                                            - leftAt.getOrDefault(
                                                    entry.path("key").asText().split(" ")[0], 0L))
                            .isLessThan(ENDED_WITHIN_MILLIS);
                });
    }

    @Test
    void callersWhoLeaveBeforeTheirAnswerAreApart() throws Exception {
        CompletableFuture<HttpResponse<String>> whole = held("whole");
        for (int i = 0; i < LEAVERS; i++) {
            HttpRequest request =
                    i % 2 == 0
                            ? json("complete", prompt("early [[sim gate=early]]")).build()
                            : stream("complete", prompt(""), "prompt", "early [[sim gate=early]]");
            CompletableFuture<HttpResponse<String>> leaver =
                    client.sendAsync(request, HttpResponse.BodyHandlers.ofString());
            provider.await("in_flight=2", SOON);
            leaver.cancel(true);
            provider.await("in_flight_at_most=1", SOON);
        }

        endsWell(whole);
        assertThat(provider.log("early"))
                .hasSize(LEAVERS)
                .allSatisfy(entry -> assertThat(entry.path("end").asText()).isEqualTo("aborted"));
    }

    @Test
    void downloadsThatAreLeftLeaveTheOthersAlone() throws Exception {
        String file = new OpenAiApi(caller).upload("x".repeat(DOWNLOAD_BYTES));
        String prompts =
                String.join(",", Collections.nCopies(50, '"' + "word ".repeat(2000) + '"'));
        Batch batch = Batch.of(caller, Batch.submit(caller, "{\"prompts\":[" + prompts + "]}"));
        batch.awaitStatus("completed");
        Batch running =
                Batch.of(caller, Batch.submit(caller, "{\"prompts\":[\"[[sim gate=slow]] a\"]}"));
        provider.await("in_flight=1", SOON);
        CompletableFuture<HttpResponse<String>> whole = held("whole");

        for (int i = 0; i < 5; i++) {
            for (String path :
                    List.of(
                            "v1/files/" + file + "/content",
                            "batch/" + batch.id() + "/results",
                            "batch/" + running.id() + "/events")) {
                HttpResponse<InputStream> download =
                        client.send(
                                request(path).build(), HttpResponse.BodyHandlers.ofInputStream());
                assertThat(download.statusCode()).isEqualTo(200);
                assertThat(download.body().read()).isNotNegative();
                download.body().close();
            }
        }

        HttpResponse<byte[]> all =
                client.send(
                        request("v1/files/" + file + "/content").build(),
                        HttpResponse.BodyHandlers.ofByteArray());
        assertThat(all.body()).hasSize(DOWNLOAD_BYTES);
        assertThat(new OpenAiApi(caller).get("/v1/files/" + file + "/content").body())
                .hasSize(DOWNLOAD_BYTES);
        provider.open("slow");
        endsWell(whole);
    }

    @Test
    void aRefusedBodyIsRefusedAlone() throws Exception {
        CompletableFuture<HttpResponse<String>> whole = held("whole");
        byte[] large = new byte[12 << 20];

        for (int i = 0; i < 3; i++) {
            for (String path : List.of("complete", "batch", "nowhere")) {
                HttpResponse<String> refused =
                        client.send(
                                request(path)
                                        .header("content-type", "application/json")
                                        .POST(HttpRequest.BodyPublishers.ofByteArray(large))
                                        .build(),
                                HttpResponse.BodyHandlers.ofString());
                assertThat(refused.statusCode()).as(path).isIn(400, 404, 413);
                assertThat(refused.body()).contains("\"error\"");
            }
        }

        endsWell(whole);
    }

    @Test
    void anUploadThatIsLeftLeavesTheOthersAlone() throws Exception {
        CompletableFuture<HttpResponse<String>> whole = held("whole");
        for (int i = 0; i < LEAVERS; i++) {
            HttpRequest.Builder request =
                    i % 2 == 0
                            ? request("v1/files")
                                    .header("content-type", "multipart/form-data; boundary=b")
                            : request("complete").header("content-type", "application/json");
            try (SubmissionPublisher<ByteBuffer> body = new SubmissionPublisher<>()) {
                CompletableFuture<HttpResponse<String>> upload = begin(request, body);
                body.submit(
                        bytes(
                                "--b\r\ncontent-disposition: form-data; name=\"file\";"
                                        + " filename=\"f\"\r\n\r\n"
                                        + "x".repeat(40_000)));
                while (body.estimateMaximumLag() > 0) {
                    Thread.onSpinWait();
                }
                upload.cancel(true);
            }
        }

        endsWell(whole);
    }

    @Test
    void anUploadThatStandsStillIsRefusedAlone() throws Exception {
        CompletableFuture<HttpResponse<String>> whole = held("whole");
        try (SubmissionPublisher<ByteBuffer> body = new SubmissionPublisher<>()) {
            CompletableFuture<HttpResponse<String>> upload =
                    begin(request("complete").header("content-type", "application/json"), body);
            body.submit(bytes("{\"prompt\":"));

            HttpResponse<String> refused = upload.get(10, TimeUnit.SECONDS);
            assertThat(refused.statusCode()).isEqualTo(400);
            assertThat(refused.body()).contains("\"bad_request\"");
        }

        endsWell(whole);
    }

    /// Returns when the body is asked for.
    private CompletableFuture<HttpResponse<String>> begin(
            HttpRequest.Builder request, SubmissionPublisher<ByteBuffer> body) {
        CompletableFuture<HttpResponse<String>> upload =
                client.sendAsync(
                        request.POST(HttpRequest.BodyPublishers.fromPublisher(body)).build(),
                        HttpResponse.BodyHandlers.ofString());
        while (!body.hasSubscribers()) {
            Thread.onSpinWait();
        }
        return upload;
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    private void endsWell(CompletableFuture<HttpResponse<String>> whole) throws Exception {
        provider.open("whole");
        assertThat(whole.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
        assertThat(relay.connectionCount()).isEqualTo(1);
    }

    /// A call that waits at the provider until its gate is opened.
    private CompletableFuture<HttpResponse<String>> held(String gate) {
        CompletableFuture<HttpResponse<String>> call =
                client.sendAsync(
                        json(
                                        "complete",
                                        prompt("held [[sim gate=" + gate + "]]")
                                                .put("timeout_ms", 60_000))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        provider.await("requests=1", SOON);
        return call;
    }

    private HttpRequest stream(String path, ObjectNode body, String field, String text) {
        ObjectNode asked = body.deepCopy();
        if (field.equals("messages")) {
            asked.put("model", "apart");
            asked.putArray("messages").addObject().put("role", "user").put("content", text);
        } else {
            asked.put(field, text).put("model", "apart");
        }
        return json(path, asked).header("accept", "text/event-stream").build();
    }

    private HttpRequest.Builder json(String path, ObjectNode body) {
        return request(path)
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()));
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(relay.endpoint().resolve(path)).timeout(SOON.multipliedBy(3));
    }
}
