package io.penstock.bench;

import static io.penstock.bench.Batches.print;

import io.penstock.bench.Server.Build;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// How close batches come to the provider's limit from the start of a process, and what they cost
/// then: the first batch of a fresh process and the two after it, for each build there is.
///
/// The provider is a process of its own on the same cores, and warm.
final class Cold {

    private Cold() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        try (Server provider = Server.provider(0)) {
            new Load(provider.port(), "/v1/chat/completions", Load::chatBody).run(50, 30_000, "");
            for (Build build : Build.asked()) {
                fromTheStart(provider, build, 50, 2_000);
                fromTheStart(provider, build, 500, 20_000);
            }
        }
    }

    private static void fromTheStart(Server provider, Build build, int concurrency, int prompts)
            throws IOException, InterruptedException {
        long start = System.nanoTime();
        try (Server penstock = Server.penstock(build, provider, Batches.settings(concurrency))) {
            double started = (System.nanoTime() - start) / 1e6;
            double cpuOfStart = penstock.cpuMillis();
            double ideal = 0.2 * prompts / concurrency;
            List<String> rounds = new ArrayList<>();
            for (int round = 0; round < 3; round++) {
                double before = penstock.cpuMillis();
                double seconds = Batches.run(penstock, prompts, "[[sim latency=200ms]]");
                rounds.add(
                        "%.2f s (%.2f), %.2f ms CPU a prompt"
                                .formatted(
                                        seconds,
                                        ideal / seconds,
                                        (penstock.cpuMillis() - before) / prompts));
            }
            print(
                    "%s, %d prompts of 200 ms, %d at once: started in %.0f ms (%.0f ms CPU); %s; peak RSS %d MB",
                    build,
                    prompts,
                    concurrency,
                    started,
                    cpuOfStart,
                    String.join("; ", rounds),
                    penstock.peakRssMegabytes());
        }
    }
}
