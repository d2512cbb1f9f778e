package io.penstock.http;

import static io.penstock.testing.OpenAiApi.batch;
import static io.penstock.testing.OpenAiApi.field;
import static io.penstock.testing.OpenAiApi.file;
import static io.penstock.testing.OpenAiApi.line;
import static io.penstock.testing.OpenAiApi.part;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.OpenAiApi;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import java.net.http.HttpRequest;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// OpenAI's files and batches on the wire: what the SDKs do not show, and what they never send.
@QuarkusTest
class OpenAiBatchQuarkusTest extends PenstockTest {

    private OpenAiApi api;

    @BeforeEach
    void call() {
        api = new OpenAiApi(caller);
    }

    @Test
    void aBatchIsOneJobAtBothDoors() {
        String id =
                create(batch(api.upload(line("a", "first") + line("b", "[[sim fault=hang]] b"))))
                        .path("id")
                        .asText();

        JsonNode done = api.awaitStatus(id, "completed");

        Batch ours = new Batch(caller, id);
        assertThat(ours.status().path("completed").asInt()).isEqualTo(1);
        JsonNode line = Batch.lines(ours.get("/results?order=input")).getFirst();
        JsonNode theirs = api.lines(done.path("output_file_id").asText()).getFirst();
        assertThat(line.path("result").asText()).endsWith("first");
        assertThat(theirs.path("response").path("body")).isEqualTo(line.path("body"));
        assertThat(theirs.path("response").path("request_id"))
                .isEqualTo(line.path("provider_request_id"));
        JsonNode failed = api.lines(done.path("error_file_id").asText()).getFirst();
        assertThat(failed.path("response").isNull()).isTrue();
        assertThat(failed.path("error").path("code").asText()).isEqualTo("request_timeout");

        assertThat(ours.delete().status()).isEqualTo(204);
        assertThat(api.get("/v1/batches/" + id).status()).isEqualTo(404);
        assertThat(api.get("/v1/files/" + done.path("output_file_id").asText()).status())
                .isEqualTo(404);
    }

    @Test
    void whatWasNotMadeHereIsNotKnownHere() {
        Batch ours = Batch.of(caller, Batch.submit(caller, "{\"prompts\":[\"a\"]}"));
        ours.awaitStatus("completed");

        assertThat(api.get("/v1/batches/" + ours.id()).status()).isEqualTo(404);
        assertThat(api.get("/v1/batches/" + ours.id()).code()).isEqualTo("not_found");
        assertThat(api.post("/v1/batches/" + ours.id() + "/cancel", "text/plain", "").status())
                .isEqualTo(404);
        assertThat(api.get("/v1/batches?limit=100").body()).doesNotContain(ours.id());
        // No directory of the payloads' is a file.
        assertThat(api.get("/v1/files/..%2Fjobs/content").status()).isEqualTo(404);
    }

    @Test
    void allThatIsAskedForComesBack() {
        ObjectNode asked = batch(api.upload(line("a", "a"))).put("completion_window", "90m");
        asked.putObject("metadata").put("team", "ä");
        asked.putObject("output_expires_after").put("anchor", "created_at").put("seconds", 3600);

        JsonNode created = create(asked);

        assertThat(created.path("status").asText()).isEqualTo("validating");
        for (String at :
                List.of(
                        "in_progress_at",
                        "finalizing_at",
                        "completed_at",
                        "failed_at",
                        "expired_at",
                        "cancelling_at",
                        "cancelled_at",
                        "errors",
                        "output_file_id",
                        "error_file_id")) {
            assertThat(created.has(at)).as(at).isTrue();
            assertThat(created.path(at).isNull()).as(at).isTrue();
        }
        assertThat(created.path("metadata")).isEqualTo(asked.path("metadata"));
        assertThat(created.path("expires_at").asLong() - created.path("created_at").asLong())
                .isEqualTo(5400);
        JsonNode done = api.awaitStatus(created.path("id").asText(), "completed");
        JsonNode output = api.get("/v1/files/" + done.path("output_file_id").asText()).json();
        assertThat(output.path("expires_at").asLong() - output.path("created_at").asLong())
                .isEqualTo(3600);
        assertThat(output.path("purpose").asText()).isEqualTo("batch_output");
        assertThat(done.path("error_file_id").isNull()).isTrue();
        assertThat(api.get("/v1/files?purpose=batch_output&limit=1").json().path("data").get(0))
                .isEqualTo(output);
    }

    @Test
    void theSameKeyGivesTheSameBatch() {
        String body = batch(api.upload(line("a", "a"))).toString();

        Answer first = keyed(body);
        Answer second = keyed(body);
        Answer other = keyed(body.replace("24h", "23h"));

        assertThat(second.json().path("id")).isEqualTo(first.json().path("id"));
        assertThat(other.status()).isEqualTo(409);
        assertThat(other.header("x-should-retry")).isEqualTo("false");
    }

    private Answer keyed(String body) {
        return Caller.join(
                caller.send(
                        caller.request("/v1/batches")
                                .header("content-type", "application/json")
                                .header("idempotency-key", "openai")
                                .POST(HttpRequest.BodyPublishers.ofString(body))
                                .build()));
    }

    @Test
    void aFileThatIsGoneOrEmptyFailsItsBatch() {
        String blank = create(batch(api.upload("\n\n"))).path("id").asText();

        JsonNode failed = api.awaitStatus(blank, "failed");

        assertThat(failed.path("errors").path("data").get(0).path("code").asText())
                .isEqualTo("empty_file");
        assertThat(failed.path("errors").path("data").get(0).path("line").isNull()).isTrue();
        assertThat(new Batch(caller, blank).status().path("reason").asText()).contains("no lines");
        assertThat(api.post("/v1/batches/" + blank + "/cancel", "text/plain", "").status())
                .isEqualTo(409);
    }

    @Test
    void aNumberThatNobodyCanHoldFailsItsBatchByLine() {
        for (String number : List.of("1e99999999999", "1E+999999999", "9".repeat(100_000))) {
            String lines =
                    line("a", "a")
                            + "\n"
                            + line("b", "b").replace("\"role\"", "\"x\":" + number + ",\"role\"");
            String id = create(batch(api.upload(lines))).path("id").asText();

            JsonNode errors = api.awaitStatus(id, "failed").path("errors").path("data");

            assertThat(errors).hasSize(1);
            assertThat(errors.get(0).path("line").asInt()).isEqualTo(3);
            assertThat(errors.get(0).path("code").asText()).isEqualTo("out_of_range");
            assertThat(errors.get(0).path("param").asText()).isEqualTo("body.messages[0].x");
        }
    }

    @Test
    void aHundredMistakesAreTold() {
        String id = create(batch(api.upload("{}\n".repeat(250)))).path("id").asText();

        JsonNode errors = api.awaitStatus(id, "failed").path("errors").path("data");

        assertThat(errors).hasSize(100);
        assertThat(errors.get(99).path("line").asInt()).isEqualTo(100);
        assertThat(errors.get(0).path("param").asText()).isEqualTo("custom_id");
    }

    @Test
    void aPausedBatchSaysSoBesideItsStatus() {
        String id =
                create(batch(api.upload(line("a", "[[sim gate=paused]] a")))).path("id").asText();
        api.awaitStatus(id, "in_progress");

        new Batch(caller, id).post("/pause");

        JsonNode paused = api.get("/v1/batches/" + id).json();
        assertThat(paused.path("status").asText()).isEqualTo("in_progress");
        assertThat(paused.path("x_state").asText()).isEqualTo("paused");
        assertThat(paused.path("x_reason").asText()).startsWith("user");
        provider.open("paused");
        new Batch(caller, id).post("/cancel");
        api.await(id, batch -> batch.path("status").asText().startsWith("c"));
    }

    @Test
    void batchesAreRefusedByWhatIsWrongWithThem() {
        String file = api.upload(line("a", "a"));
        SoftAssertions softly = new SoftAssertions();
        Map<String, ObjectNode> bad =
                Map.of(
                        "endpoint", batch(file).put("endpoint", "/v1/embeddings"),
                        "completion_window", batch(file).put("completion_window", "25h"),
                        "metadata", batch(file).put("metadata", "a"),
                        "input_file_id", (ObjectNode) batch(file).putNull("input_file_id"),
                        "misspelt", batch(file).put("misspelt", 1),
                        "output_expires_after.seconds",
                                batch(file)
                                        .set(
                                                "output_expires_after",
                                                Caller.parse("{\"anchor\":\"created_at\"}")));
        bad.forEach((param, body) -> {
            Answer answer = api.json("/v1/batches", body);
            softly.assertThat(answer.status()).as(param).isEqualTo(400);
            softly.assertThat(answer.json().path("error").path("param").asText())
                    .as(answer.body())
                    .isEqualTo(param);
        });
        Answer unknown = api.json("/v1/batches", batch("file-unknown"));
        softly.assertThat(unknown.status()).isEqualTo(404);
        softly.assertThat(api.get("/v1/batches?limit=101").status()).isEqualTo(400);
        softly.assertThat(api.get("/v1/batches?after=none").status()).isEqualTo(404);
        softly.assertThat(api.get("/v1/batches?status=completed").status()).isEqualTo(400);
        softly.assertAll();
    }

    @Test
    void formsAreRefusedByWhatIsWrongWithThem() {
        String purpose = field("purpose", "batch");
        SoftAssertions softly = new SoftAssertions();
        refused(softly, "missing_field", "file", purpose);
        refused(softly, "missing_field", "purpose", file("a", "a"));
        refused(softly, "out_of_range", "purpose", field("purpose", "vision"), file("a", "a"));
        refused(softly, "empty_file", "file", purpose, file("a", ""));
        refused(softly, "unknown_field", "porpoise", field("porpoise", "batch"), file("a", "a"));
        refused(softly, "out_of_range", "file", purpose, file("a", "a"), file("b", "b"));
        refused(softly, "invalid_form", "null", part("form-data", "a"));
        refused(softly, "out_of_range", "purpose", field("purpose", "b".repeat(5000)));
        refused(
                softly,
                "out_of_range",
                "expires_after.seconds",
                purpose,
                field("expires_after[anchor]", "created_at"),
                field("expires_after[seconds]", "1"),
                file("a", "a"));
        Answer noBoundary = api.post("/v1/files", "multipart/form-data", "a");
        softly.assertThat(noBoundary.code()).isEqualTo("invalid_form");
        Answer cut =
                api.post(
                        "/v1/files",
                        "multipart/form-data; boundary=----boundary",
                        purpose + file("a", "a"));
        softly.assertThat(cut.code()).isEqualTo("invalid_form");
        Answer longHeader =
                api.post(
                        "/v1/files",
                        "multipart/form-data; boundary=----boundary",
                        "------boundary\r\nX: " + "x".repeat(100_000));
        softly.assertThat(longHeader.code()).isEqualTo("invalid_form");
        softly.assertThat(api.post("/v1/files", "text/plain", "a").status()).isEqualTo(415);
        softly.assertThat(api.get("/v1/files?limit=0").status()).isEqualTo(400);
        softly.assertThat(api.get("/v1/files?after=none").status()).isEqualTo(400);
        softly.assertThat(api.get("/v1/files?order=up").status()).isEqualTo(400);
        softly.assertThat(
                        api.json(
                                        "/v1/files",
                                        Caller.JSON
                                                .createObjectNode()
                                                .put("filename", "a")
                                                .put("purpose", "batch")
                                                .put("bytes", 3))
                                .code())
                .isEqualTo("no_upload_links");
        softly.assertAll();
        assertThat(api.get("/v1/files").body()).doesNotContain("\"filename\":\"a\"");
    }

    private void refused(SoftAssertions softly, String code, String param, String... parts) {
        Answer answer = api.form(parts);
        softly.assertThat(answer.status()).as(answer.body()).isEqualTo(400);
        softly.assertThat(answer.code()).as(answer.body()).isEqualTo(code);
        softly.assertThat(answer.json().path("error").path("param").asText())
                .as(answer.body())
                .isEqualTo(param);
    }

    /// The parser must not lose a byte where a boundary begins like the content, or is cut by a
    /// read.
    @Test
    void everyByteOfAFileArrives() {
        String content = ("\r\n------boundar\r\n--\r\n\r" + "x".repeat(997) + "\n").repeat(100);

        String id = api.upload(content);

        assertThat(api.get("/v1/files/" + id).json().path("bytes").asInt())
                .isEqualTo(content.length());
        assertThat(api.get("/v1/files/" + id + "/content").body()).isEqualTo(content);
    }

    @Test
    void contentsAreReadInRanges() {
        String path = "/v1/files/" + api.upload("0123456789") + "/content";

        assertThat(range(path, "bytes=2-4").body()).isEqualTo("234");
        assertThat(range(path, "bytes=2-4").status()).isEqualTo(206);
        assertThat(range(path, "bytes=2-4").header("content-range")).isEqualTo("bytes 2-4/10");
        assertThat(range(path, "bytes=2-4").header("content-length")).isEqualTo("3");
        assertThat(range(path, "bytes=7-").body()).isEqualTo("789");
        assertThat(range(path, "bytes=-2").body()).isEqualTo("89");
        assertThat(range(path, "bytes=8-99").body()).isEqualTo("89");
        assertThat(range(path, "bytes=10-").status()).isEqualTo(416);
        assertThat(range(path, "bytes=10-").header("content-range")).isEqualTo("bytes */10");
        // What is no range that is known, or none at all, is the whole (RFC 9110, section 14.2).
        assertThat(range(path, "lines=1-2").body()).isEqualTo("0123456789");
        assertThat(range(path, "bytes=1-2,4-5").body()).isEqualTo("0123456789");
        assertThat(api.get(path).header("content-length")).isEqualTo("10");
    }

    private Answer range(String path, String range) {
        return Caller.join(caller.send(caller.request(path).header("range", range).build()));
    }

    private JsonNode create(ObjectNode asked) {
        Answer answer = api.json("/v1/batches", asked);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json();
    }
}
