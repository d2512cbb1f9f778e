package io.penstock.store.aws;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.Emulators;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.api.SoftAssertions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

/// Batches whose items are in a file of the caller's, from their submission to their results.
@QuarkusTest
@WithTestResource(AwsBatchQuarkusTest.Aws.class)
class AwsBatchQuarkusTest extends PenstockTest {

    private static final String INPUTS = "penstock-inputs";

    @Inject S3Client s3;

    public static class Aws implements QuarkusTestResourceLifecycleManager {

        private @Nullable Emulators emulators;

        @Override
        public Map<String, String> start() {
            Emulators started = Emulators.start();
            emulators = started;
            started.bucket(INPUTS);
            Map<String, String> settings =
                    new HashMap<>(
                            started.settings(
                                    started.table("penstock"),
                                    started.bucket("penstock"),
                                    started.queues("penstock", Duration.ofSeconds(30), 3)));
            settings.put("penstock.engine", "aws");
            stage(settings, 0, "extract", "Extract [[sim fault=server_error times=1]] {input}");
            stage(
                    settings,
                    1,
                    "analyze",
                    "Analyze [[sim fault=close_body times=1]] {extract.result}");
            stage(
                    settings,
                    2,
                    "summarize",
                    "Summarize [[sim fault=bad_request times=1]] {analyze.result}");
            settings.put("penstock.store.input-buckets", INPUTS + ",penstock-absent");
            return settings;
        }

        private static void stage(
                Map<String, String> settings, int number, String name, String prompt) {
            String key = "penstock.pipelines.uphill.stages[" + number + "].";
            settings.put(key + "name", name);
            settings.put(key + "prompt", prompt);
        }

        @Override
        public void stop() {
            if (emulators != null) {
                emulators.close();
            }
        }
    }

    @Test
    void aFileOfThousandsOfLinesRunsToItsEnd() {
        int count = 3_000;
        put(
                "in/a file, 100%.jsonl",
                IntStream.range(0, count)
                        .mapToObj(i ->
                                "{\"custom_id\":\"c%d\",\"prompt\":\"line %d.\"}\n".formatted(i, i))
                        .collect(Collectors.joining()));

        Answer submitted = submit("s3://" + INPUTS + "/in/a file, 100%.jsonl");

        assertThat(submitted.status()).as(submitted.body()).isEqualTo(202);
        Batch batch = Batch.of(caller, submitted);
        JsonNode ended = batch.awaitStatus("completed");
        assertThat(ended.path("total").asInt()).isEqualTo(count);
        assertThat(ended.path("completed").asInt()).isEqualTo(count);
        assertThat(ended.path("results").isNull()).isTrue();
        Answer all =
                Caller.join(
                        caller.send(
                                caller.request(ended.path("results_url").asText() + "?order=input")
                                        .build()));
        List<JsonNode> lines = Batch.lines(all);
        assertThat(lines).hasSize(count);
        for (int i = 0; i < count; i++) {
            assertThat(lines.get(i).path("index").asInt()).isEqualTo(i);
            assertThat(lines.get(i).path("custom_id").asText()).isEqualTo("c" + i);
            assertThat(lines.get(i).path("result").asText()).endsWith(" line " + i + ".");
        }
        // More than one for each only where an attempt failed, as on a machine that is too busy.
        assertThat(provider.stats().path("requests").asInt())
                .isEqualTo(lines.stream().mapToInt(line -> line.path("attempts").asInt()).sum());
    }

    /// DynamoDB takes no more than 400 KB in an item.
    @Test
    void aLongTextThatAllItemsBeginWithIsNoBurdenOnTheTable() {
        String system = "s".repeat(500_000);
        String body =
                Caller.JSON
                        .createObjectNode()
                        .put("system", system)
                        .put("priority", "high")
                        .set("prompts", Caller.JSON.createArrayNode().add("one").add("two"))
                        .toString();
        String file = "s3://" + INPUTS + "/long.jsonl";
        put("long.jsonl", "{\"prompt\":\"one\"}\n{\"prompt\":\"two\"}\n");

        for (Answer submitted :
                List.of(
                        Batch.submit(caller, body),
                        Batch.submit(
                                caller,
                                Caller.JSON
                                        .createObjectNode()
                                        .put("system", system)
                                        .put("input", file)
                                        .toString()))) {
            assertThat(submitted.status()).as(submitted.body()).isEqualTo(202);
            JsonNode ended = Batch.of(caller, submitted).awaitStatus("completed");
            assertThat(ended.path("completed").asInt()).isEqualTo(2);
        }
        assertThat(provider.stats().path("requests").asInt()).isEqualTo(4);
    }

    @Test
    void whatCannotBeAnIdIsNone() {
        for (String path :
                List.of("/batch/%s", "/batch/%s/results", "/v1/batches/%s", "/v1/files/%s")) {
            for (String id : List.of("x".repeat(2_500), "a%0Ab")) {
                Answer answer =
                        Caller.join(caller.send(caller.request(path.formatted(id)).build()));

                assertThat(answer.status()).as(path).isEqualTo(404);
            }
        }
    }

    /// Each document's first call fails in each stage, in the last one for good.
    @Test
    void fiftyDocumentsGoThroughThreeStagesAndWhatFailsGoesOnFromThere() {
        put(
                "documents.jsonl",
                IntStream.range(0, 50)
                        .mapToObj(i ->
                                "{\"custom_id\":\"c%d\",\"prompt\":\"document %d.\"}\n"
                                        .formatted(i, i))
                        .collect(Collectors.joining()));
        Batch batch =
                Batch.of(
                        caller,
                        Batch.submit(
                                caller,
                                Caller.JSON
                                        .createObjectNode()
                                        .put("input", "s3://" + INPUTS + "/documents.jsonl")
                                        .put("pipeline", "uphill")
                                        .toString()));
        JsonNode first = batch.awaitStatus("completed");

        assertThat(first.path("failed").asInt()).as(first.toString()).isEqualTo(50);
        assertThat(first.path("errors").findValuesAsText("stage")).containsOnly("summarize");
        Batch again = Batch.of(caller, batch.post("/retry"));
        JsonNode second = again.awaitStatus("completed");

        assertThat(second.path("completed").asInt()).as(second.toString()).isEqualTo(50);
        for (String stage : List.of("Extract", "Analyze", "Summarize")) {
            assertThat(
                            provider.log(stage).stream()
                                    .filter(call -> call.path("key").asText().startsWith(stage)))
                    .hasSize(100);
        }
        List<JsonNode> lines = Batch.lines(again.get("/results?order=input"));
        for (int i = 0; i < 50; i++) {
            assertThat(lines.get(i).path("custom_id").asText()).isEqualTo("c" + i);
            assertThat(lines.get(i).path("stages").findValuesAsText("name"))
                    .containsExactly("extract", "analyze", "summarize");
            assertThat(lines.get(i).path("final_result").asText()).endsWith(" document " + i + ".");
        }
    }

    @Test
    void aFileThatCannotBeReadIsNoBatch() {
        List<String> before = jobs();
        SoftAssertions softly = new SoftAssertions();
        for (String[] one :
                new String[][] {
                    {"s3://penstock/jobs/a/input.jsonl", "unreadable_input", "input-buckets"},
                    {"s3://no-such-bucket/key", "unreadable_input", "input-buckets"},
                    {"s3://penstock-absent/key", "unreadable_input", "There is no file"},
                    {"s3://" + INPUTS + "/none", "unreadable_input", "There is no file"},
                    {"s3://" + INPUTS + "/", "out_of_range", "s3://bucket/key"},
                    {"s3://" + INPUTS, "out_of_range", "s3://bucket/key"},
                    {"s3://Upper/key", "out_of_range", "lower-case"},
                    {"s3://-a-/key", "out_of_range", "lower-case"},
                    {"s3://a/key", "out_of_range", "3 to 63"},
                    {"https://" + INPUTS + ".s3.amazonaws.com/key", "out_of_range", "s3://"}
                }) {
            Answer answer = submit(one[0]);
            JsonNode error = answer.json().path("error");
            softly.assertThat(answer.status()).as(one[0]).isEqualTo(400);
            softly.assertThat(answer.code()).as(one[0]).isEqualTo(one[1]);
            softly.assertThat(error.path("param").asText()).as(one[0]).isEqualTo("input");
            softly.assertThat(error.path("message").asText()).as(one[0]).contains(one[2]);
        }
        softly.assertAll();
        assertThat(jobs()).isEqualTo(before);
    }

    /// The lines are read after the answer, as there may be millions.
    @Test
    void aFileWithABadLineFailsItsBatchByTheLinesNumber() {
        String good = "{\"prompt\":\"good\"}\n";
        Map<String, String> files =
                Map.of(
                        good + "\n{\"prompt\":\n",
                        "Line 3: It is not valid JSON",
                        good + "{\"prompt\":\"half \\ud83d\"}\n",
                        "Line 2: \"prompt\" has half",
                        good + good + "{\"promt\":\"a\"}",
                        "Line 3: \"promt\" is not a field",
                        "\n\n",
                        "no items");
        files.forEach((file, reason) -> {
            put("bad.jsonl", file);

            Batch batch = Batch.of(caller, submit("s3://" + INPUTS + "/bad.jsonl"));

            JsonNode failed = batch.awaitStatus("failed");
            assertThat(failed.path("reason").asText()).contains(reason);
            assertThat(failed.path("total").asInt()).isZero();
            assertThat(batch.get("/results").body()).isEmpty();
        });
        assertThat(provider.stats().path("requests").asInt()).isZero();
    }

    @Test
    void whatWasTakenUnderAKeyIsKnownWhenItsFileIsGone() {
        put("once.jsonl", "{\"prompt\":\"once\"}\n");
        String body = "{\"input\":\"s3://" + INPUTS + "/once.jsonl\"}";
        Answer first = Batch.submit(caller, body, "Idempotency-Key", "once");
        Batch.of(caller, first).awaitStatus("completed");
        s3.deleteObject(d -> d.bucket(INPUTS).key("once.jsonl"));

        Answer second = Batch.submit(caller, body, "Idempotency-Key", "once");

        assertThat(second.status()).isEqualTo(200);
        assertThat(second.json().path("job_id")).isEqualTo(first.json().path("job_id"));
        assertThat(Batch.submit(caller, body, "Idempotency-Key", "twice").status()).isEqualTo(400);
    }

    private void put(String key, String text) {
        s3.putObject(p -> p.bucket(INPUTS).key(key), RequestBody.fromString(text));
    }

    private Answer submit(String source) {
        return Batch.submit(caller, Caller.JSON.createObjectNode().put("input", source).toString());
    }

    private List<String> jobs() {
        return Caller.join(caller.send(caller.request("/batch?limit=100").build()))
                .json()
                .path("data")
                .findValuesAsText("job_id");
    }
}
