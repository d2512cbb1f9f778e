package io.penstock.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Provider;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// How close a batch in three stages comes to what its slowest stage allows, wherever that one is,
/// and what it costs.
final class Pipelines {

    private static final int DOCUMENTS = 1_000;
    private static final int ROUNDS = 1;

    private Pipelines() {}

    /// A stage whose calls take so long, so many of them at once.
    private record Load(int latencyMillis, int atOnce) {

        double idealSeconds(int calls) {
            return calls * latencyMillis / 1000.0 / atOnce;
        }
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        try (Server provider = Server.provider(100_000)) {
            run(provider, 100, new Load(100, 50), new Load(200, 20), new Load(100, 50));
            run(provider, 100, new Load(200, 20), new Load(50, 50), new Load(50, 50));
            run(provider, 100, new Load(50, 50), new Load(50, 50), new Load(200, 20));
            run(provider, 100, new Load(200, 30), new Load(200, 30), new Load(200, 30));
            run(provider, 100, new Load(20, 100), new Load(20, 100), new Load(50, 5));
        }
    }

    private static void run(Server provider, int maxConcurrency, Load... stages)
            throws IOException, InterruptedException {
        Map<String, String> settings = new HashMap<>(Batches.settings(maxConcurrency));
        settings.put("PENSTOCK_FLOW_START_CONCURRENCY", Integer.toString(maxConcurrency));
        StringBuilder described = new StringBuilder();
        double ideal = 0;
        for (int i = 0; i < stages.length; i++) {
            String stage = "PENSTOCK_PIPELINES_DIGEST_STAGES_" + i + "__";
            String value = i == 0 ? "input" : (i == 1 ? "extract" : "analyze") + ".result";
            settings.put(
                    stage + "PROMPT",
                    "Stage %d [[sim latency=%dms]] {%s}"
                            .formatted(i + 1, stages[i].latencyMillis, value));
            settings.put(stage + "MAX_CONCURRENCY", Integer.toString(stages[i].atOnce));
            described.append(
                    "%s%d ms by %d"
                            .formatted(
                                    i == 0 ? "" : ", ", stages[i].latencyMillis, stages[i].atOnce));
            ideal = Math.max(ideal, stages[i].idealSeconds(DOCUMENTS));
        }
        try (Server penstock = Server.penstock(provider, settings)) {
            Batches.run(penstock, "?pipeline=digest", DOCUMENTS, "");
            for (int round = 0; round < ROUNDS; round++) {
                double cpuBefore = penstock.cpuMillis();
                double seconds = Batches.run(penstock, "?pipeline=digest", DOCUMENTS, "");
                Batches.print(
                        "%d documents, stages of %s: %.2f s, the slowest alone %.2f s, %.3f of it; %.2f ms"
                                + " CPU a document; peak RSS %d MB",
                        DOCUMENTS,
                        described,
                        seconds,
                        ideal,
                        ideal / seconds,
                        (penstock.cpuMillis() - cpuBefore) / DOCUMENTS,
                        penstock.peakRssMegabytes());
            }
            Batches.print("At once, as the provider saw it: %s", peaks(provider, stages.length));
        }
    }

    private static List<Integer> peaks(Server provider, int stages) {
        Provider seen = Provider.at("http://127.0.0.1:" + provider.port() + "/v1");
        List<JsonNode> log = seen.wholeLog();
        List<Integer> peaks = new ArrayList<>();
        for (int i = 0; i < stages; i++) {
            String name = "Stage " + (i + 1);
            // One round's, since all are compared with all.
            peaks.add(
                    Provider.peak(
                            log.stream()
                                    .filter(call -> call.path("key").asText().startsWith(name))
                                    .skip(DOCUMENTS)
                                    .limit(DOCUMENTS)
                                    .toList()));
        }
        seen.reset();
        return peaks;
    }
}
