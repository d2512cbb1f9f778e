package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// A batch from its submission to its deletion, as its owner and the provider see it.
@QuarkusTest
class BatchQuarkusTest extends PenstockTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);

    @Test
    void theShortFormAnswersInInputOrderWithFailuresApart() {
        Answer submitted =
                Batch.submit(
                        caller,
                        """
                        {"prompts":["one","two [[sim fault=bad_request]]","three"],"temperature":0.5}
                        """);

        assertThat(submitted.status()).isEqualTo(202);
        Batch batch = Batch.of(caller, submitted);
        assertThat(submitted.header("location")).isEqualTo("/batch/" + batch.id());
        JsonNode done = batch.awaitStatus("completed");
        assertThat(done.path("completed").asInt()).isEqualTo(2);
        assertThat(done.path("failed").asInt()).isEqualTo(1);
        assertThat(done.path("total").asInt()).isEqualTo(3);
        assertThat(done.path("pending").asInt()).isZero();
        assertThat(done.path("results").get(0).asText()).endsWith("one");
        assertThat(done.path("results").get(1).isNull()).isTrue();
        assertThat(done.path("results").get(2).asText()).endsWith("three");
        assertThat(done.path("errors")).hasSize(1);
        assertThat(done.path("errors").get(0).path("index").asInt()).isEqualTo(1);
        assertThat(done.path("errors").get(0).path("code").asText()).isEqualTo("invalid_request");
        assertThat(done.path("usage").path("total_tokens").asInt()).isPositive();
        assertThat(provider.stats().path("requests").asInt()).isEqualTo(3);
    }

    @Test
    void itemsHaveTheirOwnNamesAndOptions() {
        Batch batch =
                Batch.of(
                        caller,
                        Batch.submit(
                                caller,
                                """
                                {"model":"gpt-4o","max_tokens":1000,"items":[
                                  {"custom_id":"a","prompt":"first"},
                                  {"custom_id":"b","prompt":"one two three","model":"simulated","max_tokens":2}]}
                                """));

        batch.awaitStatus("completed");

        List<JsonNode> lines = Batch.lines(batch.get("/results?order=input"));
        assertThat(lines.get(0).path("custom_id").asText()).isEqualTo("a");
        assertThat(lines.get(0).path("model").asText()).startsWith("gpt-4o");
        assertThat(lines.get(1).path("model").asText()).startsWith("simulated");
        assertThat(lines.get(1).path("finish_reason").asText()).isEqualTo("length");
        assertThat(lines.get(1).path("attempts").asInt()).isEqualTo(1);
    }

    @Test
    void jsonLinesMayBeOursOrOpenAis() {
        Answer submitted =
                Batch.submitLines(
                        caller,
                        """
                        {"custom_id":"ours","prompt":"ours it is"}

                        {"custom_id":"theirs","method":"POST","url":"/v1/chat/completions","body":{"model":"simulated","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"theirs it is"}],"seed":7}}
                        {"custom_id":"empty","method":"POST","url":"/v1/chat/completions","body":{"model":"simulated","messages":[{"role":"user"}]}}
                        """);

        JsonNode done = Batch.of(caller, submitted).awaitStatus("completed");

        assertThat(done.path("results").get(0).asText()).endsWith("ours it is");
        assertThat(done.path("results").get(1).asText()).endsWith("theirs it is");
        assertThat(done.path("errors").get(0).path("custom_id").asText()).isEqualTo("empty");
    }

    @Test
    void threeHundredReviewsAreClassified() throws IOException {
        String reviews = Files.readString(Path.of("examples", "sentiment.jsonl"));
        Batch batch = Batch.of(caller, Batch.submitLines(caller, reviews));

        int last = 0;
        JsonNode status = batch.status();
        while (!status.path("status").asText().equals("completed")) {
            int ended = status.path("completed").asInt() + status.path("failed").asInt();
            assertThat(ended).isGreaterThanOrEqualTo(last);
            assertThat(ended + status.path("pending").asInt()).isEqualTo(300);
            last = ended;
            status = batch.status();
        }

        assertThat(status.path("completed").asInt()).isEqualTo(300);
        Set<String> answers = new HashSet<>();
        status.path("results").forEach(answer -> answers.add(answer.asText()));
        assertThat(answers).containsExactlyInAnyOrder("positive", "negative", "neutral");
        assertThat(provider.stats().path("requests").asInt()).isEqualTo(300);
    }

    @Test
    void anUnknownBatchIsNotFoundAtAnyPath() {
        Batch none = new Batch(caller, "batch_none");

        for (Answer answer :
                List.of(
                        none.get(""),
                        none.get("/results"),
                        none.get("/events"),
                        none.post("/cancel"),
                        none.post("/pause"),
                        none.post("/resume"),
                        none.post("/retry"),
                        none.delete())) {
            assertThat(answer.status()).isEqualTo(404);
            assertThat(answer.code()).isEqualTo("not_found");
        }
    }

    @Test
    void resultsAreReadWhileOthersStillRun() {
        Batch batch =
                Batch.of(
                        caller,
                        Batch.submit(
                                caller,
                                """
                                {"prompts":["zero","one","held [[sim gate=early]]","three"],"timeout_ms":60000}
                                """));

        batch.await(status -> status.path("completed").asInt() == 3);
        Answer first = batch.get("/results?limit=2");
        Answer second = batch.get("/results?limit=2&after=" + first.header("x-next-cursor"));
        List<Integer> read = new ArrayList<>(indices(first));
        read.addAll(indices(second));
        assertThat(read).containsExactlyInAnyOrder(0, 1, 3);
        assertThat(indices(batch.get("/results?order=input"))).containsExactly(0, 1);
        assertThat(batch.status().path("results").isNull()).isTrue();

        provider.open("early");
        batch.awaitStatus("completed");

        Answer rest = batch.get("/results?after=" + second.header("x-next-cursor"));
        assertThat(indices(rest)).containsExactly(2);
        assertThat(indices(batch.get("/results?order=input"))).containsExactly(0, 1, 2, 3);
        Answer page = batch.get("/results?order=input&limit=3");
        assertThat(indices(page)).containsExactly(0, 1, 2);
        assertThat(indices(batch.get("/results?order=input&after=" + page.header("x-next-cursor"))))
                .containsExactly(3);
    }

    @Test
    void eventsTellOfProgressUntilTheEnd() {
        Batch batch =
                Batch.of(
                        caller,
                        Batch.submit(caller, "{\"prompts\":[\"a\",\"b [[sim gate=events]]\"]}"));
        CompletableFuture<Answer> events =
                caller.send(caller.request("/batch/" + batch.id() + "/events").build());

        batch.await(status -> status.path("completed").asInt() == 1);
        provider.open("events");

        List<JsonNode> seen = Caller.join(events).events();
        assertThat(seen.getLast().path("status").asText()).isEqualTo("completed");
        assertThat(seen.getLast().path("completed").asInt()).isEqualTo(2);
        assertThat(seen.stream().map(event -> event.path("completed").asInt()).toList()).isSorted();
    }

    @Test
    void cancellingKeepsWhatIsFinishedAndStartsNothingMore() {
        String prompts =
                IntStream.range(0, 300)
                        .mapToObj(i -> "\"cancelled " + i + " [[sim latency=500ms]]\"")
                        .collect(Collectors.joining(","));
        Batch batch = Batch.of(caller, Batch.submit(caller, "{\"prompts\":[" + prompts + "]}"));
        batch.await(status -> status.path("completed").asInt() > 0);

        assertThat(batch.post("/cancel").status()).isEqualTo(202);
        double answeredAt = System.currentTimeMillis();
        assertThat(batch.post("/cancel").status()).isEqualTo(202);
        JsonNode done = batch.awaitStatus("cancelled");

        int completed = done.path("completed").asInt();
        assertThat(completed).isBetween(1, 299);
        assertThat(completed + done.path("cancelled").asInt()).isEqualTo(300);
        assertThat(done.path("errors").get(0).path("code").asText()).isEqualTo("batch_cancelled");
        List<JsonNode> calls = provider.log("cancelled");
        assertThat(calls.getLast().path("at").asDouble()).isLessThan(answeredAt + 2_000);
        assertThat(calls).hasSize(completed);
        assertThat(batch.post("/resume").status()).isEqualTo(409);
        assertThat(batch.post("/pause").status()).isEqualTo(409);
    }

    @Test
    void aPausedBatchGoesOnWhereItStopped() {
        String prompts =
                IntStream.range(0, 300)
                        .mapToObj(i -> "\"paused " + i + " [[sim latency=500ms]]\"")
                        .collect(Collectors.joining(","));
        Batch batch = Batch.of(caller, Batch.submit(caller, "{\"prompts\":[" + prompts + "]}"));
        batch.await(status -> status.path("completed").asInt() > 0);

        assertThat(batch.post("/pause").json().path("status").asText()).isEqualTo("paused");
        double answeredAt = System.currentTimeMillis();
        provider.await("in_flight=0", LIMIT);
        JsonNode paused = batch.status();
        assertThat(paused.path("status").asText()).isEqualTo("paused");
        assertThat(paused.path("reason").asText()).startsWith("user");
        assertThat(provider.log("paused").getLast().path("at").asDouble())
                .isLessThan(answeredAt + 2_000);
        assertThat(batch.delete().code()).isEqualTo("not_terminal");

        assertThat(batch.post("/resume").status()).isEqualTo(202);
        JsonNode done = batch.awaitStatus("completed");

        assertThat(done.path("completed").asInt()).isEqualTo(300);
        assertThat(provider.log("paused")).hasSize(300);
    }

    @Test
    void onlyWhatFailedIsRetried() {
        Batch batch =
                Batch.of(
                        caller,
                        Batch.submit(
                                caller,
                                """
                                {"items":[{"custom_id":"good","prompt":"good"},
                                  {"custom_id":"bad","prompt":"bad [[sim fault=bad_request times=1]]"}]}
                                """));
        batch.awaitStatus("completed");

        Answer answer = batch.post("/retry");
        Batch again = Batch.of(caller, answer);
        JsonNode done = again.awaitStatus("completed");

        assertThat(answer.status()).isEqualTo(202);
        assertThat(done.path("total").asInt()).isEqualTo(1);
        assertThat(done.path("completed").asInt()).isEqualTo(1);
        assertThat(done.path("retry_of").asText()).isEqualTo(batch.id());
        assertThat(Batch.lines(again.get("/results")).getFirst().path("custom_id").asText())
                .isEqualTo("bad");
        assertThat(provider.log("good")).hasSize(1);
        assertThat(again.post("/retry").code()).isEqualTo("empty_batch");
    }

    @Test
    void batchesAreListedNewestFirstAndForgottenWhenDeleted() {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Batch batch =
                    Batch.of(caller, Batch.submit(caller, "{\"prompts\":[\"listed " + i + "\"]}"));
            batch.awaitStatus("completed");
            ids.addFirst(batch.id());
        }

        JsonNode page = list("?limit=2");
        JsonNode next = list("?limit=1&status=completed&after=" + ids.get(1));

        assertThat(page.path("has_more").asBoolean()).isTrue();
        assertThat(page.path("data").findValuesAsText("job_id"))
                .containsExactly(ids.get(0), ids.get(1));
        assertThat(next.path("data").findValuesAsText("job_id")).containsExactly(ids.get(2));
        Batch last = new Batch(caller, ids.getFirst());
        assertThat(last.delete().status()).isEqualTo(204);
        assertThat(last.get("").status()).isEqualTo(404);
        assertThat(last.delete().status()).isEqualTo(404);
    }

    @Test
    void theSameSubmissionUnderOneKeyIsOneBatch() {
        String key = "key-" + UUID.randomUUID();
        String body = "{\"prompts\":[\"once only\"]}";

        Answer first = Batch.submit(caller, body, "Idempotency-Key", key);
        Answer second = Batch.submit(caller, body, "Idempotency-Key", key);
        Answer other = Batch.submit(caller, "{\"prompts\":[\"another\"]}", "Idempotency-Key", key);

        assertThat(first.status()).isEqualTo(202);
        assertThat(second.status()).isEqualTo(200);
        assertThat(second.json()).isEqualTo(first.json());
        assertThat(other.status()).isEqualTo(409);
        assertThat(other.code()).isEqualTo("idempotency_conflict");
        Batch.of(caller, first).awaitStatus("completed");
        assertThat(provider.log("once only")).hasSize(1);
        assertThat(provider.log("another")).isEmpty();
    }

    @Test
    void anAccountWithoutCreditPausesTheBatchAndSpendsNoAttempts() {
        provider.behave("{\"fault\":\"quota\"}");
        Batch batch = Batch.of(caller, Batch.submit(caller, "{\"prompts\":[\"q1\",\"q2\"]}"));

        JsonNode paused = batch.awaitStatus("paused");
        assertThat(paused.path("reason").asText()).startsWith("quota_exhausted");
        assertThat(paused.path("pending").asInt()).isEqualTo(2);

        provider.behave("{}");
        batch.post("/resume");
        JsonNode done = batch.awaitStatus("completed");
        assertThat(done.path("completed").asInt()).isEqualTo(2);
    }

    @Test
    void aProviderThatIsAwayFailsNoItem() {
        provider.behave("{\"fault\":\"reset\"}");
        Batch batch = Batch.of(caller, Batch.submit(caller, "{\"prompts\":[\"w1\",\"w2\"]}"));

        provider.await("ended=6", LIMIT);
        assertThat(batch.status().path("failed").asInt()).isZero();
        provider.behave("{}");

        JsonNode done = batch.awaitStatus("completed");
        assertThat(done.path("completed").asInt()).isEqualTo(2);
    }

    @Test
    void aSmallBatchEndsSoonAfterItsLastAnswer() {
        Batch batch =
                Batch.of(
                        caller,
                        Batch.submit(caller, "{\"prompts\":[\"1\",\"2\",\"3\",\"4\",\"5\"]}"));

        JsonNode done = batch.awaitStatus("completed");

        double lastAnswer =
                provider.log("").stream()
                        .mapToDouble(entry -> entry.path("ended_at").asDouble())
                        .max()
                        .orElseThrow();
        double finished = java.time.Instant.parse(done.path("finished_at").asText()).toEpochMilli();
        System.out.printf("From the last answer to the end: %.0f ms%n", finished - lastAnswer);
    }

    private JsonNode list(String query) {
        return Caller.join(caller.send(caller.request("/batch" + query).build())).json();
    }

    private static List<Integer> indices(Answer results) {
        return Batch.lines(results).stream().map(line -> line.path("index").asInt()).toList();
    }
}
