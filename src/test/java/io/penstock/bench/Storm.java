package io.penstock.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Emulators;
import io.penstock.testing.Provider;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A storm of refusals at four processes: three calls of ten are answered 429 with `Retry-After:
/// 2`. How many attempts came before the provider wanted any, and how soon all is as before; beside
/// it the same with processes that hardly ever tell each other.
final class Storm {

    private static final int PROCESSES = 4;
    private static final int AT_ONCE = 10;

    /// Long enough for the CPU not to be the limit of what is measured.
    private static final long LATENCY_MILLIS = 1_000;

    /// Long enough for the JIT not to be it either: it takes more of two cores than the calls.
    private static final long BEFORE_MILLIS = 45_000;

    private static final long STORM_MILLIS = 30_000;
    private static final long AFTER_MILLIS = 12_000;

    /// How long a mark may be on its way to the others.
    private static final double ON_ITS_WAY_MILLIS = 100;

    private Storm() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        try (Server provider = Server.provider(200_000);
                Emulators emulators = Emulators.start()) {
            for (String refresh : new String[] {"50ms", "10s"}) {
                run(provider, emulators, refresh);
            }
        }
    }

    private static void run(Server provider, Emulators emulators, String refresh)
            throws IOException, InterruptedException {
        String name = "storm-" + refresh;
        Map<String, String> settings = Aws.settings(emulators, name);
        settings.put("PENSTOCK_BATCH_CHUNK_ITEMS", "100");
        settings.put("PENSTOCK_FLOW_MAX_CONCURRENCY", Integer.toString(AT_ONCE));
        settings.put("PENSTOCK_FLOW_RESERVED_FOR_INTERACTIVE", "0");
        settings.put("PENSTOCK_FLOW_REFRESH", refresh);
        settings.put("PENSTOCK_LLM_MAX_ATTEMPTS", "10");
        List<Server> servers = new ArrayList<>();
        Provider watched = Provider.at("http://127.0.0.1:" + provider.port() + "/v1");
        double calm;
        try {
            for (int i = 0; i < PROCESSES; i++) {
                servers.add(Server.penstock(provider, settings));
            }
            watched.reset();
            watched.behave("{\"latency\":\"" + LATENCY_MILLIS + "ms\"}");
            Batches.submit(servers.getFirst(), 20_000, "");
            Levels.pass(BEFORE_MILLIS);
            watched.behave(
                    "{\"latency\":\""
                            + LATENCY_MILLIS
                            + "ms\",\"fault\":\"rate_limit\",\"rate\":0.3,\"retry_after\":2}");
            Levels.pass(STORM_MILLIS);
            watched.behave("{\"latency\":\"" + LATENCY_MILLIS + "ms\"}");
            calm = System.currentTimeMillis();
            Levels.pass(AFTER_MILLIS);
        } finally {
            for (Server server : servers) {
                server.kill();
            }
        }
        report(refresh, watched.wholeLog(), calm);
    }

    private static void report(String refresh, List<JsonNode> log, double calm) {
        List<JsonNode> refusals =
                log.stream().filter(entry -> entry.path("status").asInt() == 429).toList();
        long early = 0;
        long onItsWay = 0;
        for (JsonNode entry : log) {
            double at = entry.path("at").asDouble();
            boolean before = false;
            boolean late = false;
            for (JsonNode refusal : refusals) {
                double said = refusal.path("ended_at").asDouble();
                double until = said + refusal.path("retry_after_ms").asDouble();
                if (at > said && at < until) {
                    before = true;
                    late |= at > said + ON_ITS_WAY_MILLIS;
                }
            }
            early += late ? 1 : 0;
            onItsWay += before && !late ? 1 : 0;
        }
        long usual = (long) (0.9 * PROCESSES * AT_ONCE * 1000 / LATENCY_MILLIS);
        double full = Double.NaN;
        for (double at = calm; at < calm + AFTER_MILLIS - 1000; at += 100) {
            double from = at;
            long count =
                    log.stream()
                            .filter(entry -> entry.path("at").asDouble() >= from)
                            .filter(entry -> entry.path("at").asDouble() < from + 1000)
                            .count();
            if (count >= usual) {
                full = (at - calm) / 1000;
                break;
            }
        }
        Batches.print(
                "Storm at %d processes, marks looked for every %s: %d attempts, %d refused; %d before"
                        + " the provider wanted any, and %d more in the 100 ms that a mark may be on"
                        + " its way; full speed %.1f s after the storm",
                PROCESSES, refresh, log.size(), refusals.size(), early, onItsWay, full);
    }
}
