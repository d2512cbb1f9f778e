package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Batch;
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
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What is wrong with a submission is named by line or index, and leaves nothing behind.
@QuarkusTest
class BatchBadInputQuarkusTest extends PenstockTest {

    private static String ended = "";

    static Stream<Refused> badSubmissions() {
        return Stream.concat(Refused.table("batches"), Refused.table("batch-lines"));
    }

    @ParameterizedTest
    @MethodSource("badSubmissions")
    void eachFormIsRefusedByWhatIsWrongWithIt(Refused bad) {
        List<String> before = jobs();

        bad.requireSaid(bad.ask(caller));

        assertThat(jobs()).isEqualTo(before);
        assertThat(provider.stats().path("requests").asInt()).isZero();
    }

    static Stream<Refused> badReadings() {
        return Refused.table("batch-reading");
    }

    @ParameterizedTest
    @MethodSource("badReadings")
    void optionsOfTheDoorsBelowABatchAreChecked(Refused bad) {
        bad.requireSaid(bad.askOf(ended()));
    }

    /// One for all: what is wrong with a question changes nothing.
    private Batch ended() {
        if (ended.isEmpty()) {
            Batch batch = Batch.of(caller, Batch.submit(caller, "{\"prompts\":[\"a\"]}"));
            batch.awaitStatus("completed");
            ended = batch.id();
        }
        return new Batch(caller, ended);
    }

    @Test
    void optionsThatFitAreTaken() {
        assertThat(ended().get("/results?order=input&after=i5").body()).isEmpty();
        assertThat(ended().get("/results?limit=1&order=input").status()).isEqualTo(200);
    }

    @Test
    void anIdempotencyKeyIsChecked() {
        for (String unfit : List.of("k".repeat(256), " ")) {
            Answer key = Batch.submit(caller, "{\"prompts\":[\"a\"]}", "Idempotency-Key", unfit);
            assertThat(key.status()).isEqualTo(400);
            assertThat(key.json().path("error").path("param").asText())
                    .isEqualTo("Idempotency-Key");
        }
    }

    @Test
    void whatIsNoTextIsRefused() {
        List<String> before = jobs();
        List<byte[]> texts =
                List.of(
                        bytes("a", 0xff, "b"),
                        // Half of a character, half of a surrogate pair, a bare control character.
                        bytes("a", 0xc3, "b"),
                        bytes("a", 0xed, 0xa0, 0x80, "b"),
                        // A pair of encoded surrogates, overlong forms of a slash.
                        bytes("a", 0xed, 0xa0, 0xbd, 0xed, 0xba, 0x80, "b"),
                        bytes("a", 0xc0, 0xaf, "b"),
                        bytes("a", 0xe0, 0x80, 0xaf, "b"),
                        bytes("a", 0xf0, 0x80, 0x80, 0xaf, "b"),
                        bytes("a", 0x00, "b"));
        SoftAssertions softly = new SoftAssertions();

        for (byte[] text : texts) {
            String what = HexFormat.of().formatHex(text);
            Answer json =
                    post("application/json", bytes("{\"prompts\":[\"good\",\"", text, "\"]}"));
            Answer items =
                    post("application/json", bytes("{\"items\":[{\"prompt\":\"", text, "\"}]}"));
            Answer lines =
                    post(
                            "application/jsonl",
                            bytes("{\"prompt\":\"good\"}\n{\"prompt\":\"", text, "\"}\n"));

            Answer openAi =
                    post(
                            "application/jsonl",
                            bytes(
                                    "{\"prompt\":\"good\"}\n{\"custom_id\":\"a\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{\"messages\":[{\"role\":\"user\",\"content\":\"",
                                    text,
                                    "\"}]}}\n"));

            for (Answer answer : List.of(json, items, lines, openAi)) {
                softly.assertThat(answer.status()).as(what + answer.body()).isEqualTo(400);
                softly.assertThat(answer.code()).as(what).isEqualTo("invalid_json");
            }
            softly.assertThat(message(lines)).as(what).contains("Line 2");
        }
        softly.assertAll();
        assertThat(jobs()).isEqualTo(before);
        assertThat(provider.stats().path("requests").asInt()).isZero();
    }

    @Test
    void oneBadByteInTheMiddleOfALongLineIsFound() {
        List<String> before = jobs();
        byte[] half = "x".repeat(5 << 19).getBytes(StandardCharsets.UTF_8);

        Answer lines =
                post(
                        "application/jsonl",
                        bytes("{\"prompt\":\"a\"}\n{\"prompt\":\"", half, 0xc3, half, "\"}\n"));
        Answer json = post("application/json", bytes("{\"prompts\":[\"", half, 0xc3, half, "\"]}"));

        assertThat(lines.code()).isEqualTo("invalid_json");
        assertThat(message(lines)).contains("Line 2: ", "byte " + ((5 << 19) + 12));
        assertThat(json.code()).isEqualTo("invalid_json");
        assertThat(jobs()).isEqualTo(before);
    }

    @Test
    void aBodyThatBreaksOffBetweenLinesIsNoBatch() throws IOException {
        List<String> before = jobs();
        String lines = "{\"prompt\":\"broken off\"}\n".repeat(3);

        breakOff("content-length: 10000\r\n\r\n" + lines);
        breakOff("transfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n".formatted(lines.length(), lines));

        assertThat(jobs()).isEqualTo(before);
        assertThat(provider.log("broken off")).isEmpty();
    }

    /// Returns when the server has given the connection up.
    private void breakOff(String rest) throws IOException {
        try (Socket socket = new Socket(base.getHost(), base.getPort())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream()
                    .write(
                            ("POST /batch HTTP/1.1\r\nhost: localhost\r\n"
                                            + "content-type: application/jsonl\r\n"
                                            + rest)
                                    .getBytes(StandardCharsets.UTF_8));
            socket.shutdownOutput();
            socket.getInputStream().readAllBytes();
        }
    }

    private static String message(Answer answer) {
        return answer.json().path("error").path("message").asText();
    }

    private Answer post(String type, byte[] body) {
        return Caller.join(
                caller.send(
                        caller.request("/batch")
                                .header("content-type", type)
                                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                                .build()));
    }

    /// Bytes of texts, single bytes and other bytes, one after the other.
    private static byte[] bytes(Object... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (Object part : parts) {
            switch (part) {
                case String text -> all.writeBytes(text.getBytes(StandardCharsets.UTF_8));
                case byte[] some -> all.writeBytes(some);
                case Integer one -> all.write(one);
                default -> throw new IllegalArgumentException("No bytes: " + part);
            }
        }
        return all.toByteArray();
    }

    /// The newest, so that one more is seen however many there are.
    private List<String> jobs() {
        return Caller.join(caller.send(caller.request("/batch?limit=100").build()))
                .json()
                .path("data")
                .findValuesAsText("job_id");
    }
}
