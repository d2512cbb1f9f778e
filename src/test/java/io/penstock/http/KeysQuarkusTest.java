package io.penstock.http;

import static io.penstock.testing.Caller.prompt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.errors.NotFoundException;
import com.openai.errors.UnauthorizedException;
import com.openai.models.batches.BatchCreateParams;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import io.penstock.access.KeyRequest;
import io.penstock.access.Keys;
import io.penstock.store.Grant;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.OpenAiApi;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Where keys are demanded, each opens what is its own, in every way that clients show it, and
/// nothing else opens anything.
@QuarkusTest
@TestProfile(KeysQuarkusTest.Demanded.class)
class KeysQuarkusTest extends PenstockTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    @Inject Keys keys;

    private Caller operator;

    public static class Demanded implements QuarkusTestProfile {

        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of("penstock.http.auth", "key");
        }
    }

    @BeforeEach
    void operate() {
        operator =
                caller.showing(
                        keys.make(new KeyRequest("operator", Grant.ALL, false, true, null)).text());
    }

    private JsonNode make(String name) {
        return post(operator, "/keys", "{\"name\":\"" + name + "\"}", 201);
    }

    private Caller with(JsonNode key) {
        return caller.showing(key.path("key").asText());
    }

    private static JsonNode post(Caller by, String path, String body, int status) {
        Answer answer = answer(by, path, "POST", body);
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        return answer.json();
    }

    private static Answer answer(Caller by, String path, String method, @Nullable String body) {
        HttpRequest.Builder request = by.request(path);
        if (body == null) {
            return by.send(request.method(method, HttpRequest.BodyPublishers.noBody()).build())
                    .join();
        }
        return by.send(
                        request.header("content-type", "application/json")
                                .method(method, HttpRequest.BodyPublishers.ofString(body))
                                .build())
                .join();
    }

    @Test
    void withoutAKeyNothingOpens() {
        for (String path :
                List.of(
                        "/batch",
                        "/batch/x",
                        "/v1/models",
                        "/v1/files",
                        "/v1/batches",
                        "/pipeline",
                        "/keys",
                        "/q/metrics",
                        "/nowhere")) {
            Answer answer = answer(caller, path, "GET", null);
            assertThat(answer.status()).as(path).isEqualTo(401);
            assertThat(answer.code()).isEqualTo("missing_api_key");
            assertThat(answer.header("www-authenticate")).isEqualTo("Bearer");
            assertThat(answer.header("x-request-id")).isNotEmpty();
            assertThat(answer.header("x-should-retry")).isEqualTo("false");
        }
        assertThat(caller.complete("Say OK.").status()).isEqualTo(401);
        assertThat(answer(caller, "/q/health/ready", "GET", null).status()).isEqualTo(200);
        assertThat(answer(caller, "/q/openapi", "GET", null).status()).isEqualTo(200);
        assertThat(provider.wholeLog()).isEmpty();
    }

    @Test
    void aKeyOpensInEveryWayThatClientsShowIt() {
        String key = make("team").path("key").asText();

        assertThat(key).matches("pk-[a-z0-9]{12}-[A-Za-z0-9]{40}");
        for (String header :
                List.of("authorization: Bearer ", "authorization: bearer ", "x-api-key: ")) {
            String[] parts = header.split(": ");
            String value = (parts.length > 1 ? parts[1] : "") + key;
            Answer answer =
                    caller.send(
                                    caller.json(prompt("Say OK.").toString())
                                            .header(parts[0], value)
                                            .build())
                            .join();
            assertThat(answer.status()).as(header).isEqualTo(200);
        }
        assertThat(socketText(key, true)).contains("\"done\":true");
        assertThat(socketText(key, false)).contains("\"done\":true");
    }

    /// One prompt on a socket, opened with the key as a header or as a subprotocol.
    private String socketText(String key, boolean asHeader) {
        CompletableFuture<String> done = new CompletableFuture<>();
        WebSocket.Listener listener =
                new WebSocket.Listener() {
                    private final StringBuilder text = new StringBuilder();

                    @Override
                    public @Nullable CompletionStage<?> onText(
                            WebSocket socket, CharSequence data, boolean last) {
                        text.append(data);
                        if (text.indexOf("\"done\":true") >= 0) {
                            done.complete(text.toString());
                        }
                        socket.request(1);
                        return null;
                    }
                };
        WebSocket.Builder builder = caller.client().newWebSocketBuilder();
        if (asHeader) {
            builder.header("authorization", "Bearer " + key);
        } else {
            builder.subprotocols("penstock", key);
        }
        WebSocket socket =
                builder.buildAsync(
                                URI.create("ws://localhost:" + base.getPort() + "/stream"),
                                listener)
                        .join();
        assertThat(socket.getSubprotocol()).isEqualTo(asHeader ? "" : "penstock");
        socket.sendText(prompt("Say OK.").toString(), true).join();
        String text =
                done.orTimeout(SOON.toSeconds(), java.util.concurrent.TimeUnit.SECONDS).join();
        socket.abort();
        return text;
    }

    @Test
    void aSocketWithoutAKeyIsNotOpened() {
        assertThatThrownBy(() ->
                        caller.client()
                                .newWebSocketBuilder()
                                .buildAsync(
                                        URI.create("ws://localhost:" + base.getPort() + "/stream"),
                                        new WebSocket.Listener() {})
                                .join())
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        WebSocketHandshakeException.class,
                        refused -> assertThat(refused.getResponse().statusCode()).isEqualTo(401));
    }

    @Test
    void wrongAndEndedKeysOpenNothingAndSdksSayWhy() {
        JsonNode made = make("team");
        String key = made.path("key").asText();
        String wrong = key.substring(0, key.length() - 1) + (key.endsWith("a") ? "b" : "a");

        for (String none :
                List.of(
                        wrong,
                        "pk-",
                        "pk-x",
                        "pk-aaaaaaaaaaaa-" + "A".repeat(40),
                        "pk-" + "a".repeat(5_000))) {
            Answer answer = caller.showing(none).complete("Say OK.");
            assertThat(answer.status()).as(none).isEqualTo(401);
            assertThat(answer.code()).isEqualTo("invalid_api_key");
            assertThat(answer.body()).doesNotContain(none.length() > 10 ? none : "pk-x-");
        }
        try (Sdk sdk = new Sdk(wrong)) {
            assertThatThrownBy(sdk::chat)
                    .isInstanceOf(UnauthorizedException.class)
                    .hasMessageContaining("unknown");
        }
        try (Sdk sdk = new Sdk("sk-of-another-service")) {
            assertThatThrownBy(sdk::chat)
                    .isInstanceOf(UnauthorizedException.class)
                    .hasMessageContaining("Bearer pk-");
        }
        try (Sdk sdk = new Sdk(key)) {
            sdk.chat();
            assertThat(
                            answer(operator, "/keys/" + made.path("id").asText(), "DELETE", null)
                                    .json()
                                    .path("status")
                                    .asText())
                    .isEqualTo("ended");
            assertThatThrownBy(() -> untilRefused(sdk))
                    .isInstanceOf(UnauthorizedException.class)
                    .hasMessageContaining("ended");
        }
    }

    private static void untilRefused(Sdk sdk) {
        long end = System.nanoTime() + SOON.toNanos();
        while (System.nanoTime() < end) {
            sdk.chat();
        }
    }

    @Test
    void bothSecretsOpenForAWhileAfterARotation() {
        JsonNode made = make("team");
        String id = made.path("id").asText();
        JsonNode rotated =
                post(operator, "/keys/" + id + "/rotate", "{\"overlap_seconds\":3600}", 200);

        assertThat(rotated.path("secrets").asInt()).isEqualTo(2);
        assertThat(rotated.path("key").asText()).isNotEqualTo(made.path("key").asText());
        assertThat(with(made).complete("Say OK.").status()).isEqualTo(200);
        assertThat(with(rotated).complete("Say OK.").status()).isEqualTo(200);

        JsonNode last = post(operator, "/keys/" + id + "/rotate", "{\"overlap_seconds\":0}", 200);

        assertThat(with(last).complete("Say OK.").status()).isEqualTo(200);
        assertThat(with(rotated).complete("Say OK.").status()).isEqualTo(401);
        assertThat(last.path("secrets").asInt()).isEqualTo(1);
        assertThat(answer(operator, "/keys", "GET", null).body())
                .contains(id)
                .doesNotContain("hash", "salt", "\"key\"");
    }

    @Test
    void onlyAnOperatorHasKeys() {
        Caller team = with(make("team"));

        for (Answer refused :
                List.of(
                        answer(team, "/keys", "GET", null),
                        answer(team, "/keys", "POST", "{\"name\":\"mine\",\"admin\":true}"),
                        answer(team, "/keys/x", "DELETE", null))) {
            assertThat(refused.status()).isEqualTo(403);
            assertThat(refused.code()).isEqualTo("not_allowed");
        }
        Answer bad =
                answer(operator, "/keys", "POST", "{\"name\":\"a\",\"requests_per_minute\":0}");
        assertThat(bad.status()).isEqualTo(400);
        assertThat(bad.json().at("/error/param").asText()).isEqualTo("requests_per_minute");
        assertThat(answer(operator, "/keys/x", "GET", null).status()).isEqualTo(404);
    }

    @Test
    void batchesAndFilesBelongToTheirKeys() {
        Caller one = with(make("one"));
        Caller other = with(make("other"));
        String overseer =
                post(operator, "/keys", "{\"name\":\"overseer\",\"sees_others\":true}", 201)
                        .path("key")
                        .asText();
        String batch =
                post(one, "/batch", "{\"prompts\":[\"a\",\"b\"]}", 202).path("job_id").asText();
        OpenAiApi ones = new OpenAiApi(one);
        String file = ones.upload(OpenAiApi.line("a", "b"));
        String openAi = ones.json("/v1/batches", OpenAiApi.batch(file)).json().path("id").asText();
        JsonNode ended = ones.awaitStatus(openAi, "completed");
        String output = ended.path("output_file_id").asText();

        List<String> paths =
                List.of(
                        "/batch/" + batch,
                        "/batch/" + batch + "/results",
                        "/batch/" + batch + "/events",
                        "/v1/files/" + file,
                        "/v1/files/" + file + "/content",
                        "/v1/files/" + output,
                        "/v1/files/" + output + "/content",
                        "/v1/batches/" + openAi);
        for (String path : paths) {
            assertThat(answer(other, path, "GET", null).status()).as(path).isEqualTo(404);
            assertThat(answer(one, path, "GET", null).status()).as(path).isEqualTo(200);
            assertThat(answer(caller.showing(overseer), path, "GET", null).status())
                    .as(path)
                    .isEqualTo(200);
        }
        for (String path :
                List.of(
                        "/batch/" + batch + "/cancel",
                        "/batch/" + batch + "/pause",
                        "/batch/" + batch + "/resume",
                        "/batch/" + batch + "/retry",
                        "/v1/batches/" + openAi + "/cancel")) {
            assertThat(answer(other, path, "POST", null).status()).as(path).isEqualTo(404);
        }
        assertThat(answer(other, "/batch/" + batch, "DELETE", null).status()).isEqualTo(404);
        assertThat(answer(other, "/v1/files/" + file, "DELETE", null).status()).isEqualTo(404);
        assertThat(new OpenAiApi(other).json("/v1/batches", OpenAiApi.batch(file)).status())
                .isEqualTo(404);
        assertThat(answer(other, "/batch?after=" + batch, "GET", null).status()).isEqualTo(400);
        for (String list : List.of("/batch", "/v1/batches", "/v1/files")) {
            assertThat(answer(other, list, "GET", null).body())
                    .doesNotContain(batch, file, openAi, output);
        }
        assertThat(answer(one, "/batch", "GET", null).body()).contains(batch);
        assertThat(answer(one, "/v1/files", "GET", null).body()).contains(file, output);
        try (Sdk sdk =
                new Sdk(post(operator, "/keys", "{\"name\":\"sdk\"}", 201).path("key").asText())) {
            assertThatThrownBy(() -> sdk.client.batches().retrieve(openAi))
                    .isInstanceOf(NotFoundException.class);
            assertThatThrownBy(() ->
                            sdk.client
                                    .batches()
                                    .create(
                                            BatchCreateParams.builder()
                                                    .inputFileId(file)
                                                    .endpoint(
                                                            BatchCreateParams.Endpoint
                                                                    .V1_CHAT_COMPLETIONS)
                                                    .completionWindow(
                                                            BatchCreateParams.CompletionWindow._24H)
                                                    .build()))
                    .isInstanceOf(NotFoundException.class);
        }
    }

    @Test
    void theSameIdempotencyKeyOfTwoKeysIsTwoBatches() {
        Caller one = with(make("one"));
        Caller other = with(make("other"));

        assertThat(submitted(one)).isEqualTo(submitted(one)).isNotEqualTo(submitted(other));
    }

    private static String submitted(Caller by) {
        return by.send(
                        by.request("/batch")
                                .header("content-type", "application/json")
                                .header("idempotency-key", "nightly")
                                .POST(HttpRequest.BodyPublishers.ofString("{\"prompts\":[\"a\"]}"))
                                .build())
                .join()
                .json()
                .path("job_id")
                .asText();
    }

    /// OpenAI's own client.
    private final class Sdk implements AutoCloseable {

        private final OpenAIClient client;

        Sdk(String key) {
            client =
                    OpenAIOkHttpClient.builder()
                            .baseUrl(base.resolve("/v1").toString())
                            .apiKey(key)
                            .build();
        }

        void chat() {
            client.chat()
                    .completions()
                    .create(
                            ChatCompletionCreateParams.builder()
                                    .model("gpt-4o-mini")
                                    .addUserMessage("Say OK.")
                                    .build());
        }

        @Override
        public void close() {
            client.close();
        }
    }
}
