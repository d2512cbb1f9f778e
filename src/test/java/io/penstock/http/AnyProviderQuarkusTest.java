package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Batch;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Batches at providers that refuse or fail some prompts, or all of them for a while: what is a
/// prompt's own failure and what is not, at the settings that hold where nothing is set.
@QuarkusTest
@TestProfile(AnyProviderQuarkusTest.Defaults.class)
class AnyProviderQuarkusTest extends PenstockTest {

    public static class Defaults implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "penstock.llm.timeout", "60s",
                    "penstock.llm.max-attempts", "4",
                    "penstock.llm.backoff", "500ms",
                    "penstock.llm.max-backoff", "20s",
                    "penstock.flow.breaker-failures", "20",
                    "penstock.flow.start-concurrency", "20",
                    "penstock.flow.budgets.narrow.max-in-flight", "2");
        }
    }

    private static final Duration LIMIT = Duration.ofSeconds(60);

    @ParameterizedTest
    @CsvSource({
        "flagged, content_filter",
        "firewall, invalid_request",
        "model_forbidden, model_not_found",
        "not_found, model_not_found",
        "above_limit, invalid_request"
    })
    void onePromptThatIsRefusedIsOneFailureAmongAHundred(String fault, String code) {
        List<String> prompts = new ArrayList<>(good(99));
        prompts.add(17, "odd [[sim fault=" + fault + "]]");

        Batch batch = submit(fault, prompts, "");

        JsonNode done = batch.awaitStatus("completed");
        assertThat(done.path("completed").asInt()).isEqualTo(99);
        JsonNode error = done.path("errors").get(0);
        assertThat(error.path("index").asInt()).isEqualTo(17);
        assertThat(error.path("code").asText()).isEqualTo(code);
        // More than once where it happens to be the last to end.
        assertThat(provider.log("odd")).hasSizeBetween(1, 3);
        assertAttempts(batch, prompts);
    }

    /// While a new key comes into use, some calls meet with the old one.
    @Test
    void aKeyThatIsRefusedNowAndThenParksTheBatchAndFailsNothing() {
        List<String> prompts = new ArrayList<>(good(99));
        prompts.add(17, "odd [[sim fault=unauthorized times=1]]");

        Batch batch = submit("rotated", prompts, "");
        JsonNode paused = batch.awaitStatus("paused");

        assertThat(paused.path("reason").asText()).startsWith("authentication");
        assertThat(paused.path("completed").asInt()).isEqualTo(99);
        assertThat(paused.path("failed").asInt()).isZero();
        assertThat(batch.post("/resume").status()).isEqualTo(202);
        assertThat(batch.awaitStatus("completed").path("completed").asInt()).isEqualTo(100);
        assertAttempts(batch, prompts);
    }

    @Test
    void aModelThatIsNotThereIsTheFailureOfTheOneItemThatNamesIt() {
        String model = "{\"prompt\":\"odd [[sim fault=not_found]]\",\"model\":\"gone\"}";
        Batch batch =
                Batch.of(
                        caller,
                        Batch.submit(
                                caller, "{\"items\":[{\"prompt\":\"good one.\"}," + model + "]}"));

        JsonNode done = await(batch, "completed");
        assertThat(done.path("completed").asInt()).isEqualTo(1);
        assertThat(done.path("errors").get(0).path("code").asText()).isEqualTo("model_not_found");
    }

    @ParameterizedTest
    @CsvSource({
        "unauthorized, 3, authentication",
        "unauthorized, 300, authentication",
        "firewall, 3, refused",
        "no_route, 3, refused",
        "no_route, 300, refused",
        "not_found, 300, refused",
        "redirect, 3, refused",
        "redirect, 300, refused",
    })
    void aKeyOrAnAddressThatIsWrongParksTheBatchAndFailsNothing(
            String fault, int items, String reason) {
        List<String> prompts = good(items);
        provider.behave("{\"fault\":\"" + fault + "\"}");

        Batch batch = submit(fault + items, prompts, "");
        JsonNode paused = batch.awaitStatus("paused");

        assertThat(paused.path("reason").asText())
                .startsWith(reason)
                .contains(provider.admin().getAuthority());
        assertThat(paused.path("failed").asInt()).isZero();
        assertThat(provider.stats().path("requests").asInt()).isLessThanOrEqualTo(180);

        provider.behave("{\"fault\":\"none\"}");
        assertThat(batch.post("/resume").status()).isEqualTo(202);
        assertThat(batch.awaitStatus("completed").path("completed").asInt()).isEqualTo(items);
        assertAttempts(batch, prompts);
    }

    @ParameterizedTest
    @CsvSource({"200, 0", "200, 100", "200, 200"})
    void thirtyPromptsThatAlwaysFailKeepNeitherTheOthersNorThemselvesWaiting(int good, int before) {
        List<String> prompts = new ArrayList<>(good(good));
        for (int i = 0; i < 30; i++) {
            prompts.add(before, "poison " + i + " [[sim fault=server_error]]");
        }
        long start = System.nanoTime();

        Batch batch = submit("poisoned" + good + before, prompts, "");
        JsonNode done = await(batch, "completed");

        System.out.printf(
                "%d answered and 30 failed, these from place %d on, after %d ms with %d requests%n",
                good,
                before,
                Duration.ofNanos(System.nanoTime() - start).toMillis(),
                provider.stats().path("requests").asInt());
        assertThat(done.path("completed").asInt()).isEqualTo(good);
        assertThat(done.path("failed").asInt()).isEqualTo(30);
        done.path("errors")
                .forEach(error -> assertThat(error.path("code").asText()).isEqualTo("server"));
        assertAttempts(batch, prompts);
    }

    @ParameterizedTest
    @ValueSource(strings = {"server_error", "unavailable", "bad_gateway", "reset"})
    void aProviderThatIsAwayFailsNothing(String fault) {
        List<String> prompts = good(60);
        provider.behave("{\"fault\":\"" + fault + "\"}");

        Batch batch = submit("away " + fault, prompts, "");
        // More than are in flight at first: some are probes of the breaker.
        provider.await("ended=26", LIMIT);
        provider.behave("{\"fault\":\"none\"}");

        JsonNode done = await(batch, "completed");
        assertThat(done.path("completed").asInt()).isEqualTo(60);
        assertAttempts(batch, prompts);
    }

    /// A provider that has too much to do turns some calls away at each of their attempts.
    @Test
    void aProviderThatShedsLoadFailsNothing() {
        List<String> prompts = new ArrayList<>(good(60));
        for (int i = 0; i < 10; i++) {
            prompts.add(6 * i, "shed " + i + " [[sim fault=unavailable times=5]]");
        }

        Batch batch = submit("brown-out", prompts, "");

        JsonNode done = await(batch, "completed");
        assertThat(done.path("completed").asInt()).isEqualTo(70);
        assertAttempts(batch, prompts);
    }

    @Test
    void theWaitForAPermitIsNoTimeOfTheItems() {
        provider.behave("{\"latency\":\"100ms\"}");
        List<String> prompts = good(60);

        Batch batch = submit("narrow", prompts, ",\"timeout_ms\":1000");

        JsonNode done = batch.awaitStatus("completed");
        assertThat(done.path("completed").asInt()).isEqualTo(60);
        assertAttempts(batch, prompts);
    }

    private static List<String> good(int count) {
        return IntStream.range(0, count).mapToObj(i -> "good " + i + ".").toList();
    }

    /// Each with a model of its own, so that one test's failures are not the next one's.
    private Batch submit(String model, List<String> prompts, String more) {
        String list =
                prompts.stream().map(prompt -> '"' + prompt + '"').collect(Collectors.joining(","));
        return Batch.of(
                caller,
                Batch.submit(
                        caller,
                        "{\"prompts\":[" + list + "],\"model\":\"" + model + "\"" + more + "}"));
    }

    private static JsonNode await(Batch batch, String status) {
        long end = System.nanoTime() + LIMIT.toNanos();
        JsonNode present = batch.status();
        while (!present.path("status").asText().equals(status)) {
            assertThat(System.nanoTime()).as("%s", present).isLessThan(end);
            present = batch.status();
        }
        return present;
    }

    /// Each item's attempts are the requests that the provider has seen for it.
    private void assertAttempts(Batch batch, List<String> prompts) {
        Map<String, Long> seen =
                provider.wholeLog().stream()
                        .collect(
                                Collectors.groupingBy(
                                        entry -> entry.path("key").asText(),
                                        Collectors.counting()));
        Stream<JsonNode> lines =
                Batch.lines(batch.get("/results?order=input&limit=10000")).stream()
                        .filter(line -> line.has("index"));
        Map<Integer, Integer> told =
                lines.collect(
                        Collectors.toMap(
                                line -> line.path("index").asInt(),
                                line -> line.path("attempts").asInt()));
        assertThat(told).hasSize(prompts.size());
        assertThat(seen).hasSameSizeAs(prompts);
        assertThat(Collections.max(told.values())).isPositive();
        told.forEach((index, attempts) ->
                assertThat((long) attempts)
                        .as(prompts.get(index))
                        .isEqualTo(seen.get(prompts.get(index))));
    }
}
