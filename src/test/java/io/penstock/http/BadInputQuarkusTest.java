package io.penstock.http;

import static io.penstock.testing.Caller.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.penstock.testing.Refused;
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
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

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

    static Stream<Refused> badPrompts() {
        return Refused.table("complete");
    }

    @ParameterizedTest
    @MethodSource("badPrompts")
    void aBadPromptIsRefusedByNameWhetherItsAnswerIsToBeStreamedOrNot(Refused bad) {
        for (String accept : List.of("application/json", "text/event-stream")) {
            bad.requireSaid(bad.ask(caller, "accept", accept));
        }
        assertThat(provider.stats().path("requests").asInt()).isZero();
    }

    static Stream<Refused> badAnywhere() {
        return Refused.table("anywhere");
    }

    @ParameterizedTest
    @MethodSource("badAnywhere")
    void pathsMethodsMediaTypesAndNumbersBeyondReadingAreRefusedAtEveryDoor(Refused bad) {
        bad.requireSaid(bad.ask(caller));
        assertThat(provider.stats().path("requests").asInt()).isZero();
    }

    static Stream<Refused> mistakenPaths() {
        return Refused.table("mistaken-paths");
    }

    @ParameterizedTest
    @MethodSource("mistakenPaths")
    void aPathThatSdksComeToByMistakeIsNamedWithTheRemedy(Refused mistaken) {
        mistaken.requireSaid(mistaken.ask(caller));
    }

    @Test
    void aPathThatIsNamedIsEscapedAndCut() {
        Answer odd = send(caller.request("/a%0Ab%22/" + "x".repeat(2000)).GET());

        assertThat(odd.json().path("error").path("message").asText())
                .startsWith("There is nothing at /a%0Ab%22/xxx")
                .hasSizeLessThan(200);
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
                Refused.requireShape(softly, path, answer);
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
                    Refused.requireShape(softly, path, refused);
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
