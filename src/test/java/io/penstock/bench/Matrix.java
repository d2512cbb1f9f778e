package io.penstock.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Emulators;
import io.penstock.testing.Provider;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// How much of what a provider allows is used, and how many calls it refuses, by limits of every
/// shape, in the provider's own judgement: a batch that is larger than the limit allows runs in one
/// process on the embedded engine or in four on AWS's, and is counted once it has run for a while.
///
/// `-Dpenstock.bench.matrix=bucket.*/1,4/20` chooses rows by their names, the processes, and for
/// how many seconds each is counted.
final class Matrix {

    private static final String OPTION = "penstock.bench.matrix";
    private static final int SETTLING_SECONDS = 5;
    private static final int PERMITS = 100;
    private static final double CALLS_PER_SECOND = 5;
    private static final String LATENCY = "\"latency\":\"200ms\"";
    private static final String[] BUCKETS = {"60s", "10s", "1s", "500ms"};

    /// @param behaviour of the provider, besides its latency
    /// @param perSecond calls that it answers
    /// @param budget what is configured
    private record Row(
            String name, String behaviour, double perSecond, Map<String, String> budget) {}

    private Matrix() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        String[] chosen = System.getProperty(OPTION, ".*/1,4/20").split("/");
        int seconds = Integer.parseInt(chosen[2]);
        Batches.print(
                "| provider | processes | configured | of what is possible | refused of 1,000 |");
        Batches.print("|---|---|---|---|---|");
        try (Server provider = Server.provider(200_000);
                Emulators emulators = Emulators.start()) {
            for (String processes : chosen[1].split(",")) {
                for (Row row : rows()) {
                    if (row.name.matches(chosen[0])) {
                        run(provider, emulators, row, Integer.parseInt(processes), seconds);
                    }
                }
            }
        }
    }

    private static List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        for (String bucket : BUCKETS) {
            String limit = "\"requests\":\"6000/1m:bucket:" + bucket + "\"";
            rows.add(new Row("bucket of " + bucket, limit, 100, Map.of()));
            rows.add(new Row("bucket of " + bucket, limit, 100, requests()));
        }
        for (String window : new String[] {"1s", "10s"}) {
            String limit = "\"requests\":\"6000/1m:fixed:" + window + "\"";
            rows.add(new Row("windows of " + window, limit, 100, Map.of()));
            rows.add(new Row("windows of " + window, limit, 100, requests()));
        }
        String second = "\"requests\":\"6000/1m:bucket:1s\",";
        for (String waits : new String[] {"ms", "seconds", "date", "body", "nothing"}) {
            rows.add(
                    new Row(
                            "no headers, waits: " + waits,
                            second + "\"headers\":\"none\",\"waits\":\"" + waits + "\"",
                            100,
                            Map.of()));
        }
        for (String headers : new String[] {"zero", "minus_one", "day", "thousands"}) {
            rows.add(
                    new Row(
                            "headers: " + headers,
                            second + "\"headers\":\"" + headers + "\"",
                            100,
                            Map.of()));
        }
        for (int level : new int[] {10, 50}) {
            rows.add(
                    new Row(
                            level + " at once",
                            "\"max_in_flight\":" + level,
                            level * CALLS_PER_SECOND,
                            Map.of()));
        }
        for (double chance : new double[] {0.01, 0.05, 0.2}) {
            rows.add(
                    new Row(
                            "scattered, " + chance,
                            "\"fault\":\"unavailable\",\"retry_after\":1,\"rate\":" + chance,
                            PERMITS * CALLS_PER_SECOND * (1 - chance),
                            Map.of()));
        }
        return rows;
    }

    private static Map<String, String> requests() {
        return Map.of(
                "PENSTOCK_FLOW_BUDGETS__MAIN__MODELS", "gpt-*",
                "PENSTOCK_FLOW_BUDGETS__MAIN__REQUESTS_PER_MINUTE", "6000");
    }

    private static void run(
            Server provider, Emulators emulators, Row row, int processes, int seconds)
            throws IOException, InterruptedException {
        Map<String, String> settings =
                processes == 1
                        ? new HashMap<>()
                        : Aws.settings(emulators, "matrix-" + System.nanoTime());
        settings.putAll(row.budget);
        settings.put("PENSTOCK_BATCH_CHUNK_ITEMS", "200");
        settings.put("PENSTOCK_FLOW_MAX_CONCURRENCY", Integer.toString(PERMITS / processes));
        Provider watched = Provider.at("http://127.0.0.1:" + provider.port() + "/v1");
        List<Server> servers = new ArrayList<>();
        try {
            for (int i = 0; i < processes; i++) {
                servers.add(Server.penstock(provider, settings));
            }
            watched.reset();
            watched.behave("{" + LATENCY + "," + row.behaviour + "}");
            Batches.submit(servers.getFirst(), 30_000, "");
            Levels.pass((SETTLING_SECONDS + seconds + 3) * 1_000L);
        } finally {
            servers.forEach(Server::kill);
        }
        report(row, processes, seconds, watched.wholeLog());
    }

    private static void report(Row row, int processes, int seconds, List<JsonNode> log) {
        double from = log.getFirst().path("at").asDouble() + SETTLING_SECONDS * 1_000;
        int taken = 0;
        int refused = 0;
        for (JsonNode entry : log) {
            double at = entry.path("at").asDouble() - from;
            if (at >= 0 && at < seconds * 1_000) {
                taken += entry.path("limited").asBoolean() || entry.hasNonNull("fault") ? 0 : 1;
                refused += entry.path("limited").asBoolean() ? 1 : 0;
            }
        }
        Batches.print(
                "| %s | %d | %s | %.2f | %.1f |",
                row.name,
                processes,
                row.budget.isEmpty() ? "no" : "yes",
                taken / (row.perSecond * seconds),
                1_000.0 * refused / Math.max(1, taken + refused));
    }
}
