package io.penstock.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Caller;
import io.penstock.testing.Emulators;
import io.penstock.testing.Provider;
import io.penstock.testing.lambda.Cloud;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// A chunk whose calls take longer than the function that runs it has left.
class StopIT {

    private static final Duration LIMIT = Duration.ofSeconds(180);
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    @Test
    void noCallIsMadeTwiceWhenItFitsIntoTheFunctionsTime() throws Exception {
        int items = 30;
        run("fits", items, Map.of("PENSTOCK_LLM_TIMEOUT", "9s"), "[[sim latency=6s]]", items);
    }

    /// Two items' first calls never end, and a call may take longer than the function.
    @Test
    void whatDoesNotEndIsEndedBeforeTheFunctionIs() throws Exception {
        int items = 6;
        run(
                "hangs",
                items,
                Map.of("PENSTOCK_LLM_TIMEOUT", "60s"),
                "[[sim fault=hang times=1]]",
                2 * items);
    }

    private static void run(
            String name, int items, Map<String, String> settings, String sim, int calls)
            throws Exception {
        try (SimulatedProvider simulated =
                        SimulatedProvider.start(SimulatedProvider.Options.defaults());
                Emulators emulators = Emulators.start()) {
            Map<String, String> variables = new HashMap<>(settings);
            variables.put("OPENAI_BASE_URL", simulated.baseUrl());
            variables.put("OPENAI_API_KEY", "stop");
            variables.put("PENSTOCK_BATCH_LEASE", "4s");
            variables.put("PENSTOCK_FLOW_MAX_CONCURRENCY", "6");
            variables.put("PENSTOCK_FLOW_RESERVED_FOR_INTERACTIVE", "0");
            Provider provider = Provider.at(simulated.baseUrl());
            try (Cloud cloud =
                    new Cloud(
                            emulators,
                            "stop-" + name,
                            Cloud.Size.of(1, TIMEOUT, Duration.ofSeconds(2)),
                            variables)) {
                String lines =
                        IntStream.range(0, items)
                                .mapToObj(i -> "{\"prompt\":\"item %d %s\"}".formatted(i, sim))
                                .collect(Collectors.joining("\n"));
                long end = System.nanoTime() + LIMIT.toNanos();
                while (cloud.call("GET", "/batch?limit=1", "application/json", "").status()
                        == 503) {
                    assertThat(System.nanoTime()).isLessThan(end);
                }
                String id =
                        Caller.parse(
                                        cloud.call("POST", "/batch", "application/jsonl", lines)
                                                .body())
                                .path("job_id")
                                .asText();
                JsonNode status = status(cloud, id);
                while (!status.path("status").asText().equals("completed")) {
                    assertThat(System.nanoTime()).as("%s\n%s", status, cloud.log()).isLessThan(end);
                    status = status(cloud, id);
                }

                assertThat(status.path("completed").asInt()).isEqualTo(items);
                assertThat(provider.stats().path("requests").asInt()).isEqualTo(calls);
                // None was ended by its timeout.
                assertThat(cloud.work().startedCount()).as(cloud.work().log()).isEqualTo(1);
                assertThat(
                                emulators
                                        .dynamo()
                                        .scan(s -> s.tableName("stop-" + name))
                                        .items()
                                        .stream()
                                        .filter(item ->
                                                Objects.requireNonNull(item.get("sk"))
                                                        .s()
                                                        .startsWith("C#"))
                                        .map(item ->
                                                Caller.parse(
                                                        Objects.requireNonNull(item.get("doc"))
                                                                .s()))
                                        .toList())
                        .singleElement()
                        .satisfies(chunk -> {
                            assertThat(chunk.path("crashes").asInt()).isZero();
                            assertThat(chunk.path("epoch").asInt()).isGreaterThan(1);
                        });
            }
        }
    }

    private static JsonNode status(Cloud cloud, String id) {
        return Caller.parse(cloud.call("GET", "/batch/" + id, "application/json", "").body());
    }
}
