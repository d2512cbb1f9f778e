package io.penstock.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.Emulators;
import io.penstock.testing.Function;
import io.penstock.testing.NodeSdk;
import io.penstock.testing.OpenAiApi;
import io.penstock.testing.Provider;
import io.penstock.testing.RecordingServer;
import io.penstock.testing.lambda.HttpFront;
import io.penstock.testing.lambda.Outcome;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The OpenAI API through the function that answers an HTTP API's events.
class OpenAiIT {

    /// A number that no `double` holds, one that ends in a zero, and one that is out of range.
    private static final String NUMBERS =
            "[0.1234567890123456789012345,1.10,1e400,-12345678901234567890123]";

    @Test
    void theSdkForNodeTakesItUnchanged(@TempDir Path directory) {
        try (SimulatedProvider simulated =
                        SimulatedProvider.start(SimulatedProvider.Options.defaults());
                Function function =
                        new Function(
                                Map.of(
                                        "OPENAI_BASE_URL", simulated.baseUrl(),
                                        "OPENAI_API_KEY", "sk-function",
                                        "PENSTOCK_BATCH_WORKERS", "2",
                                        "PENSTOCK_LLM_MAX_ATTEMPTS", "3",
                                        "PENSTOCK_LLM_BACKOFF", "20ms",
                                        "PENSTOCK_STORE_DIRECTORY", directory.toString()));
                HttpFront api = front(function)) {
            assertThat(
                            NodeSdk.run(
                                    api.url() + "/v1",
                                    Provider.at(simulated.baseUrl()).admin(),
                                    false))
                    .hasSizeGreaterThan(15)
                    .allSatisfy(line -> assertThat(line).startsWith("ok "));
            assertThat(function.log()).doesNotContain("sk-the-callers-own");
        }
    }

    @Test
    void nothingIsLostOnTheWayToTheProviderAndBack(@TempDir Path directory) throws Exception {
        String answer =
                """
                {"id":"c", "object":"chat.completion","created":1,"model":"m","new":{"numbers":%s},
                 "choices":[{"index":0,"message":{"role":"assistant","content":null,"reasoning":"why"},
                 "finish_reason":"odd"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}\
                """
                        .formatted(NUMBERS);
        String rest =
                """
                "messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AA"}}]}],\
                "tools":[{"type":"function","function":{"name":"f","x":null}}],"n":1,"new":%s\
                """
                        .formatted(NUMBERS);
        try (RecordingServer server = new RecordingServer(answer);
                Function function =
                        new Function(
                                Map.of(
                                        "OPENAI_BASE_URL", server.baseUrl(),
                                        "PENSTOCK_BATCH_WORKERS", "1",
                                        "PENSTOCK_STORE_DIRECTORY", directory.toString()));
                HttpFront events = front(function)) {
            OpenAiApi api = new OpenAiApi(new Caller(events.url()));

            Answer whole =
                    api.post(
                            "/v1/chat/completions",
                            "application/json",
                            "{\"model\":\"any/model:1\"," + rest + "}");

            assertThat(whole.body()).isEqualTo(answer);
            RecordingServer.Received received = server.take();
            assertThat(received.text())
                    .isEqualTo(
                            "{\"model\":\"any/model:1\"," + rest.replace("1e400", "1E+400") + "}");
            assertThat(received.headers()).doesNotContainKey("Authorization");

            String line =
                    "{\"custom_id\":\"a\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{\"model\":\"m\","
                            + rest
                            + "}}\n";
            String id =
                    api.json("/v1/batches", OpenAiApi.batch(api.upload(line)))
                            .json()
                            .path("id")
                            .asText();
            JsonNode done = api.awaitStatus(id, "completed");
            String output =
                    api.get("/v1/files/" + done.path("output_file_id").asText() + "/content")
                            .body();
            assertThat(output)
                    .contains("\"body\":" + answer.replace('\n', ' ') + "},\"error\":null}");
            assertThat(server.take().text()).contains(rest.replace("1e400", "1E+400"));

            // This provider has no list of models; it is asked once, and then not for a minute.
            for (int i = 0; i < 2; i++) {
                JsonNode models = api.get("/v1/models").json().path("data");
                assertThat(models.findValuesAsText("id")).containsExactly("gpt-4o-mini");
            }
            assertThat(server.take().path()).isEqualTo("/some/v1/models");
            api.post("/v1/chat/completions", "application/json", "{" + rest + "}");
            assertThat(server.take().path()).isEqualTo("/some/v1/chat/completions");
        }
    }

    @Test
    void aLargeFileGoesPastTheFunctionAndComesBackByALink() throws Exception {
        try (SimulatedProvider simulated =
                        SimulatedProvider.start(SimulatedProvider.Options.defaults());
                Emulators emulators = Emulators.start()) {
            Emulators.Queues queues = emulators.queues("openai", Duration.ofSeconds(30), 10);
            Map<String, String> environment =
                    new HashMap<>(
                            emulators.environment(
                                    emulators.table("openai"), emulators.bucket("openai"), queues));
            environment.put("OPENAI_BASE_URL", simulated.baseUrl());
            environment.put("OPENAI_API_KEY", "sk-function");
            environment.put("PENSTOCK_BATCH_WORKERS", "2");
            try (Function function = new Function(environment);
                    HttpFront events = front(function)) {
                Caller caller = new Caller(events.url());
                OpenAiApi api = new OpenAiApi(caller);
                String lines = OpenAiApi.line("a", "x".repeat(5_000_000));

                Answer refused =
                        api.form(OpenAiApi.field("purpose", "batch"), OpenAiApi.file("a", lines));
                assertThat(refused.status()).isEqualTo(413);
                assertThat(refused.json().path("error").path("message").asText())
                        .contains("x_upload.url", "PUT");

                ObjectNode asked =
                        Caller.JSON
                                .createObjectNode()
                                .put("filename", "large.jsonl")
                                .put("purpose", "batch")
                                .put("bytes", lines.length());
                JsonNode reserved = api.json("/v1/files", asked).json();
                String id = reserved.path("id").asText();
                assertThat(reserved.path("status").asText()).isEqualTo("uploaded");
                assertThat(api.json("/v1/batches", OpenAiApi.batch(id)).code())
                        .isEqualTo("not_uploaded");
                assertThat(put(caller, reserved, lines)).isEqualTo(200);
                assertThat(api.get("/v1/files/" + id).json().path("bytes").asInt())
                        .isEqualTo(lines.length());

                String batch =
                        api.json("/v1/batches", OpenAiApi.batch(id)).json().path("id").asText();
                JsonNode done = api.awaitStatus(batch, "completed");
                assertThat(api.lines(done.path("output_file_id").asText())).hasSize(1);
                Answer link = api.get("/v1/files/" + id + "/content");
                assertThat(link.status()).isEqualTo(303);
                assertThat(
                                Caller.join(
                                                caller.send(
                                                        HttpRequest.newBuilder(
                                                                        URI.create(
                                                                                link.header(
                                                                                        "location")))
                                                                .build()))
                                        .body())
                        .isEqualTo(lines);
                assertThat(api.delete("/v1/files/" + id).json().path("deleted").asBoolean())
                        .isTrue();
                assertThat(api.get("/v1/files?purpose=batch").json().path("data")).isEmpty();
            }
        }
    }

    @Test
    void aProviderThatFailsIsNotAskedForItsModelsByEverybody(@TempDir Path directory)
            throws Exception {
        AtomicInteger asked = new AtomicInteger();
        HttpServer failing =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        failing.createContext(
                "/",
                exchange -> {
                    asked.incrementAndGet();
                    exchange.sendResponseHeaders(500, -1);
                    exchange.close();
                });
        failing.start();
        try (Function function =
                        new Function(
                                Map.of(
                                        "OPENAI_BASE_URL",
                                        "http://127.0.0.1:"
                                                + failing.getAddress().getPort()
                                                + "/v1",
                                        "PENSTOCK_STORE_DIRECTORY",
                                        directory.toString()));
                HttpFront events = front(function)) {
            OpenAiApi api = new OpenAiApi(new Caller(events.url()));

            for (int i = 0; i < 3; i++) {
                assertThat(api.get("/v1/models").status()).isEqualTo(502);
            }

            assertThat(asked).hasValue(1);
        } finally {
            failing.stop(0);
        }
    }

    private static HttpFront front(Function function) {
        return new HttpFront(event -> new Outcome.Answered(function.answer(event)));
    }

    private static int put(Caller caller, JsonNode reserved, String content) {
        return Caller.join(
                        caller.send(
                                HttpRequest.newBuilder(
                                                URI.create(
                                                        reserved.path("x_upload")
                                                                .path("url")
                                                                .asText()))
                                        .PUT(HttpRequest.BodyPublishers.ofString(content))
                                        .build()))
                .status();
    }
}
