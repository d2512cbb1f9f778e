package io.penstock.bench;

import io.penstock.testing.Emulators;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What a prompt costs on the AWS engine, and how much faster a batch is with two and with four
/// worker processes than with one. The provider's latency is the limit, not the CPU.
final class Workers {

    private static final int PROMPTS = 1_200;
    private static final int AT_ONCE = 10;

    private Workers() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        try (Server provider = Server.provider();
                Emulators emulators = Emulators.start()) {
            Map<String, String> settings = Aws.settings(emulators, "workers");
            settings.putAll(Batches.settings(50));
            Batches.speed(provider, settings, 50, 2_000);
            double one = 0;
            for (int workers : new int[] {1, 2, 4}) {
                double seconds = run(provider, emulators, workers);
                one = workers == 1 ? seconds : one;
                System.out.println(
                        String.format(
                                Locale.ROOT,
                                "AWS engine, %d prompts of 500 ms, %d worker processes with %d calls at once"
                                        + " each: %.1f s, %.2f times as fast as one; ideal %.1f s",
                                PROMPTS,
                                workers,
                                AT_ONCE,
                                seconds,
                                one / seconds,
                                0.5 * PROMPTS / AT_ONCE / workers));
            }
        }
    }

    private static double run(Server provider, Emulators emulators, int workers)
            throws IOException, InterruptedException {
        String name = "workers-" + workers;
        Map<String, String> settings = Aws.settings(emulators, name);
        settings.put("PENSTOCK_FLOW_MAX_CONCURRENCY", Integer.toString(AT_ONCE));
        settings.put("PENSTOCK_FLOW_RESERVED_FOR_INTERACTIVE", "0");
        settings.put("PENSTOCK_BATCH_CHUNK_ITEMS", "25");
        List<Server> processes = new ArrayList<>();
        try {
            for (int i = 0; i < workers; i++) {
                processes.add(Server.penstock(provider, settings));
            }
            Batches.run(processes.getFirst(), 200, "[[sim latency=100ms]]");
            double cpuBefore = cpuMillis(processes);
            double seconds = Batches.run(processes.getFirst(), PROMPTS, "[[sim latency=500ms]]");
            Batches.print(
                    "AWS engine, %d processes: %.2f ms CPU a prompt",
                    workers, (cpuMillis(processes) - cpuBefore) / PROMPTS);
            return seconds;
        } finally {
            for (Server process : processes) {
                process.close();
            }
        }
    }

    private static double cpuMillis(List<Server> processes) throws IOException {
        double sum = 0;
        for (Server process : processes) {
            sum += process.cpuMillis();
        }
        return sum;
    }
}
