package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Batch;
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
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

/// What is wrong with a submission is named by line or index, and leaves nothing behind.
@QuarkusTest
class BatchBadInputQuarkusTest extends PenstockTest {

    private record Bad(String body, int status, String code, String param, String says) {}

    private static final List<Bad> JSON =
            List.of(
                    new Bad(
                            "{\"prompts\":[\"a\",\"b\\ud83d\"]}",
                            400,
                            "invalid_json",
                            "prompts[1]",
                            "\"prompts[1]\" has half of a surrogate pair at character 2"),
                    new Bad(
                            "{\"items\":[{\"prompt\":\"a\"},{\"prompt\":\"a\",\"max_tokens\":1E+999999999}]}",
                            400,
                            "out_of_range",
                            "items[1].max_tokens",
                            "digits"),
                    new Bad(
                            "{\"items\":[{\"prompt\":\"a\"},{\"prompt\":\"\\ude80\"}]}",
                            400,
                            "invalid_json",
                            "items[1].prompt",
                            "surrogate"),
                    new Bad(
                            "{\"items\":["
                                    + openAi(
                                            "POST", "/v1/chat/completions", ",\"user\":\"\\ud83d\"")
                                    + "]}",
                            400,
                            "invalid_json",
                            "items[0].body.user",
                            "surrogate"),
                    new Bad(
                            "{\"prompts\":[\"a\"],\"system\":\"\\ud83d\"}",
                            400,
                            "invalid_json",
                            "system",
                            "surrogate"),
                    new Bad("", 400, "invalid_json", "", "empty"),
                    new Bad("{\"prompts\":[\"a\",}", 400, "invalid_json", "", "line 1, column"),
                    new Bad("{\"prompts\":\n[tru]}", 400, "invalid_json", "", "line 2, column"),
                    new Bad("null", 400, "invalid_json", "", "null"),
                    new Bad(
                            "{\"prompts\":[\"a\"],\"prompts\":[\"b\"]}",
                            400,
                            "duplicate_field",
                            "prompts",
                            "twice"),
                    new Bad("{\"prompts\":null}", 400, "missing_field", "prompts", "missing"),
                    new Bad("{\"items\":{}}", 400, "wrong_type", "items", "an array"),
                    new Bad("{\"input\":7}", 400, "wrong_type", "input", "a string"),
                    new Bad(
                            "{\"prompts\":[\"a\"],\"stream\":true}",
                            400,
                            "unknown_field",
                            "stream",
                            "stream"),
                    new Bad(
                            "{\"prompts\":[\"a\"],\"custom_id\":\"a\"}",
                            400,
                            "unknown_field",
                            "custom_id",
                            "custom_id"),
                    new Bad(
                            "{\"prompts\":[\"a\"],\"input\":\"s3://bucket/key\"}",
                            400,
                            "unknown_field",
                            "prompts",
                            "together"),
                    new Bad(
                            "{\"items\":[{\"prompt\":\"a\"},{\"prompt\":\"  \"}]}",
                            400,
                            "blank_field",
                            "items[1].prompt",
                            "items[1]"),
                    new Bad(
                            "{\"items\":[{\"prompt\":\"a\",\"custom_id\":7}]}",
                            400,
                            "wrong_type",
                            "items[0].custom_id",
                            "a string"),
                    new Bad(
                            "{\"items\":[{\"prompt\":\"a\",\"custom_id\":\""
                                    + "c".repeat(513)
                                    + "\"}]}",
                            400,
                            "out_of_range",
                            "items[0].custom_id",
                            "512"),
                    new Bad("[\"a\"]", 400, "invalid_json", "", "an array"),
                    new Bad("{}", 400, "missing_field", "prompts", "missing"),
                    new Bad("{\"prompts\":[]}", 400, "empty_batch", "", "no items"),
                    new Bad("{\"items\":[]}", 400, "empty_batch", "", "no items"),
                    new Bad("{\"prompts\":\"a\"}", 400, "wrong_type", "prompts", "an array"),
                    new Bad("{\"prompts\":[\"a\",7]}", 400, "wrong_type", "prompts[1]", "a number"),
                    new Bad(
                            "{\"prompts\":[\"a\",\"b\",\" \"]}",
                            400,
                            "blank_field",
                            "prompts[2]",
                            "blank"),
                    new Bad("{\"prompts\":[null]}", 400, "wrong_type", "prompts[0]", "null"),
                    new Bad(
                            "{\"prompts\":[\"a\"],\"items\":[]}",
                            400,
                            "unknown_field",
                            "prompts",
                            "together"),
                    new Bad(
                            "{\"prompts\":[\"a\"],\"temprature\":1}",
                            400,
                            "unknown_field",
                            "temprature",
                            "temprature"),
                    new Bad(
                            "{\"prompts\":[\"a\"],\"temperature\":3}",
                            400,
                            "out_of_range",
                            "temperature",
                            "from 0 to 2"),
                    new Bad("{\"items\":[\"a\"]}", 400, "wrong_type", "items[0]", "an object"),
                    new Bad("{\"items\":[{}]}", 400, "missing_field", "items[0].prompt", "missing"),
                    new Bad(
                            "{\"items\":[{\"prompt\":\"a\"},{\"prompt\":\"b\",\"x\":1}]}",
                            400,
                            "unknown_field",
                            "items[1].x",
                            "items[1]"),
                    new Bad(
                            "{\"items\":[{\"prompt\":\"a\",\"max_tokens\":0}]}",
                            400,
                            "out_of_range",
                            "items[0].max_tokens",
                            "from 1"),
                    new Bad(
                            "{\"items\":[{\"custom_id\":\"a\",\"prompt\":\"a\"},{\"custom_id\":\"a\",\"prompt\":\"b\"}]}",
                            400,
                            "duplicate_custom_id",
                            "items[1].custom_id",
                            "earlier"),
                    new Bad(
                            "{\"items\":[{\"custom_id\":\"\",\"prompt\":\"a\"}]}",
                            400,
                            "out_of_range",
                            "items[0].custom_id",
                            "512"),
                    new Bad(
                            "{\"input\":\"s3://bucket/key\"}",
                            400,
                            "unreadable_input",
                            "input",
                            "send the lines as the body"),
                    new Bad(
                            "{\"input\":\"file:///etc/passwd\"}",
                            400,
                            "out_of_range",
                            "input",
                            "s3"));

    private static final List<Bad> LINES =
            List.of(
                    new Bad(
                            "{\"prompt\":\"a\"}\n{\"prompt\":\"ab\\ud83d\"}\n",
                            400,
                            "invalid_json",
                            "prompt",
                            "Line 2: \"prompt\" has half of a surrogate pair at character 3"),
                    new Bad(
                            "{\"custom_id\":\"\\ude80\",\"prompt\":\"a\"}\n",
                            400,
                            "invalid_json",
                            "custom_id",
                            "Line 1"),
                    new Bad(
                            "{\"prompt\":\"a\"}\n"
                                    + openAi(
                                            "POST",
                                            "/v1/chat/completions",
                                            ",\"x\":[{\"y\":\"\\ud83d\"}]"),
                            400,
                            "invalid_json",
                            "body.x[0].y",
                            "Line 2"),
                    new Bad(
                            openAi(
                                    "POST",
                                    "/v1/chat/completions",
                                    ",\"metadata\":{\"\\ud83d\":\"a\"}"),
                            400,
                            "invalid_json",
                            "",
                            "Line 1"),
                    new Bad(
                            openAi("POST", "/v1/chat/completions", ",\"model\":7"),
                            400,
                            "wrong_type",
                            "body.model",
                            "Line 1: \"body.model\" is a number"),
                    new Bad("", 400, "empty_batch", "", "no items"),
                    new Bad("\n\n", 400, "empty_batch", "", "no items"),
                    new Bad(
                            "{\"prompt\":\"a\"}\n\n{\"prompt\":\n",
                            400,
                            "invalid_json",
                            "",
                            "Line 3"),
                    new Bad("{\"prompt\":\"a\"} x\n", 400, "invalid_json", "", "Line 1"),
                    new Bad(
                            "\ufeff\n{\"prompt\":\"a\"}\n{\"prompt\":\"a\",\"temperature\":1e99999999999}\n",
                            400,
                            "out_of_range",
                            "temperature",
                            "Line 3"),
                    new Bad(
                            "{\"prompt\":\"a\",\"model\":\"m\",\"model\":\"m\"}\n",
                            400,
                            "duplicate_field",
                            "model",
                            "Line 1"),
                    new Bad(
                            "{\"prompt\":\"a\"}{\"prompt\":\"b\"}",
                            400,
                            "invalid_json",
                            "",
                            "Line 1"),
                    new Bad("{\"prompt\":\"a\"}\n\"b\"\n", 400, "invalid_json", "", "Line 2"),
                    new Bad("{\"prompt\":\"a\"}\nnull\n", 400, "invalid_json", "", "Line 2"),
                    new Bad("{\"prompts\":[\"a\"]}\n", 400, "unknown_field", "prompts", "Line 1"),
                    new Bad("{\"custom_id\":\"a\"}\n", 400, "missing_field", "prompt", "Line 1"),
                    new Bad("{\"prompt\":5}\n", 400, "wrong_type", "prompt", "Line 1"),
                    new Bad(
                            "\r\n{\"prompt\":\"a\"}\r\n{\"prompt\":\"b\",\"temperature\":\"1\"}\r\n",
                            400,
                            "wrong_type",
                            "temperature",
                            "Line 3"),
                    new Bad(
                            "{\"prompt\":\"a\",\"custom_id\":\"" + "c".repeat(513) + "\"}",
                            400,
                            "out_of_range",
                            "custom_id",
                            "512"),
                    new Bad(
                            "{\"prompt\":\"a\",\"url\":\"/v1/chat/completions\"}",
                            400,
                            "unknown_field",
                            "prompt",
                            "Line 1"),
                    new Bad(
                            "{\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{}}",
                            400,
                            "missing_field",
                            "custom_id",
                            "Line 1"),
                    new Bad("{\"prompt\":\"a\"}\n[1]\n", 400, "invalid_json", "", "Line 2"),
                    new Bad(
                            "{\"prompt\":\"a\"}\n{\"prompt\":\"\"}\n",
                            400,
                            "blank_field",
                            "prompt",
                            "Line 2"),
                    new Bad(
                            "{\"prompt\":\"a\"}\n{\"prompt\":\"b\",\"modle\":\"x\"}",
                            400,
                            "unknown_field",
                            "modle",
                            "Line 2"),
                    new Bad(
                            "{\"custom_id\":\"x\",\"prompt\":\"a\"}\n{\"custom_id\":\"x\",\"prompt\":\"b\"}",
                            400,
                            "duplicate_custom_id",
                            "custom_id",
                            "Line 2"),
                    new Bad(
                            openAi("GET", "/v1/chat/completions", ""),
                            400,
                            "out_of_range",
                            "method",
                            "POST"),
                    new Bad(
                            openAi("POST", "/v1/embeddings", ""),
                            400,
                            "out_of_range",
                            "url",
                            "/v1/chat"),
                    new Bad(
                            openAi("POST", "/v1/chat/completions", ",\"stream\":true"),
                            400,
                            "out_of_range",
                            "body.stream",
                            "stream"),
                    new Bad(
                            openAi("POST", "/v1/chat/completions", ",\"api_key\":\"sk-1234\""),
                            400,
                            "unknown_field",
                            "body.api_key",
                            "credentials"),
                    new Bad(
                            "{\"custom_id\":\"a\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{}}",
                            400,
                            "missing_field",
                            "body.messages",
                            "Line 1"));

    private static String openAi(String method, String url, String more) {
        return "{\"custom_id\":\"a\",\"method\":\"%s\",\"url\":\"%s\",\"body\":{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]%s}}"
                .formatted(method, url, more);
    }

    @Test
    void eachFormIsRefusedByWhatIsWrongWithIt() {
        List<String> before = jobs();
        SoftAssertions softly = new SoftAssertions();

        JSON.forEach(bad -> check(softly, bad, Batch.submit(caller, bad.body)));
        LINES.forEach(bad -> check(softly, bad, Batch.submitLines(caller, bad.body)));

        softly.assertAll();
        assertThat(jobs()).isEqualTo(before);
        assertThat(provider.stats().path("requests").asInt()).isZero();
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
    void optionsInTheQueryAreChecked() {
        List<String> before = jobs();
        SoftAssertions softly = new SoftAssertions();
        for (String query :
                List.of(
                        "temprature=1",
                        "temperature=3",
                        "temperature=warm",
                        "temperature=",
                        "temperature=1e99999",
                        "max_tokens=0",
                        "max_tokens=1.5",
                        "max_tokens=99999999999999999999",
                        "timeout_ms=0",
                        "model=",
                        "prompt=a",
                        "custom_id=a",
                        "stream=true",
                        "system=",
                        "model=a&model=b",
                        "response_format=json")) {
            Answer answer =
                    post(
                            "/batch?" + query,
                            "application/jsonl",
                            "{\"prompt\":\"a\"}\n".getBytes(StandardCharsets.UTF_8));
            softly.assertThat(answer.status()).as(query).isEqualTo(400);
            softly.assertThat(answer.json().path("error").path("param").asText())
                    .as(query)
                    .isEqualTo(query.substring(0, query.indexOf('=')));
        }
        for (String noText : List.of("system=%ff", "system=%ed%a0%80", "system=%c0%af")) {
            Answer answer =
                    post(
                            "/batch?" + noText,
                            "application/jsonl",
                            "{\"prompt\":\"a\"}\n".getBytes(StandardCharsets.UTF_8));
            softly.assertThat(answer.code()).as(noText).isEqualTo("invalid_query");
        }
        Answer unread =
                post(
                        "/batch?temperature=0",
                        "application/json",
                        "{\"prompts\":[\"a\"]}".getBytes(StandardCharsets.UTF_8));
        softly.assertThat(unread.status()).isEqualTo(400);
        softly.assertThat(unread.json().path("error").path("param").asText())
                .isEqualTo("temperature");
        softly.assertAll();
        assertThat(jobs()).isEqualTo(before);
        assertThat(provider.stats().path("requests").asInt()).isZero();
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

    @Test
    void queriesAndHeadersAreCheckedToo() {
        for (String unfit : List.of("k".repeat(256), " ")) {
            Answer key = Batch.submit(caller, "{\"prompts\":[\"a\"]}", "Idempotency-Key", unfit);
            assertThat(key.status()).isEqualTo(400);
            assertThat(key.json().path("error").path("param").asText())
                    .isEqualTo("Idempotency-Key");
        }

        Batch batch = Batch.of(caller, Batch.submit(caller, "{\"prompts\":[\"a\"]}"));
        batch.awaitStatus("completed");
        for (String query :
                List.of(
                        "/results?limit=0",
                        "/results?limit=-1",
                        "/results?limit=x",
                        "/results?limit=10001",
                        "/results?limit=99999999999",
                        "/results?order=random",
                        "/results?after=nonsense",
                        "/results?after=f%2A",
                        // Runs of more chunks than there are, of none, and a number without end.
                        "/results?after=f_____w8B",
                        "/results?after=fAAE",
                        "/results?after=f_______8",
                        "/results?order=input&after=f",
                        "/results?order=input&after=i-1",
                        "/results?order=input&after=i9999999999999999",
                        "/results?after=i1")) {
            assertThat(batch.get(query).status()).as(query).isEqualTo(400);
        }
        for (String query :
                List.of(
                        "?limit=101",
                        "?limit=0",
                        "?status=odd",
                        "?status=in_progress",
                        "?after=batch_none")) {
            Answer answer = Caller.join(caller.send(caller.request("/batch" + query).build()));
            assertThat(answer.status()).as(query).isEqualTo(400);
            assertThat(answer.json().path("error").path("type").asText())
                    .isEqualTo("invalid_request_error");
        }
        assertThat(batch.get("/results?order=input&after=i5").body()).isEmpty();
    }

    @Test
    void optionsOfOtherDoorsAreChecked() {
        Batch batch = Batch.of(caller, Batch.submit(caller, "{\"prompts\":[\"a\"]}"));
        batch.awaitStatus("completed");
        String id = "/" + batch.id();
        SoftAssertions softly = new SoftAssertions();
        for (String[] one :
                new String[][] {
                    {"?limit=", "limit"},
                    {"?limit", "limit"},
                    {"?after=", "after"},
                    {"?status=", "status"},
                    {"?limit=1&limit=2", "limit"},
                    {"?status=completed&status=completed", "status"},
                    {"?order=input", "order"},
                    {"?lmit=1", "lmit"},
                    {id + "?limit=1", "limit"},
                    {id + "/results?order=", "order"},
                    {id + "/results?order=input&order=input", "order"},
                    {id + "/results?after=", "after"},
                    {id + "/results?after=i0&after=i1&order=input", "after"},
                    {id + "/results?limit=", "limit"},
                    {id + "/results?status=completed", "status"},
                    {id + "/results?Limit=1", "Limit"},
                    {id + "/events?after=1", "after"}
                }) {
            Answer answer = Caller.join(caller.send(caller.request("/batch" + one[0]).build()));
            softly.assertThat(answer.status()).as(one[0]).isEqualTo(400);
            softly.assertThat(answer.json().path("error").path("param").asText())
                    .as(one[0])
                    .isEqualTo(one[1]);
            softly.assertThat(message(answer)).as(one[0]).contains("\"" + one[1] + "\"");
        }
        for (String below : List.of("/cancel", "/pause", "/resume", "/retry")) {
            Answer answer = batch.post(below + "?force=true");
            softly.assertThat(answer.status()).as(below).isEqualTo(400);
            softly.assertThat(answer.json().path("error").path("param").asText())
                    .as(below)
                    .isEqualTo("force");
        }
        softly.assertThat(batch.get("?force=true").status()).isEqualTo(400);
        softly.assertThat(batch.get("/results?limit=1&order=input").status()).isEqualTo(200);
        softly.assertAll();
    }

    @Test
    void othersThanJsonAreNotTaken() {
        List<String> before = jobs();
        for (String type : List.of("text/csv", "text/plain", "application/xml", "json", ";;;")) {
            Answer answer = post(type, "a,b".getBytes(StandardCharsets.UTF_8));

            assertThat(answer.status()).as(type).isEqualTo(415);
            assertThat(answer.code()).isEqualTo("unsupported_media_type");
        }
        Answer put =
                Caller.join(
                        caller.send(
                                caller.request("/batch")
                                        .PUT(HttpRequest.BodyPublishers.noBody())
                                        .build()));
        assertThat(put.status()).isEqualTo(405);
        assertThat(put.code()).isEqualTo("method_not_allowed");
        assertThat(jobs()).isEqualTo(before);
    }

    private static void check(SoftAssertions softly, Bad bad, Answer answer) {
        JsonNode error = answer.json().path("error");
        softly.assertThat(answer.status()).as(bad.body).isEqualTo(bad.status);
        softly.assertThat(error.path("code").asText()).as(bad.body).isEqualTo(bad.code);
        softly.assertThat(error.path("param").asText("").replace("null", ""))
                .as(bad.body)
                .isEqualTo(bad.param);
        softly.assertThat(error.path("message").asText()).as(bad.body).contains(bad.says);
        softly.assertThat(error.path("type").asText())
                .as(bad.body)
                .isEqualTo("invalid_request_error");
        softly.assertThat(error.has("param") && error.has("code")).as(bad.body).isTrue();
        softly.assertThat(answer.body()).as(bad.body).doesNotContain("Exception", "\tat ");
        softly.assertThat(answer.header("x-request-id")).as(bad.body).isNotBlank();
    }

    private static String message(Answer answer) {
        return answer.json().path("error").path("message").asText();
    }

    private Answer post(String type, byte[] body) {
        return post("/batch", type, body);
    }

    private Answer post(String path, String type, byte[] body) {
        return Caller.join(
                caller.send(
                        caller.request(path)
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
