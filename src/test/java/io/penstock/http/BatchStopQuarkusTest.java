package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A batch that its owner or its provider stops keeps what is finished, and goes on where it
/// stopped without making a call twice.
@QuarkusTest
class BatchStopQuarkusTest extends PenstockTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);

    @Test
    void cancellingKeepsWhatIsFinishedAndStartsNothingMore() {
        Batch batch = Batch.ofPrompts(caller, 900, "cancelled %d [[sim latency=500ms]]");
        batch.await(status -> status.path("completed").asInt() > 0);

        assertThat(batch.post("/cancel").status()).isEqualTo(202);
        double answeredAt = System.currentTimeMillis();
        assertThat(batch.post("/cancel").status()).isEqualTo(202);
        JsonNode done = batch.awaitStatus("cancelled");

        int completed = done.path("completed").asInt();
        assertThat(completed).isBetween(1, 899);
        assertThat(completed + done.path("cancelled").asInt()).isEqualTo(900);
        assertThat(done.path("errors").get(0).path("code").asText()).isEqualTo("batch_cancelled");
        List<JsonNode> calls = provider.log("cancelled");
        assertThat(calls.getLast().path("at").asDouble()).isLessThan(answeredAt + 2_000);
        assertThat(calls).hasSize(completed);
        assertThat(batch.post("/resume").status()).isEqualTo(409);
        assertThat(batch.post("/pause").status()).isEqualTo(409);
    }

    @Test
    void anItemThatWaitsForItsNextAttemptIsNotTriedAgainOnceCancelled() {
        Batch batch =
                Batch.of(
                        caller,
                        Batch.submit(
                                caller,
                                """
                                {"prompts":["waits [[sim fault=rate_limit retry_after=4]]"],"model":"patient"}
                                """));
        provider.await("ended=1", LIMIT);

        batch.post("/cancel");
        JsonNode cancelled = batch.awaitStatus("cancelled");

        assertThat(cancelled.path("cancelled").asInt()).isEqualTo(1);
        assertThat(cancelled.path("errors").get(0).path("code").asText())
                .isEqualTo("batch_cancelled");
        assertThat(provider.log("waits")).hasSize(1);
    }

    @Test
    void aPausedBatchGoesOnWhereItStopped() {
        Batch batch = Batch.ofPrompts(caller, 300, "paused %d [[sim latency=500ms]]");
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

    /// However often it stops, what is under way is kept: not one call is made twice.
    @Test
    void aBatchThatIsPausedAgainAndAgainRepeatsNothing() {
        int items = 2_000;
        Batch batch = Batch.ofPrompts(caller, items, "paused %d [[sim latency=40ms]]");
        int pauses = 0;
        for (int done = 0; done < items; pauses++) {
            int before = done;
            batch.await(status ->
                    status.path("completed").asInt() > before
                            || status.path("status").asText().equals("completed"));
            batch.post("/pause");
            provider.await("in_flight=0", LIMIT);
            done = batch.status().path("completed").asInt();
            batch.post("/resume");
        }
        batch.awaitStatus("completed");

        assertThat(provider.log("paused")).hasSize(items);
        assertThat(pauses).isGreaterThan(1);
    }

    @Test
    void aPausedBatchCanBeCancelledAndTheRestOfACancelledOneRetried() {
        Batch batch = Batch.ofPrompts(caller, 300, "rest %d [[sim latency=500ms]]");
        batch.await(status -> status.path("completed").asInt() > 0);
        assertThat(batch.post("/retry").code()).isEqualTo("not_terminal");
        assertThat(batch.post("/pause").status()).isEqualTo(202);

        assertThat(batch.post("/cancel").status()).isEqualTo(202);
        JsonNode cancelled = batch.awaitStatus("cancelled");
        Batch rest = Batch.of(caller, batch.post("/retry"));
        JsonNode done = rest.awaitStatus("completed");

        assertThat(Batch.sum(cancelled)).isEqualTo(300);
        assertThat(done.path("total").asInt())
                .isEqualTo(cancelled.path("cancelled").asInt())
                .isPositive();
        assertThat(done.path("completed")).isEqualTo(done.path("total"));
        List<String> called =
                provider.log("rest").stream().map(call -> call.path("key").asText()).toList();
        assertThat(called).hasSize(300).doesNotHaveDuplicates();
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
        Answer repeated = batch.post("/retry");
        assertThat(repeated.status()).isEqualTo(200);
        assertThat(Batch.of(caller, repeated).id()).isEqualTo(again.id());
        assertThat(
                        Caller.join(
                                        caller.send(
                                                caller.request("/batch/" + batch.id() + "/retry")
                                                        .header("idempotency-key", "another")
                                                        .POST(HttpRequest.BodyPublishers.noBody())
                                                        .build()))
                                .status())
                .isEqualTo(202);
    }

    @Test
    void anAccountWithoutCreditPausesTheBatchAndSpendsNoAttempts() {
        provider.behave("{\"fault\":\"quota\"}");
        Batch batch = Batch.of(caller, Batch.submit(caller, "{\"prompts\":[\"q1\",\"q2\"]}"));

        JsonNode paused = batch.awaitStatus("paused");
        assertThat(paused.path("reason").asText()).startsWith("quota_exhausted");
        assertThat(Caller.join(caller.send(caller.request("/q/metrics").build())).body())
                .contains("penstock_jobs_paused_total{reason=\"quota_exhausted\"}");
        assertThat(paused.path("pending").asInt()).isEqualTo(2);

        provider.behave("{}");
        batch.post("/resume");
        JsonNode done = batch.awaitStatus("completed");
        assertThat(done.path("completed").asInt()).isEqualTo(2);
    }

    @Test
    void creditThatRunsOutOnTheWayPausesTheBatchAndKeepsWhatIsFinished() {
        Batch batch =
                Batch.of(
                        caller,
                        Batch.submit(
                                caller,
                                """
                                {"prompts":["spent","unpaid [[sim gate=credit fault=quota times=1]]"],"timeout_ms":60000}
                                """));
        batch.await(status -> status.path("completed").asInt() == 1);
        provider.open("credit");

        JsonNode paused = batch.awaitStatus("paused");
        assertThat(paused.path("reason").asText()).startsWith("quota_exhausted");
        assertThat(paused.path("completed").asInt()).isEqualTo(1);
        assertThat(paused.path("pending").asInt()).isEqualTo(1);
        assertThat(Batch.indices(batch.get("/results"))).containsExactly(0);

        assertThat(batch.post("/resume").status()).isEqualTo(202);
        provider.open("credit");
        JsonNode done = batch.awaitStatus("completed");
        assertThat(done.path("completed").asInt()).isEqualTo(2);
        assertThat(Batch.lines(batch.get("/results?order=input")).get(1).path("attempts").asInt())
                .isEqualTo(2);
        assertThat(provider.log("spent")).hasSize(1);
        assertThat(provider.log("unpaid")).hasSize(2);
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
    void whatHasEndedStaysAsItEnded() {
        Batch done = Batch.of(caller, Batch.submit(caller, "{\"prompts\":[\"a\"]}"));
        done.awaitStatus("completed");

        for (String action : List.of("/cancel", "/pause", "/resume")) {
            Answer answer = done.post(action);
            assertThat(answer.status()).as(action).isEqualTo(409);
            assertThat(answer.code()).as(action).isEqualTo("wrong_state");
            assertThat(answer.json().path("error").path("message").asText())
                    .as(action)
                    .startsWith("The batch has ended as completed and cannot be ");
        }
        assertThat(done.status().path("status").asText()).isEqualTo("completed");
    }

    @Test
    void whatIsAskedForAgainChangesNothing() {
        Batch batch =
                Batch.of(caller, Batch.submit(caller, "{\"prompts\":[\"a [[sim gate=again]]\"]}"));

        assertThat(batch.post("/resume").status()).isEqualTo(202);
        assertThat(batch.post("/pause").status()).isEqualTo(202);
        assertThat(batch.post("/pause").json().path("status").asText()).isEqualTo("paused");
        assertThat(batch.post("/resume").status()).isEqualTo(202);
        assertThat(batch.post("/resume").json().path("status").asText()).isEqualTo("processing");
        assertThat(batch.post("/cancel").status()).isEqualTo(202);
        assertThat(batch.post("/cancel").status()).isEqualTo(202);
        for (String action : List.of("/pause", "/resume")) {
            assertThat(batch.post(action).code()).as(action).isEqualTo("wrong_state");
        }
        provider.open("again");
        batch.awaitStatus("cancelled");
        assertThat(batch.post("/cancel").status()).isEqualTo(202);
        assertThat(batch.post("/resume").status()).isEqualTo(409);
    }
}
