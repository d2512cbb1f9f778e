package io.penstock.http;

import static io.penstock.testing.Caller.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Budgets of the provider's account, in the provider's own judgement.
@QuarkusTest
@TestProfile(BudgetQuarkusTest.Budgets.class)
class BudgetQuarkusTest extends PenstockTest {

    public static class Budgets implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "penstock.flow.budgets.small.models", "small-*,tiny",
                    "penstock.flow.budgets.small.requests-per-minute", "600",
                    "penstock.flow.budgets.wordy.tokens-per-minute", "60000",
                    "penstock.flow.budgets.narrow.max-in-flight", "3",
                    "penstock.flow.start-concurrency", "7",
                    "penstock.flow.breaker-failures", "5",
                    "penstock.llm.max-attempts", "1");
        }
    }

    private static final Duration SOON = Duration.ofSeconds(30);

    @Test
    void aBatchStartsNoFasterThanItsModelsMay() {
        submit(50, "small-1", "slowly").awaitStatus("completed");

        List<JsonNode> log = provider.log("slowly");
        assertThat(log).hasSize(50);
        double seconds = (at(log.getLast()) - at(log.getFirst())) / 1000;
        // Ten a second, less the margin; half a second's worth may come at once.
        assertThat(seconds).isBetween(4.2, 7.0);
    }

    @Test
    void withoutABudgetTheProvidersHeadersSetThePace() {
        provider.behave("{\"requests\":\"1200/1m:bucket:1s\"}");

        submit(100, "paced", "by headers").awaitStatus("completed");

        List<JsonNode> log = provider.log("by headers");
        assertThat(log).hasSize(100);
        double seconds = (at(log.getLast()) - at(log.getFirst())) / 1000;
        // A bucket of twenty, and twenty a second.
        assertThat(seconds).isBetween(3.5, 8.0);
    }

    @Test
    void whereOthersHaveUsedMostOfItThePaceIsSlower() {
        provider.behave("{\"rpm\":1200}");
        for (int i = 0; i < 1_176; i++) {
            provider.complete("another program");
        }
        caller.complete(prompt("first").put("model", "few"));

        submit(20, "few", "what is left").awaitStatus("completed");

        List<JsonNode> log = provider.log("what is left");
        assertThat(log).hasSize(20).noneMatch(entry -> entry.path("limited").asBoolean());
        double seconds = (at(log.getLast()) - at(log.getFirst())) / 1000;
        // At twenty a second it would be one.
        assertThat(seconds).isGreaterThan(1.5);
    }

    @Test
    void whoWaitsInPersonGoesFirstAndIsToldWhatIsLeft() {
        Batch batch = submit(60, "tiny", "many");
        provider.await("requests=5", SOON);

        Answer answer = caller.complete(prompt("one").put("model", "tiny"));

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("x-ratelimit-limit-requests")).isEqualTo("579");
        assertThat(Integer.parseInt(answer.header("x-ratelimit-remaining-requests")))
                .isBetween(0, 579);
        assertThat(answer.header("x-ratelimit-reset-requests")).endsWith("ms");
        double waited = at(provider.log("one").getFirst()) - at(provider.log("many").get(4));
        assertThat(waited).isLessThan(1000);
        batch.awaitStatus("completed");
    }

    @Test
    void tokensAreCountedAndNotOnlyRequests() {
        // 1,000 tokens a second; each item has some 250 with its answer.
        String text = "words ".repeat(90);
        submit(20, "wordy", text).awaitStatus("completed");

        List<JsonNode> log = provider.log("words");
        int tokens =
                log.stream()
                        .mapToInt(entry ->
                                entry.path("prompt_tokens").asInt()
                                        + entry.path("completion_tokens").asInt())
                        .sum();
        double seconds = (at(log.getLast()) - at(log.getFirst())) / 1000;
        assertThat(tokens / seconds).isLessThan(1_400);
    }

    @Test
    void callsInFlightStayWithinTheBudget() {
        List<CompletableFuture<Answer>> answers = crowd("narrow");
        provider.await("in_flight=3", SOON);
        provider.open("crowd");
        answers.forEach(Caller::join);

        assertThat(provider.stats().path("peak_in_flight").asInt()).isEqualTo(3);
    }

    /// That nothing is known of the provider yet is no reason to refuse a caller.
    @Test
    void aProcessThatKnowsNothingYetLetsCallersInPersonStart() {
        List<CompletableFuture<Answer>> answers = crowd("begins");
        provider.await("in_flight=10", SOON);
        provider.open("crowd");

        assertThat(answers).allSatisfy(answer -> assertThat(answer.join().status()).isEqualTo(200));
    }

    @Test
    void aModelThatKeepsFailingIsLeftAloneForAWhileAndOthersGoOn() {
        for (int i = 0; i < 5; i++) {
            Answer failed =
                    caller.complete(
                            prompt("bad [[sim fault=server_error]]").put("model", "broken"));
            assertThat(failed.status()).isEqualTo(502);
        }

        Answer refused =
                caller.complete(prompt("tried").put("model", "broken").put("timeout_ms", 300));
        Answer other = caller.complete(prompt("other").put("model", "whole"));

        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.code()).isEqualTo("rejected");
        assertThat(Integer.parseInt(refused.header("retry-after"))).isBetween(1, 30);
        assertThat(provider.log("tried")).isEmpty();
        assertThat(other.status()).isEqualTo(200);
        awaitAnswered("broken");
    }

    /// Asks until there is an answer: the model is tried again by itself.
    private void awaitAnswered(String model) {
        long end = System.nanoTime() + SOON.toNanos();
        while (caller.complete(prompt("again").put("model", model)).status() != 200) {
            assertThat(System.nanoTime()).as("too late").isLessThan(end);
        }
    }

    private List<CompletableFuture<Answer>> crowd(String model) {
        return IntStream.range(0, 10)
                .mapToObj(i ->
                        caller.completeAsync(
                                prompt(model + i + " [[sim gate=crowd]]").put("model", model)))
                .toList();
    }

    private Batch submit(int count, String model, String text) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append(
                            Caller.JSON
                                    .createObjectNode()
                                    .put("prompt", text + " " + i)
                                    .put("model", model))
                    .append('\n');
        }
        return Batch.of(caller, Batch.submitLines(caller, lines.toString()));
    }

    private static double at(JsonNode entry) {
        return entry.path("at").asDouble();
    }
}
