package io.penstock.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Emulators;
import io.penstock.testing.Provider;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// How exactly one, two, four and eight processes keep to one budget together, in the provider's
/// own judgement: a batch that is larger than the limit allows runs for a while on the AWS engine,
/// and the provider's log says how many requests were over the limit and how much of it was used.
///
/// `-Dpenstock.bench.runs=1,2,4,8,4s,8k` chooses processes, `s` with clocks that are wrong by two
/// seconds, `k` with a process killed every few seconds, `h` without a budget: with nothing but the
/// headers of the provider's answers; `r` and `t` only by requests and by tokens.
final class Budgets {

    private static final int REQUESTS = 6_000;
    private static final int TOKENS = 300_000;
    private static final int SECONDS = 95;
    private static final int GOING_AFTER_MILLIS = 25_000;
    private static final int KILL_EVERY_MILLIS = 5_000;

    private static final Random RANDOM = new Random(20_261_126);

    private Budgets() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        String[] runs = System.getProperty("penstock.bench.runs", "1,2,4,8,4s,8s,4k,8k").split(",");
        try (Server provider = Server.provider(200_000);
                Emulators emulators = Emulators.start()) {
            for (String run : runs) {
                if (!run.contains("t")) {
                    run(provider, emulators, run, false);
                }
                if (!run.contains("r")) {
                    run(provider, emulators, run, true);
                }
            }
        }
    }

    private static void run(Server provider, Emulators emulators, String run, boolean byTokens)
            throws IOException, InterruptedException {
        int processes = Integer.parseInt(run.replaceAll("\\D", ""));
        boolean skewed = run.contains("s");
        boolean killed = run.contains("k");
        boolean byHeaders = run.contains("h");
        String name = "budgets-" + run + (byTokens ? "-tokens" : "-requests");
        Map<String, String> settings = Aws.settings(emulators, name);
        settings.put("PENSTOCK_BATCH_CHUNK_ITEMS", "100");
        settings.put("PENSTOCK_BATCH_LEASE", "5s");
        settings.put("PENSTOCK_BATCH_SWEEP_EVERY", "2s");
        if (!byHeaders) {
            settings.put("PENSTOCK_FLOW_BUDGETS__MAIN__MODELS", "gpt-*");
            settings.put(
                    byTokens
                            ? "PENSTOCK_FLOW_BUDGETS__MAIN__TOKENS_PER_MINUTE"
                            : "PENSTOCK_FLOW_BUDGETS__MAIN__REQUESTS_PER_MINUTE",
                    Integer.toString(byTokens ? TOKENS : REQUESTS));
        }
        List<Server> servers = new ArrayList<>();
        Provider watched = Provider.at("http://127.0.0.1:" + provider.port() + "/v1");
        try {
            for (int i = 0; i < processes; i++) {
                servers.add(start(provider, settings, skewed, i));
            }
            watched.reset();
            watched.behave(
                    "{\"latency\":\"200ms\",\"latency_p99\":\"400ms\",\""
                            + (byTokens ? "tpm\":" + TOKENS : "rpm\":" + REQUESTS)
                            + "}");
            Batches.submit(servers.getFirst(), 20_000, filler(byTokens));
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
            for (long left = SECONDS * 1000L;
                    left > 0;
                    left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime())) {
                new CountDownLatch(1)
                        .await(Math.min(left, KILL_EVERY_MILLIS), TimeUnit.MILLISECONDS);
                if (killed && left > KILL_EVERY_MILLIS) {
                    int victim = RANDOM.nextInt(processes);
                    servers.get(victim).kill();
                    servers.set(victim, start(provider, settings, skewed, victim));
                }
            }
        } finally {
            for (Server server : servers) {
                server.kill();
            }
        }
        List<JsonNode> log = watched.wholeLog();
        report(run, byTokens, log);
        if (!byHeaders) {
            Batches.print(
                    "%s process(es): %.1f writes of the budget for 1,000 calls",
                    run, 1000.0 * emulators.budgetWrites(name, "main") / log.size());
        }
    }

    /// About 200 tokens in all.
    private static String filler(boolean byTokens) {
        return byTokens ? "Say it in words. ".repeat(20) : "";
    }

    private static Server start(
            Server provider, Map<String, String> settings, boolean skewed, int index)
            throws IOException {
        Map<String, String> own = new HashMap<>(settings);
        if (skewed) {
            own.put("PENSTOCK_CLOCK_OFFSET_MILLIS", index % 2 == 0 ? "2000" : "-2000");
        }
        return Server.penstock(provider, own);
    }

    private static void report(String run, boolean byTokens, List<JsonNode> log) {
        double start = log.getFirst().path("at").asDouble();
        int over = 0;
        double used = 0;
        double firstOver = 0;
        double lastOver = 0;
        for (JsonNode entry : log) {
            double at = entry.path("at").asDouble() - start;
            if (entry.path("limited").asBoolean()) {
                over++;
                firstOver = firstOver == 0 ? at : firstOver;
                lastOver = at;
                continue;
            }
            if (at >= GOING_AFTER_MILLIS && at < GOING_AFTER_MILLIS + 60_000) {
                used +=
                        byTokens
                                ? entry.path("prompt_tokens").asInt()
                                        + entry.path("completion_tokens").asInt()
                                : 1;
            }
        }
        Batches.print(
                "%s process(es), %s: %d requests, %d over the limit (%.3f %%, after %.1f to %.1f s),"
                        + " %.1f %% of the limit used in a minute",
                run,
                byTokens ? TOKENS + " tokens a minute" : REQUESTS + " requests a minute",
                log.size(),
                over,
                100.0 * over / log.size(),
                firstOver / 1000,
                lastOver / 1000,
                100 * used / (byTokens ? TOKENS : REQUESTS));
    }
}
