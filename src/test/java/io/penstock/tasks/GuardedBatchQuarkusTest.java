package io.penstock.tasks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.PenstockTest;
import io.penstock.testing.Provider;
import io.quarkus.test.junit.QuarkusTest;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

/// What stands around a task's method, in a batch: fault tolerance, tools and guardrails, as the
/// batch's owner and the provider see them.
@QuarkusTest
class GuardedBatchQuarkusTest extends PenstockTest {

    /// The tool's call, all attempts of the next, and the two calls of another run.
    private static final int RUN_AGAIN = 1 + 3 + 2;

    @Test
    void aTimeoutEndsTheCallAtTheProvider() {
        Batch batch = batch("timed", 8, i -> i < 2 ? "[[sim fault=hang]]" : "quick");

        List<JsonNode> lines = ended(batch);
        for (JsonNode line : lines) {
            boolean hangs = line.path("index").asInt() < 2;
            assertThat(line.path("error").path("code").asText()).isEqualTo(hangs ? "timeout" : "");
        }
        List<JsonNode> hung = new ArrayList<>(provider.log("Row 0 "));
        hung.addAll(provider.log("Row 1 "));
        assertThat(hung).isNotEmpty();
        for (JsonNode call : hung) {
            assertThat(call.path("end").asText()).isEqualToIgnoringCase("aborted");
            assertThat(call.path("ended_at").asDouble() - call.path("at").asDouble())
                    .isLessThan(10_000);
        }
        assertCounted(lines);
    }

    @Test
    void aBulkheadLetsTheRestOfTheRowsWait() {
        Batch batch = batch("narrow", 12, _ -> "[[sim gate=narrow]]");
        provider.await("in_flight=2", Duration.ofSeconds(20));
        provider.open("narrow");

        List<JsonNode> lines = ended(batch);

        assertThat(lines).allMatch(line -> line.has("result"));
        assertThat(Provider.peak(provider.wholeLog())).isEqualTo(2);
        assertCounted(lines);
    }

    @Test
    void aRetryRunsTheMethodAgainWithItsReask() {
        List<JsonNode> lines =
                ended(
                        batch(
                                "stubborn",
                                3,
                                i -> "[[sim fault=misfit times=" + List.of(1, 3, 9).get(i) + "]]"));

        assertThat(lines.get(0).path("attempts").asInt()).isEqualTo(2);
        assertThat(lines.get(1).path("attempts").asInt()).isEqualTo(4);
        assertThat(lines.get(1).path("result").isTextual()).isTrue();
        assertThat(lines.get(2).path("attempts").asInt()).isEqualTo(6);
        assertThat(lines.get(2).path("error").path("code").asText()).isEqualTo("invalid_answer");
        assertCounted(lines);
    }

    @Test
    void aFallbacksValueIsToldFromAModels() {
        List<JsonNode> lines =
                ended(batch("spare", 4, i -> i % 2 == 0 ? "[[sim fault=bad_request]]" : "well"));

        for (JsonNode line : lines) {
            boolean spared = line.path("index").asInt() % 2 == 0;
            assertThat(line.path("fallback").asBoolean()).isEqualTo(spared);
            assertThat(line.path("model").isNull()).isEqualTo(spared);
            assertThat(line.path("usage").isNull()).isEqualTo(spared);
        }
        assertThat(lines.getFirst().path("result").asText()).isEqualTo("CALM");
        assertCounted(lines);
    }

    @Test
    void anOpenCircuitHoldsTheRowsUntilItCloses() {
        List<JsonNode> lines =
                ended(batch("fused", 12, i -> i < 6 ? "[[sim fault=bad_request]]" : "well"));

        for (JsonNode line : lines) {
            assertThat(line.has("error")).isEqualTo(line.path("index").asInt() < 6);
            assertThat(line.path("error").path("code").asText()).isNotEqualTo("rejected");
        }
        assertCounted(lines);
    }

    @Test
    void aRefusedCallNeverRunsAToolTwice() {
        Guarded.Orders.RUNS.clear();
        String mark = "[[sim tool fault=rate_limit rate=0.4 retry_after_ms=5]]";
        Batch batch = batch("ordering", 20, _ -> mark);

        List<JsonNode> lines = ended(batch);

        assertThat(Guarded.Orders.RUNS).hasSize(20);
        for (JsonNode line : lines) {
            assertThat(line.has("result")).as(line.toString()).isTrue();
            int runs =
                    Guarded.Orders.RUNS.getOrDefault(
                            batch.id() + "/" + line.path("index").asInt(), 0);
            int attempts = line.path("attempts").asInt();
            // Only a row of which a call was refused in all its attempts is run again.
            assertThat(runs).as(line.toString()).isBetween(1, attempts < RUN_AGAIN ? 1 : attempts);
        }
        assertThat(provider.wholeLog())
                .as("some were refused")
                .anyMatch(call -> call.path("status").asInt() == 429);
        assertCounted(lines);
    }

    @Test
    void aGuardrailsSecondAnswerCounts() {
        List<JsonNode> lines = ended(batch("polite", 2, _ -> "Thanks"));

        for (JsonNode line : lines) {
            assertThat(line.path("attempts").asInt()).as(line.toString()).isEqualTo(2);
        }
        assertCounted(lines);
    }

    /// Each row has one outcome, and the rows' attempts and usage are what the provider has seen.
    private void assertCounted(List<JsonNode> lines) {
        assertThat(lines.stream().map(line -> line.path("index").asInt()).distinct())
                .hasSize(lines.size());
        List<JsonNode> log = provider.wholeLog();
        assertThat(sum(lines, "attempts")).isEqualTo(log.size());
        List<JsonNode> answered =
                log.stream().filter(call -> call.path("status").asInt() == 200).toList();
        int used =
                lines.stream()
                        .mapToInt(line -> line.path("usage").path("total_tokens").asInt())
                        .sum();
        assertThat(used)
                .isEqualTo(sum(answered, "prompt_tokens") + sum(answered, "completion_tokens"));
    }

    private static int sum(List<JsonNode> all, String field) {
        return all.stream().mapToInt(one -> one.path(field).asInt()).sum();
    }

    private static List<JsonNode> ended(Batch batch) {
        batch.awaitStatus("completed");
        return Batch.lines(batch.get("/results?order=input"));
    }

    private Batch batch(String task, int rows, IntFunction<String> text) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < rows; i++) {
            lines.append(
                            Caller.JSON
                                    .createObjectNode()
                                    .put("text", "Row " + i + " " + text.apply(i)))
                    .append('\n');
        }
        return Batch.of(
                caller,
                Caller.join(
                        caller.send(
                                caller.request("/batch?task=" + task)
                                        .header("content-type", "application/jsonl")
                                        .POST(HttpRequest.BodyPublishers.ofString(lines.toString()))
                                        .build())));
    }
}
