package io.penstock.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Caller;
import io.penstock.testing.Door;
import io.penstock.testing.Emulators;
import io.penstock.testing.Function;
import io.penstock.testing.Provider;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A batch of documents in the classic three stages, whose process is killed in the middle of the
/// third, and one whose process is killed wherever it is. The second process has other prompts in
/// its configuration, as after a deployment: the batch goes on with its own.
class PipelineCrashIT {

    private static final long SEED = Long.getLong("penstock.chaos.seed", System.nanoTime());
    private static final int DOCUMENTS = 50;
    private static final int MANY = 300;
    private static final int KILLS = 3;

    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final List<String> STAGES = List.of("Extract", "Analyze", "Summarize");

    private SimulatedProvider simulated;
    private Provider provider;

    @BeforeEach
    void start() {
        simulated =
                SimulatedProvider.start(SimulatedProvider.Options.defaults().withLogLimit(100_000));
        provider = Provider.at(simulated.baseUrl());
    }

    @AfterEach
    void stop() {
        simulated.close();
    }

    @Test
    void aCrashInTheThirdStageRepeatsNothingOfTheFirstTwo() throws Exception {
        inTheThirdStage(new LocalStore());
    }

    @Test
    void neitherDoesItOnTheAwsEngine() throws Exception {
        try (Emulators emulators = Emulators.start();
                EmulatedAws engine = new EmulatedAws(emulators, "stages", 1, SEED, 0)) {
            inTheThirdStage(engine);
        }
    }

    private void inTheThirdStage(Engine engine) throws Exception {
        Map<String, String> held = environment(engine);
        held.put(prompt(2), "Summarize [[sim gate=third]] {analyze.result}");
        Function function = new Function(held);
        String id;
        try {
            id = submit(function, DOCUMENTS);
            await(() -> calls(2).size() == DOCUMENTS && recorded(function, id) == stagesUsage(2));
        } finally {
            function.kill();
        }

        Map<String, String> changed = environment(engine);
        changed.put(prompt(2), "Changed {analyze.result}");
        try (Function second = new Function(changed)) {
            await(() -> calls(2).size() == 2 * DOCUMENTS);
            provider.open("third");
            await(() -> status(second, id).path("status").asText().equals("completed"));

            System.out.printf(
                    Locale.ROOT,
                    "Killed in stage 3 on the %s engine: %d documents, calls by stage %d, %d, %d; of"
                            + " the last, %d were in flight when the process died%n",
                    engine.name(),
                    DOCUMENTS,
                    calls(0).size(),
                    calls(1).size(),
                    calls(2).size(),
                    calls(2).size() - DOCUMENTS);
            assertThat(calls(0)).hasSize(DOCUMENTS);
            assertThat(calls(1)).hasSize(DOCUMENTS);
            assertThat(provider.log("Changed")).isEmpty();
            assertWhole(second, id, DOCUMENTS);
            assertThat(recorded(second, id)).isEqualTo(stagesUsage(3));
        }
    }

    @Test
    void onlyCallsInFlightAndFreshResultsAreRepeatedWhereverItCrashes() throws Exception {
        provider.behave("{\"latency\":\"150ms\",\"latency_p99\":\"300ms\"}");
        Engine engine = new LocalStore();
        Map<String, String> environment = environment(engine);
        double[] killedAt = new double[KILLS];
        Function function = new Function(environment);
        String id = submit(function, MANY);
        try {
            for (int i = 0; i < KILLS; i++) {
                int enough = provider.wholeLog().size() + 3 * MANY / (KILLS + 2);
                await(() -> provider.wholeLog().size() >= enough);
                killedAt[i] = System.currentTimeMillis();
                function.kill();
                function = new Function(environment);
            }
            Function last = function;
            await(() -> status(last, id).path("status").asText().equals("completed"));
            assertWhole(function, id, MANY);
        } finally {
            function.kill();
        }

        double oldest = 0;
        int repeated = 0;
        int[] byStage = new int[STAGES.size()];
        for (int stage = 0; stage < STAGES.size(); stage++) {
            Map<String, JsonNode> last = new HashMap<>();
            for (JsonNode call : calls(stage)) {
                JsonNode before = last.put(call.path("key").asText(), call);
                if (before != null) {
                    repeated++;
                    byStage[stage]++;
                    if (before.path("end").asText().equals("completed")) {
                        oldest = Math.max(oldest, age(before, killedAt));
                    }
                }
            }
        }
        System.out.printf(
                Locale.ROOT,
                "Killed %d times wherever it was, %d documents: %d calls repeated, by stage %d, %d, %d;"
                        + " the oldest result of them was %.0f ms old%n",
                KILLS,
                MANY,
                repeated,
                byStage[0],
                byStage[1],
                byStage[2],
                oldest);
        assertThat(oldest).isLessThanOrEqualTo(Checker.COMMIT_MILLIS);
    }

    /// How long before the next kill a call had ended.
    private static double age(JsonNode call, double[] killedAt) {
        double endedAt = call.path("ended_at").asDouble();
        for (double kill : killedAt) {
            // The signal takes a moment to arrive.
            if (kill + 100 >= endedAt) {
                return kill - endedAt;
            }
        }
        throw new AssertionError("Called again though nothing had happened: " + call);
    }

    private static Map<String, String> environment(Engine engine, SimulatedProvider simulated) {
        Map<String, String> environment =
                new HashMap<>(CrashRun.environment(simulated, engine, DOCUMENTS));
        // The calls that are held must not be given up meanwhile.
        environment.put("PENSTOCK_LLM_TIMEOUT", "60s");
        environment.put("PENSTOCK_FLOW_RESERVED_FOR_INTERACTIVE", "0");
        environment.put("PENSTOCK_FLOW_START_CONCURRENCY", Integer.toString(DOCUMENTS));
        for (int i = 0; i < STAGES.size(); i++) {
            environment.put(
                    prompt(i),
                    STAGES.get(i)
                            + " {"
                            + List.of("input", "extract.result", "analyze.result").get(i)
                            + "}");
        }
        return environment;
    }

    private Map<String, String> environment(Engine engine) {
        return environment(engine, simulated);
    }

    private static String prompt(int stage) {
        return "PENSTOCK_PIPELINES_DIGEST_STAGES_" + stage + "__PROMPT";
    }

    private static String submit(Function door, int documents) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < documents; i++) {
            lines.append(
                            Caller.JSON
                                    .createObjectNode()
                                    .put("custom_id", "item-" + i)
                                    .put("prompt", "document " + i + "."))
                    .append('\n');
        }
        Door.Raw submitted =
                door.call("POST", "/batch?pipeline=digest", "application/jsonl", lines.toString());
        assertThat(submitted.status()).as(submitted.body()).isEqualTo(202);
        return Caller.parse(submitted.body()).path("job_id").asText();
    }

    private static JsonNode status(Function door, String id) {
        return Caller.parse(door.call("GET", "/batch/" + id, "application/json", "").body());
    }

    private static int recorded(Function door, String id) {
        return status(door, id).path("usage").path("total_tokens").asInt();
    }

    /// What the answers of the first stages have used, each counted once.
    private int stagesUsage(int stages) {
        int sum = 0;
        for (int stage = 0; stage < stages; stage++) {
            Set<String> counted = new HashSet<>();
            for (JsonNode call : calls(stage)) {
                if (call.path("end").asText().equals("completed")
                        && counted.add(call.path("key").asText())) {
                    sum +=
                            call.path("prompt_tokens").asInt()
                                    + call.path("completion_tokens").asInt();
                }
            }
        }
        return sum;
    }

    private List<JsonNode> calls(int stage) {
        return provider.wholeLog().stream()
                .filter(call -> call.path("key").asText().startsWith(STAGES.get(stage)))
                .toList();
    }

    private static void assertWhole(Function door, String id, int documents) {
        Checker checker = new Checker(id, documents);
        Map<Integer, String> results = checker.results(door);
        checker.verify();
        results.forEach((index, result) -> {
            JsonNode line = Caller.parse(result);
            assertThat(line.path("custom_id").asText()).isEqualTo("item-" + index);
            assertThat(line.path("stages").findValuesAsText("name"))
                    .containsExactly("extract", "analyze", "summarize");
            assertThat(line.path("final_result").asText()).endsWith(" document " + index + ".");
        });
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("too late").isLessThan(end);
            // What is asked is asked over the wire, but need not be asked all the time.
            new CountDownLatch(1).await(50, TimeUnit.MILLISECONDS);
        }
    }
}
