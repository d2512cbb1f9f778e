package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Batch;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Items whose time has room for one long call and a half.
@QuarkusTest
@TestProfile(ItemDeadlineQuarkusTest.Short.class)
class ItemDeadlineQuarkusTest extends PenstockTest {

    public static class Short implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "penstock.llm.timeout", "2s",
                    "penstock.batch.item-deadline", "3s",
                    "penstock.flow.budgets.narrow.max-in-flight", "2");
        }
    }

    @Test
    void itemsThatWaitForLongerThanThatAreAnswered() {
        provider.behave("{\"latency\":\"300ms\"}");
        String prompts =
                IntStream.range(0, 40)
                        .mapToObj(i -> "\"one of many " + i + ".\"")
                        .collect(Collectors.joining(","));

        Batch batch =
                Batch.of(
                        caller,
                        Batch.submit(
                                caller, "{\"prompts\":[" + prompts + "],\"model\":\"narrow\"}"));

        assertThat(batch.awaitStatus("completed").path("completed").asInt()).isEqualTo(40);
        assertThat(provider.log("one of many")).hasSize(40);
    }

    /// Each stage leaves less than the next one may take.
    @Test
    void aPipelinesItemGoesOnWhereItsTimeWasUp() {
        provider.behave("{\"latency\":\"1200ms\"}");

        Batch batch =
                Batch.of(
                        caller,
                        Batch.submit(
                                caller, "{\"prompts\":[\"a b\",\"c d\"],\"pipeline\":\"digest\"}"));

        assertThat(batch.awaitStatus("completed").path("completed").asInt()).isEqualTo(2);
        int attempts =
                Batch.lines(batch.get("/results")).stream()
                        .mapToInt(line -> line.path("attempts").asInt())
                        .sum();
        // Six, unless the machine is so slow that a call takes too long.
        assertThat(attempts).isEqualTo(provider.stats().path("requests").asInt());
    }
}
