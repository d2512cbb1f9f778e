package io.penstock.bench;

import static io.penstock.bench.Batches.print;

import io.penstock.bench.Server.Build;
import java.io.IOException;
import java.util.Map;

/// Penstock as a gateway, in the shapes that gateways publish: what one caller waits longer than at
/// the provider itself, calls a second, CPU and memory, for each build there is.
///
/// Provider, Penstock and callers share the machine. Rounds at the provider and through Penstock
/// alternate.
final class Gateway {

    private static final int ROUNDS = 3;
    private static final String DOOR = "/v1/chat/completions";

    private Gateway() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        try (Server provider = Server.provider(0)) {
            Load direct = new Load(provider.port(), DOOR, Load::chatBody);
            direct.run(50, 30_000, "");
            for (Build build : Build.asked()) {
                try (Server penstock =
                        Server.penstock(
                                build, provider, Map.of("PENSTOCK_FLOW_MAX_CONCURRENCY", "1000"))) {
                    long idle = penstock.rssMegabytes();
                    Load through = new Load(penstock.port(), DOOR, Load::chatBody);
                    for (int i = 0; i < 4; i++) {
                        through.run(50, 10_000, "");
                    }
                    oneCaller(build, direct, through);
                    firstToken(build, provider, penstock);
                    throughput(build, penstock, through);
                    crowds(build, penstock, through, idle);
                }
            }
        }
    }

    private static void oneCaller(Build build, Load direct, Load through)
            throws InterruptedException {
        Latencies directly = new Latencies();
        Latencies throughPenstock = new Latencies();
        for (int round = 0; round < ROUNDS; round++) {
            directly.add(direct.run(1, 2_000, ""));
            throughPenstock.add(through.run(1, 2_000, ""));
        }
        added(build, "one caller", directly, throughPenstock);
    }

    private static void firstToken(Build build, Server provider, Server penstock)
            throws IOException {
        FirstToken direct = new FirstToken(provider.port());
        FirstToken through = new FirstToken(penstock.port());
        direct.run(1_000);
        through.run(1_000);
        Latencies directly = new Latencies();
        Latencies throughPenstock = new Latencies();
        for (int round = 0; round < ROUNDS; round++) {
            directly.add(direct.run(1_000));
            throughPenstock.add(through.run(1_000));
        }
        added(build, "first token of a stream", directly, throughPenstock);
    }

    private static void added(Build build, String what, Latencies direct, Latencies through) {
        print(
                "%s, %s: added p50 %.2f ms, p99 %.2f ms (at the provider %.2f and %.2f ms)",
                build,
                what,
                through.percentile(50) - direct.percentile(50),
                through.percentile(99) - direct.percentile(99),
                direct.percentile(50),
                direct.percentile(99));
    }

    private static void throughput(Build build, Server penstock, Load through)
            throws InterruptedException, IOException {
        int calls = 20_000;
        for (int round = 0; round < ROUNDS; round++) {
            double cpuBefore = penstock.cpuMillis();
            Latencies all = new Latencies();
            long start = System.nanoTime();
            all.add(through.run(50, calls, ""));
            double seconds = (System.nanoTime() - start) / 1e9;
            print(
                    "%s, 50 callers: %.0f calls/s, %.3f ms CPU a call, p99 %.1f ms",
                    build,
                    calls / seconds,
                    (penstock.cpuMillis() - cpuBefore) / calls,
                    all.percentile(99));
        }
    }

    private static void crowds(Build build, Server penstock, Load through, long idle)
            throws InterruptedException, IOException {
        int refusedBefore = through.refusedCount();
        Latencies some = new Latencies();
        some.add(through.run(500, 10_000, "[[sim latency=200ms]]"));
        long rss = penstock.rssMegabytes();
        Latencies many = new Latencies();
        many.add(through.run(1_000, 10_000, "[[sim latency=500ms]]"));
        print(
                "%s: RSS idle %d MB, after 500 connections of 200 ms %d MB (p99 %.0f ms), after 1,000 of"
                        + " 500 ms %d MB (p99 %.0f ms); refused %d of 20,000, lost none",
                build,
                idle,
                rss,
                some.percentile(99),
                penstock.rssMegabytes(),
                many.percentile(99),
                through.refusedCount() - refusedBefore);
    }
}
