package io.penstock.http;

import static io.penstock.testing.Caller.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.assertj.core.api.SoftAssertions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// What is wrong with a request is said in the one error shape, by name, and costs no call.
@QuarkusTest
class BadInputQuarkusTest extends PenstockTest {

    /// Bytes in the middle of a text that are no UTF-8 (RFC 3629): one that begins nothing, a part
    /// of a character, overlong forms of a slash, surrogates, and what is beyond Unicode.
    private static final List<String> NO_TEXT =
            List.of(
                    "ff",
                    "80",
                    "c3",
                    "e4b8",
                    "f09f9a",
                    "c0af",
                    "e080af",
                    "f08080af",
                    "eda080",
                    "eda0bdedba80",
                    "f4908080");

    /// @param param null for any
    private record Bad(String body, int status, String code, @Nullable String param) {}

    /// A number that no reader can hold.
    private static final String HUGE = "1e99999999999";

    private static final List<Bad> BODIES =
            List.of(
                    new Bad("", 400, "invalid_json", ""),
                    new Bad("{", 400, "invalid_json", ""),
                    new Bad("{\"prompt\":\"a\"} x", 400, "invalid_json", ""),
                    new Bad("[]", 400, "invalid_json", ""),
                    new Bad("null", 400, "invalid_json", ""),
                    new Bad("\"text\"", 400, "invalid_json", ""),
                    new Bad(
                            "{\"prompt\":\"a\",\"prompt\":\"b\"}",
                            400,
                            "duplicate_field",
                            "prompt"),
                    new Bad("{\"prompt\":\"a\"}{\"prompt\":\"b\"}", 400, "invalid_json", ""),
                    new Bad(
                            "{\"prompt\":\"a\",\"temperature\":1e99999999999}",
                            400,
                            "out_of_range",
                            "temperature"),
                    new Bad(
                            "{\"prompt\":\"a\",\"max_tokens\":1E+999999999}",
                            400,
                            "out_of_range",
                            "max_tokens"),
                    new Bad(
                            "{\"prompt\":\"a\",\"response_format\":{\"x\":[0,"
                                    + "7".repeat(100_000)
                                    + "]}}",
                            400,
                            "out_of_range",
                            "response_format.x[1]"),
                    new Bad("{\"a\":".repeat(5000), 400, "out_of_range", null),
                    new Bad("[".repeat(5000), 400, "out_of_range", null),
                    new Bad("{}", 400, "missing_field", "prompt"),
                    new Bad("{\"prompt\":null}", 400, "missing_field", "prompt"),
                    new Bad("{\"prompt\":\"\"}", 400, "blank_field", "prompt"),
                    new Bad("{\"prompt\":\" \\n\"}", 400, "blank_field", "prompt"),
                    new Bad("{\"prompt\":5}", 400, "wrong_type", "prompt"),
                    new Bad("{\"prompt\":[\"a\"]}", 400, "wrong_type", "prompt"),
                    new Bad("{\"prompt\":{\"a\":1}}", 400, "wrong_type", "prompt"),
                    new Bad("{\"prompt\":\"a \\ud800\"}", 400, "invalid_json", "prompt"),
                    new Bad("{\"prompt\":\"\\ude80 a\"}", 400, "invalid_json", "prompt"),
                    new Bad("{\"prompt\":\"\\ude80\\ud83d\"}", 400, "invalid_json", "prompt"),
                    new Bad(
                            "{\"prompt\":\"\\ud83d\\ud83d\\ude80\"}",
                            400,
                            "invalid_json",
                            "prompt"),
                    new Bad(
                            "{\"prompt\":\"a\",\"system\":\"\\ud83d b\"}",
                            400,
                            "invalid_json",
                            "system"),
                    new Bad(
                            "{\"prompt\":\"a\",\"response_format\":{\"schema\":{\"enum\":[1,\"\\udfff\"]}}}",
                            400,
                            "invalid_json",
                            "response_format.schema.enum[1]"),
                    new Bad(
                            "{\"prompt\":\"a\",\"response_format\":{\"schema\":{\"\\ud800\":1}}}",
                            400,
                            "invalid_json",
                            ""),
                    new Bad("{\"prompt\":\"a\",\"\\ud800\":1}", 400, "invalid_json", ""),
                    new Bad("{\"promt\":\"a\"}", 400, "unknown_field", "promt"),
                    new Bad("{\"prompt\":\"a\",\"promt\":1}", 400, "unknown_field", "promt"),
                    new Bad("{\"prompt\":\"a\",\"stream\":true}", 400, "unknown_field", "stream"),
                    new Bad("{\"prompt\":\"a\",\"model\":7}", 400, "wrong_type", "model"),
                    new Bad("{\"prompt\":\"a\",\"model\":\"\"}", 400, "out_of_range", "model"),
                    new Bad("{\"prompt\":\"a\",\"system\":false}", 400, "wrong_type", "system"),
                    new Bad(
                            "{\"prompt\":\"a\",\"temperature\":\"1\"}",
                            400,
                            "wrong_type",
                            "temperature"),
                    new Bad(
                            "{\"prompt\":\"a\",\"temperature\":2.1}",
                            400,
                            "out_of_range",
                            "temperature"),
                    new Bad(
                            "{\"prompt\":\"a\",\"temperature\":-1e999}",
                            400,
                            "out_of_range",
                            "temperature"),
                    new Bad("{\"prompt\":\"a\",\"temperature\":NaN}", 400, "invalid_json", ""),
                    new Bad(
                            "{\"prompt\":\"a\",\"max_tokens\":0}",
                            400,
                            "out_of_range",
                            "max_tokens"),
                    new Bad(
                            "{\"prompt\":\"a\",\"max_tokens\":1.5}",
                            400,
                            "wrong_type",
                            "max_tokens"),
                    new Bad(
                            "{\"prompt\":\"a\",\"max_tokens\":99999999999999999999}",
                            400,
                            "out_of_range",
                            "max_tokens"),
                    new Bad(
                            "{\"prompt\":\"a\",\"response_format\":\"json\"}",
                            400,
                            "wrong_type",
                            "response_format"),
                    new Bad(
                            "{\"prompt\":\"a\",\"timeout_ms\":0}",
                            400,
                            "out_of_range",
                            "timeout_ms"),
                    new Bad(
                            "{\"prompt\":\"a\",\"timeout_ms\":86400000}",
                            400,
                            "out_of_range",
                            "timeout_ms"));

    @Test
    void aBadBodyIsRefusedByName() {
        SoftAssertions softly = new SoftAssertions();
        for (Bad bad : BODIES) {
            for (String accept : List.of("application/json", "text/event-stream")) {
                Answer answer = send(caller.json(bad.body).header("accept", accept));
                String what = bad.body.substring(0, Math.min(60, bad.body.length()));
                softly.assertThat(answer.status()).as(what).isEqualTo(bad.status);
                softly.assertThat(answer.code()).as(what).isEqualTo(bad.code);
                if (bad.param != null) {
                    softly.assertThat(answer.json().path("error").path("param").asText(""))
                            .as(what)
                            .isIn(bad.param, "null");
                }
                checkShape(softly, what, answer);
            }
        }
        softly.assertAll();
        assertThat(provider.stats().path("requests").asInt()).isZero();
    }

    @Test
    void malformedJsonIsRefusedWithItsPosition() {
        Answer answer = send(caller.json("{\"prompt\":\n  tru}"));

        assertThat(answer.json().path("error").path("message").asText()).contains("line 2, column");
    }

    @Test
    void binaryIsNoJson() {
        byte[] noise = new byte[8192];
        long seed = System.nanoTime();
        System.out.println("Seed " + seed);
        new Random(seed).nextBytes(noise);

        Answer answer =
                send(
                        caller.request("/complete")
                                .header("content-type", "application/json")
                                .POST(HttpRequest.BodyPublishers.ofByteArray(noise)));

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.code()).isEqualTo("invalid_json");
    }

    @Test
    void whatIsNotUtf8IsRefusedWithItsPosition() {
        for (String noText : NO_TEXT) {
            byte[] body = bytes("{\"prompt\":\n\"ab", noText, "c\"}");
            for (String accept : List.of("application/json", "text/event-stream")) {
                Answer answer = send(post(body).header("accept", accept));

                assertThat(answer.status()).as(noText).isEqualTo(400);
                assertThat(answer.code()).as(noText).isEqualTo("invalid_json");
                assertThat(answer.json().path("error").path("message").asText())
                        .as(noText)
                        .contains("UTF-8", "line 2, byte 4");
            }
        }
        byte[] utf16 = "{\"prompt\":\"a\"}".getBytes(StandardCharsets.UTF_16LE);
        assertThat(send(post(utf16)).code()).isEqualTo("invalid_json");
        assertThat(provider.stats().path("requests").asInt()).isZero();
    }

    @Test
    void wholeCharactersOfEveryLengthReachTheProviderAsTheyAre() {
        String text = "a \u00e4 \u4e2d \ufffd \uffff \ud83d\ude80 \udbff\udfff";

        caller.complete(text + " raw");
        send(
                post(
                        "{\"prompt\":\"a \\u00e4 \\u4e2d \\ufffd \\uffff \\ud83d\\ude80 \\udbff\\udfff escaped\"}"
                                .getBytes(StandardCharsets.UTF_8)));

        assertThat(provider.log("a").stream().map(call -> call.path("key").asText()))
                .containsExactly(text + " raw", text + " escaped");
    }

    private HttpRequest.Builder post(byte[] body) {
        return caller.request("/complete")
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    }

    private static byte[] bytes(String before, String hex, String after) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(before.getBytes(StandardCharsets.UTF_8));
        all.writeBytes(HexFormat.of().parseHex(hex));
        all.writeBytes(after.getBytes(StandardCharsets.UTF_8));
        return all.toByteArray();
    }

    @Test
    void bodiesOfEverySizeUpToTheLimitAreReadAndBeyondItRefused() {
        for (int size : List.of(8 << 10, 64 << 10, 1 << 20, 3 << 20)) {
            Answer answer = caller.complete("x".repeat(size));
            assertThat(answer.status()).as("%d bytes", size).isEqualTo(200);
        }
        Answer longPrompt = caller.complete("x".repeat(5 << 20));
        Answer longBody = caller.complete("x".repeat((10 << 20) + 1));
        Answer chunkedLongBody =
                send(
                        caller.request("/complete")
                                .header("content-type", "application/json")
                                .expectContinue(true)
                                .POST(
                                        HttpRequest.BodyPublishers.fromPublisher(
                                                HttpRequest.BodyPublishers.ofByteArray(
                                                        prompt("x".repeat((10 << 20) + 1))
                                                                .toString()
                                                                .getBytes()))));

        assertThat(longPrompt.status()).isEqualTo(400);
        assertThat(longPrompt.code()).isEqualTo("prompt_too_long");
        assertThat(longBody.status()).isEqualTo(413);
        assertThat(longBody.code()).isEqualTo("body_too_large");
        assertThat(chunkedLongBody.status()).isEqualTo(413);
        assertThat(provider.stats().path("requests").asInt()).isEqualTo(4);
    }

    @Test
    void wrongPathMethodAndMediaTypesHaveTheirStatus() {
        SoftAssertions softly = new SoftAssertions();
        check(softly, caller.request("/nothing").GET(), 404, "not_found");
        check(softly, caller.request("/complete/more").GET(), 404, "not_found");
        check(softly, caller.request("/complete").GET(), 405, "method_not_allowed");
        check(softly, caller.request("/complete").DELETE(), 405, "method_not_allowed");
        check(
                softly,
                caller.request("/complete")
                        .header("content-type", "text/plain")
                        .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\":\"a\"}")),
                415,
                "unsupported_media_type");
        for (String odd : List.of("json", ";;;", "text", "a b/c")) {
            check(
                    softly,
                    caller.request("/complete")
                            .header("content-type", odd)
                            .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\":\"a\"}")),
                    415,
                    "unsupported_media_type");
        }
        check(
                softly,
                caller.json("{\"prompt\":\"a\"}").header("accept", "text/html"),
                406,
                "not_acceptable");
        softly.assertAll();
        assertThat(provider.stats().path("requests").asInt()).isZero();
    }

    @Test
    void aNumberBeyondWhatCanBeHeldIsRefusedAtEveryDoor() {
        SoftAssertions softly = new SoftAssertions();
        Map.of(
                        "/complete", "{\"prompt\":\"a\",\"x\":" + HUGE + "}",
                        "/v1/chat/completions", "{\"messages\":[{}],\"x\":" + HUGE + "}",
                        "/batch", "{\"prompts\":[\"a\"],\"x\":" + HUGE + "}",
                        "/v1/batches", "{\"input_file_id\":\"a\",\"x\":" + HUGE + "}",
                        "/v1/files", "{\"filename\":\"a\",\"x\":" + HUGE + "}",
                        "/pipeline/digest", "{\"input\":\"a\",\"x\":" + HUGE + "}")
                .forEach((path, body) -> {
                    Answer answer = send(json(path, body));
                    softly.assertThat(answer.status()).as(path).isEqualTo(400);
                    softly.assertThat(answer.code()).as(path).isEqualTo("out_of_range");
                    softly.assertThat(answer.body()).as(path).contains("\"param\":\"x\"");
                    checkShape(softly, path, answer);
                });
        softly.assertAll();
        assertThat(provider.stats().path("requests").asInt()).isZero();
    }

    @Test
    void aByteOrderMarkIsPassedOverAndWhatComesAfterTheBodyIsRefusedAtEveryDoor() {
        SoftAssertions softly = new SoftAssertions();
        Map.of(
                        "/complete", "{\"prompt\":\"a\"}",
                        "/v1/chat/completions",
                                "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}",
                        "/batch", "{\"prompts\":[\"a\"]}",
                        "/pipeline/classify", "{\"input\":\"a\"}")
                .forEach((path, body) -> {
                    Answer marked = send(json(path, "\ufeff" + body));
                    softly.assertThat(marked.code()).as(path).isNotEqualTo("invalid_json");
                    for (String after : List.of("x", body, "\ufeff", "]")) {
                        Answer answer = send(json(path, body + "\n " + after));
                        softly.assertThat(answer.status()).as(path).isEqualTo(400);
                        softly.assertThat(answer.body())
                                .as(path)
                                .contains("after its JSON", "line 2, column");
                    }
                });
        softly.assertAll();
    }

    @Test
    void anEncodingThatIsNotUnderstoodIsNamedAtEveryDoorAndTheConnectionGoesOn()
            throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            byte[] noise = new byte[300_000];
            new Random(1).nextBytes(noise);
            gzip.write(noise);
        }
        SoftAssertions softly = new SoftAssertions();
        for (String path :
                List.of(
                        "/complete",
                        "/v1/chat/completions",
                        "/batch",
                        "/v1/batches",
                        "/v1/files",
                        "/pipeline/digest")) {
            for (String encoding : List.of("gzip", "zstd", "br", "deflate", "gzip, identity")) {
                Answer answer =
                        send(
                                caller.request(path)
                                        .header("content-type", "application/json")
                                        .header("content-encoding", encoding)
                                        .POST(
                                                HttpRequest.BodyPublishers.ofByteArray(
                                                        packed.toByteArray())));
                softly.assertThat(answer.status()).as(path).isEqualTo(415);
                softly.assertThat(answer.code()).as(path).isEqualTo("unsupported_encoding");
                softly.assertThat(answer.body()).as(path).contains(encoding);
                softly.assertThat(answer.header("accept-encoding")).isEqualTo("identity");
                checkShape(softly, path, answer);
            }
        }
        softly.assertAll();
        assertThat(send(caller.json("{\"prompt\":\"a\"}").header("content-encoding", "identity")))
                .returns(200, Answer::status);
    }

    @Test
    void theMethodsThatAPathTakesAreTold() {
        SoftAssertions softly = new SoftAssertions();
        Map.of(
                        "/complete", "POST, OPTIONS",
                        "/v1/chat/completions/", "POST, OPTIONS",
                        "/v1/models", "GET, HEAD, OPTIONS",
                        "/v1/models/a/b", "GET, HEAD, OPTIONS",
                        "/v1//files", "GET, HEAD, POST, OPTIONS",
                        "/v1/files/f/content", "GET, HEAD, OPTIONS",
                        "/batch/b", "GET, HEAD, DELETE, OPTIONS",
                        "/batch/b/cancel", "POST, OPTIONS",
                        "/pipeline", "GET, HEAD, OPTIONS",
                        "/pipeline/p", "POST, OPTIONS")
                .forEach((path, methods) -> {
                    Answer refused = send(request(path, "PATCH"));
                    softly.assertThat(refused.status()).as(path).isEqualTo(405);
                    softly.assertThat(refused.header("allow")).as(path).isEqualTo(methods);
                    checkShape(softly, path, refused);
                    Answer asked = send(request(path, "OPTIONS"));
                    softly.assertThat(asked.status()).as(path).isEqualTo(200);
                    softly.assertThat(asked.header("allow")).as(path).isEqualTo(methods);
                    Answer head = send(request(path, "HEAD"));
                    softly.assertThat(head.status() == 405)
                            .as(path)
                            .isEqualTo(!methods.contains("HEAD"));
                });
        softly.assertAll();
    }

    @Test
    void aPathThatSdksComeToByMistakeIsNamedWithTheRemedy() {
        SoftAssertions softly = new SoftAssertions();
        Map.ofEntries(
                        Map.entry("/v1/responses", "setOpenAIAPI('chat_completions')"),
                        Map.entry("/v1/responses/resp_1", "openai.chat("),
                        Map.entry("/v1//responses", "client.chat.completions"),
                        Map.entry("/v1/embeddings", "provider's own base URL"),
                        Map.entry("/v1/audio/transcriptions", "provider's own base URL"),
                        Map.entry("/v1/images/generations", "provider's own base URL"),
                        Map.entry("/v1/moderations", "provider's own base URL"),
                        Map.entry("/v1/completions", "/v1/chat/completions"),
                        Map.entry("/v1/assistants", "/v1/chat/completions"),
                        Map.entry("/v1/threads/t/runs", "/v1/chat/completions"),
                        Map.entry("/v1/messages", "Anthropic"),
                        Map.entry("/chat/completions", "/v1 at its end"),
                        Map.entry("/models", "/v1 at its end"),
                        Map.entry("/responses", "/v1 at its end"),
                        Map.entry("/v1/v1/chat/completions", "twice"),
                        Map.entry("/v1//v1/models", "twice"),
                        Map.entry("/v1", "base URL"),
                        Map.entry("/openai/deployments/d/chat/completions", "Azure"),
                        Map.entry("/api/chat", "Ollama"),
                        Map.entry("/healthz", "/q/health/ready"))
                .forEach((path, remedy) -> {
                    for (HttpRequest.Builder request :
                            List.of(json(path, "{}"), caller.request(path).GET())) {
                        Answer answer = send(request);
                        softly.assertThat(answer.status()).as(path).isEqualTo(404);
                        softly.assertThat(answer.code()).as(path).isEqualTo("not_found");
                        softly.assertThat(answer.json().path("error").path("message").asText())
                                .as(path)
                                .startsWith("There is nothing at " + path.replace("//", "/") + ".")
                                .contains(remedy);
                        checkShape(softly, path, answer);
                    }
                });
        Answer odd = send(caller.request("/a%0Ab%22/" + "x".repeat(2000)).GET());
        softly.assertThat(odd.json().path("error").path("message").asText())
                .startsWith("There is nothing at /a%0Ab%22/xxx")
                .hasSizeLessThan(200);
        softly.assertAll();
    }

    private HttpRequest.Builder json(String path, String body) {
        return caller.request(path)
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body));
    }

    private HttpRequest.Builder request(String path, String method) {
        return caller.request(path).method(method, HttpRequest.BodyPublishers.noBody());
    }

    @Test
    void answersCarryARequestIdTheCallersOwnIfItIsFit() {
        Answer own = send(caller.json("{\"prompt\":\"a\"}").header("x-request-id", "mine-1"));
        Answer unfit = send(caller.json("{\"prompt\":\"a\"}").header("x-request-id", "a b<c>"));

        assertThat(own.header("x-request-id")).isEqualTo("mine-1");
        assertThat(unfit.header("x-request-id")).startsWith("req_");
        assertThat(Double.parseDouble(own.header("x-penstock-overhead-ms"))).isNotNegative();
    }

    private void check(
            SoftAssertions softly, HttpRequest.Builder request, int status, String code) {
        Answer answer = send(request);
        String what = answer.http().request().method() + " " + answer.http().request().uri();
        softly.assertThat(answer.status()).as(what).isEqualTo(status);
        softly.assertThat(answer.code()).as(what).isEqualTo(code);
        checkShape(softly, what, answer);
    }

    private static void checkShape(SoftAssertions softly, String what, Answer answer) {
        JsonNode error = answer.json().path("error");
        softly.assertThat(error.path("message").asText()).as(what).isNotBlank();
        softly.assertThat(error.path("type").asText()).as(what).isEqualTo("invalid_request_error");
        softly.assertThat(error.has("param") && error.has("code")).as(what).isTrue();
        softly.assertThat(answer.body()).as(what).doesNotContain("Exception", "\tat ");
        softly.assertThat(answer.header("x-request-id")).as(what).isNotBlank();
        softly.assertThat(answer.header("x-penstock-attempts")).as(what).isEqualTo("0");
        softly.assertThat(answer.header("x-penstock-overhead-ms")).as(what).isNotBlank();
    }

    private Answer send(HttpRequest.Builder request) {
        return Caller.join(caller.send(request.build()));
    }

    @Test
    void aRequestWithoutAHostIsRefusedInTheOneShape() throws IOException {
        for (String host : List.of("", "host: a b\r\n", "host: a:b:c\r\n")) {
            try (Socket socket = new Socket(base.getHost(), base.getPort())) {
                socket.setSoTimeout(20_000);
                socket.getOutputStream()
                        .write(
                                ("GET /v1/models HTTP/1.1\r\n" + host + "connection: close\r\n\r\n")
                                        .getBytes(StandardCharsets.US_ASCII));
                String answer =
                        new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                assertThat(answer).as(host).startsWith("HTTP/1.1 400 ").contains("\"bad_request\"");
            }
        }
    }

    @Test
    void whoeverAsksBeforeSendingABodyIsToldToGoOn() throws Exception {
        Answer answer =
                caller.send(
                                caller.json(prompt("asked first").toString())
                                        .expectContinue(true)
                                        .build())
                        .get(20, TimeUnit.SECONDS);

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body()).contains("asked first");
    }
}
