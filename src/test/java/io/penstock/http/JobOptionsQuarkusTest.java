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
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What is asked of a job as a whole: what it may cost, and how it stands to other jobs. And models
/// that stand in for others.
@QuarkusTest
@TestProfile(JobOptionsQuarkusTest.Priced.class)
class JobOptionsQuarkusTest extends PenstockTest {

    public static class Priced implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "penstock.llm.prices.\"gpt-4o-mini\".input", "1000",
                    "penstock.llm.prices.\"gpt-4o-mini\".output", "2000",
                    "penstock.llm.fallbacks.down", "up",
                    "penstock.flow.budgets.busy.requests-per-minute", "3000",
                    "penstock.batch.chunk-items", "100",
                    "penstock.batch.workers", "2",
                    "penstock.llm.timeout", "30s");
        }
    }

    @Test
    void whatAJobCostsIsAddedUp() {
        Batch batch = submit("{\"prompts\":[\"one\",\"two three\"]}");
        JsonNode done = batch.awaitStatus("completed");

        JsonNode usage = done.path("usage");
        assertThat(done.path("cost").decimalValue())
                .isEqualByComparingTo(
                        java.math.BigDecimal.valueOf(
                                usage.path("prompt_tokens").asLong() * 1000
                                        + usage.path("completion_tokens").asLong() * 2000,
                                6));
    }

    @Test
    void optionsThatAreTooLongAreRefused() {
        Caller.Answer answer =
                Batch.submit(
                        caller,
                        "{\"prompts\":[\"one\"],\"system\":\"" + "s".repeat(1 << 20) + "\"}");

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.code()).isEqualTo("prompt_too_long");
        assertThat(answer.body()).contains("1048576");
    }

    @Test
    void aJobStopsAtItsCostAndGoesOnWithMore() {
        StringBuilder prompts = new StringBuilder("\"costly 0 [[sim latency=100ms]]\"");
        for (int i = 1; i < 3000; i++) {
            prompts.append(",\"costly ").append(i).append(" [[sim latency=100ms]]\"");
        }
        Batch batch = submit("{\"prompts\":[" + prompts + "],\"max_cost\":2}");
        JsonNode parked = batch.awaitStatus("paused");

        assertThat(parked.path("reason").asText())
                .startsWith("budget_spent: ")
                .contains("max_cost");
        assertThat(parked.path("completed").asInt()).isBetween(1, 2999);
        assertThat(batch.post("/resume?max_cost=no").status()).isEqualTo(400);
        assertThat(batch.post("/resume?max_cost=1e-100000000").status()).isEqualTo(400);
        assertThat(batch.post("/resume?max_cost=1000000").status()).isEqualTo(202);
        assertThat(batch.awaitStatus("completed").path("completed").asInt()).isEqualTo(3000);
        assertThat(provider.log("costly")).hasSize(3000);
    }

    /// They are paid for all the same.
    @Test
    void whatFailedAndWhatWasTriedAgainCostsToo() {
        JsonNode failed =
                submit("{\"prompts\":[\"one two three four [[sim fault=length]]\"]}")
                        .awaitStatus("completed");
        JsonNode tried =
                submit("{\"prompts\":[\"one two three four [[sim fault=no_finish_reason]]\"]}")
                        .awaitStatus("completed");

        assertThat(failed.path("failed").asInt()).isEqualTo(1);
        assertThat(failed.path("usage").path("completion_tokens").asLong()).isPositive();
        for (JsonNode done : List.of(failed, tried)) {
            assertThat(done.path("cost").decimalValue())
                    .isEqualByComparingTo(
                            java.math.BigDecimal.valueOf(
                                    done.path("usage").path("prompt_tokens").asLong() * 1000
                                            + done.path("usage").path("completion_tokens").asLong()
                                                    * 2000,
                                    6));
        }
        int attempts = provider.log("one two three four [[sim fault=no_finish_reason]]").size();
        assertThat(attempts).isGreaterThan(1);
        assertThat(tried.path("usage").path("prompt_tokens").asLong())
                .isGreaterThan(failed.path("usage").path("prompt_tokens").asLong());
    }

    @Test
    void aJobAllOfWhoseAnswersAreCutStopsAtItsCost() {
        StringBuilder prompts = new StringBuilder("\"cut 0 [[sim fault=length latency=100ms]]\"");
        for (int i = 1; i < 3000; i++) {
            prompts.append(",\"cut ").append(i).append(" [[sim fault=length latency=100ms]]\"");
        }
        Batch batch = submit("{\"prompts\":[" + prompts + "],\"max_cost\":2}");
        JsonNode parked = batch.awaitStatus("paused");

        assertThat(parked.path("reason").asText()).startsWith("budget_spent: ");
        assertThat(parked.path("failed").asInt()).isBetween(1, 2999);
        batch.post("/cancel");
        batch.awaitStatus("cancelled");
    }

    @Test
    void aCostThatCannotBeKnownIsNotBounded() {
        Answer answer =
                Batch.submit(
                        caller,
                        "{\"items\":[{\"prompt\":\"one\"},{\"prompt\":\"two\",\"model\":\"other\"}],"
                                + "\"max_cost\":2}");

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().path("error").path("param").asText()).isEqualTo("items[1]");
        assertThat(answer.body())
                .contains("max_cost cannot be kept", "has no price", "penstock.llm.prices");
    }

    @Test
    void aJobSaysHowManyAnswersAreInNoSum() {
        JsonNode done =
                submit(
                                "{\"items\":[{\"prompt\":\"one\"},{\"prompt\":\"two\",\"model\":\"other\"}]}")
                        .awaitStatus("completed");

        assertThat(done.path("uncounted_answers").asInt()).isEqualTo(1);
        assertThat(done.path("cost").isNumber()).isTrue();
    }

    @Test
    void aJobOfHighPriorityGoesBeforeOneOfLow() {
        Batch low = busy(400, "lowly", ",\"priority\":\"low\"");
        low.await(status -> status.path("completed").asInt() > 0);
        Batch high = busy(150, "highly", ",\"priority\":\"high\"");
        high.awaitStatus("completed");

        List<JsonNode> important = provider.log("highly");
        double from = important.getFirst().path("at").asDouble();
        double to = important.getLast().path("at").asDouble();
        long meanwhile =
                provider.log("lowly").stream()
                        .filter(entry -> entry.path("at").asDouble() >= from)
                        .filter(entry -> entry.path("at").asDouble() <= to)
                        .count();
        // Six to one, but for the ends.
        assertThat(meanwhile).isLessThan(75);
        low.awaitStatus("completed");
    }

    @Test
    void aSmallJobIsNotStuckBehindALargeOne() {
        Batch large = busy(600, "large", "");
        large.await(status -> status.path("completed").asInt() > 0);
        long start = System.nanoTime();
        busy(20, "small", "").awaitStatus("completed");

        // Half of 50 a second for its 20 calls; the large one needs 12 s.
        assertThat((System.nanoTime() - start) / 1e9).isLessThan(6);
        assertThat(large.status().path("status").asText()).isEqualTo("processing");
        large.post("/cancel");
        large.awaitStatus("cancelled");
    }

    @Test
    void anotherModelStandsInForOneThatIsDown() {
        provider.behave("{\"fault\":\"server_error\",\"times\":3}");
        Answer answer = caller.complete(prompt("stand in").put("model", "down"));

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().path("model").asText()).startsWith("up");
        assertThat(provider.log("stand in").stream().map(entry -> entry.path("model").asText()))
                .containsExactly("down", "down", "down", "up");
    }

    @Test
    void optionsThatMakeNoSenseAreRefused() {
        assertThat(error("{\"prompts\":[\"a\"],\"priority\":\"urgent\"}")).isEqualTo("priority");
        assertThat(error("{\"prompts\":[\"a\"],\"max_cost\":-1}")).isEqualTo("max_cost");
        assertThat(error("{\"prompts\":[\"a\"],\"max_cost\":\"1\"}")).isEqualTo("max_cost");
        assertThat(error("{\"items\":[{\"prompt\":\"a\",\"priority\":\"low\"}]}"))
                .isEqualTo("items[0].priority");
    }

    private String error(String body) {
        Answer answer = Batch.submit(caller, body);
        assertThat(answer.status()).isEqualTo(400);
        return answer.json().path("error").path("param").asText();
    }

    private Batch busy(int count, String text, String option) {
        StringBuilder prompts = new StringBuilder();
        for (int i = 0; i < count; i++) {
            prompts.append(i == 0 ? "" : ",")
                    .append('"')
                    .append(text)
                    .append(' ')
                    .append(i)
                    .append('"');
        }
        return submit("{\"prompts\":[" + prompts + "],\"model\":\"busy\"" + option + "}");
    }

    private Batch submit(String body) {
        Answer submitted = Batch.submit(caller, body);
        assertThat(submitted.status()).as(submitted.body()).isEqualTo(202);
        return Batch.of(caller, submitted);
    }
}
