package io.penstock.bench;

import java.io.IOException;
import java.util.Locale;

/// What Penstock adds to one call: latency over calling the provider directly, calls per second,
/// and CPU per call.
///
/// Provider, Penstock and callers are three processes on one machine. Direct and through-Penstock
/// rounds alternate, so that what disturbs the machine disturbs both.
final class OneCall {

    private static final int ROUNDS = 5;

    private OneCall() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        try (Server provider = Server.provider();
                Server penstock = Server.penstock(provider)) {
            Load direct = new Load(provider.port(), "/v1/chat/completions", Load::chatBody);
            Load through = new Load(penstock.port(), "/complete", Load::completeBody);

            for (int i = 0; i < 6; i++) {
                through.run(50, 10_000, "");
                direct.run(50, 5_000, "");
            }

            latency("1 caller, provider answers at once", direct, through, 1, 2_000, "");
            latency(
                    "50 callers, provider takes 200 ms",
                    direct,
                    through,
                    50,
                    1_000,
                    "[[sim latency=200ms]]");
            throughput(penstock, direct, through);
            overload(penstock, through);
        }
    }

    private static void latency(
            String what, Load direct, Load through, int callers, int calls, String marker)
            throws InterruptedException {
        Latencies directly = new Latencies();
        Latencies throughPenstock = new Latencies();
        for (int round = 0; round < ROUNDS; round++) {
            directly.add(direct.run(callers, calls, marker));
            throughPenstock.add(through.run(callers, calls, marker));
        }
        print(
                "%s: direct p50 %.2f ms, p99 %.2f ms; through Penstock p50 %.2f ms, p99 %.2f ms; added p50 %.2f ms, p99"
                        + " %.2f ms",
                what,
                directly.percentile(50),
                directly.percentile(99),
                throughPenstock.percentile(50),
                throughPenstock.percentile(99),
                throughPenstock.percentile(50) - directly.percentile(50),
                throughPenstock.percentile(99) - directly.percentile(99));
    }

    private static void throughput(Server penstock, Load direct, Load through)
            throws InterruptedException, IOException {
        int calls = 20_000;
        for (int round = 0; round < ROUNDS; round++) {
            long start = System.nanoTime();
            direct.run(50, calls, "");
            double directSeconds = (System.nanoTime() - start) / 1e9;
            double cpuBefore = penstock.cpuMillis();
            start = System.nanoTime();
            through.run(50, calls, "");
            double seconds = (System.nanoTime() - start) / 1e9;
            print(
                    "50 callers, provider answers at once: direct %.0f calls/s; through Penstock %.0f calls/s, %.3f ms CPU"
                            + " a call, RSS %d MB",
                    calls / directSeconds,
                    calls / seconds,
                    (penstock.cpuMillis() - cpuBefore) / calls,
                    penstock.rssMegabytes());
        }
        double cpuBefore = penstock.cpuMillis();
        int paced = 5_000;
        through.run(50, paced, "[[sim latency=50ms]]");
        print(
                "50 callers, provider takes 50 ms: %.3f ms CPU a call",
                (penstock.cpuMillis() - cpuBefore) / paced);
    }

    private static void overload(Server penstock, Load through)
            throws InterruptedException, IOException {
        for (int round = 0; round < ROUNDS; round++) {
            int refusedBefore = through.refusedCount();
            Latencies all = new Latencies();
            all.add(through.run(1_000, 20_000, "[[sim latency=500ms]]"));
            print(
                    "1000 callers, 100 permits, 100 may wait: %d of 20000 calls refused, p50 of all %.0f ms, RSS %d MB",
                    through.refusedCount() - refusedBefore,
                    all.percentile(50),
                    penstock.rssMegabytes());
        }
    }

    private static void print(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
    }
}
