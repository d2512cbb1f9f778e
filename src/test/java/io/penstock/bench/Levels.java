package io.penstock.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Provider;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/// How soon a process that is told nothing finds how many calls the provider takes at once, how
/// much of that it uses, and how often it is refused: with 50, then 10, then 100 calls of 200 ms.
/// Beside it a script that keeps a fixed number of calls going and obeys `Retry-After` call by
/// call.
final class Levels {

    private record Level(int calls, int seconds) {}

    private static final List<Level> LEVELS =
            List.of(new Level(50, 40), new Level(10, 30), new Level(100, 40));

    private Levels() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        try (Server provider = Server.provider(200_000)) {
            Provider watched = Provider.at("http://127.0.0.1:" + provider.port() + "/v1");
            try (Server penstock =
                    Server.penstock(provider, Map.of("PENSTOCK_FLOW_MAX_CONCURRENCY", "200"))) {
                watched.reset();
                level(watched, LEVELS.getFirst());
                URI batch = Batches.submit(penstock, 60_000, "");
                report("Penstock", watched);
                Batches.send(
                        HttpRequest.newBuilder(URI.create(batch + "/cancel"))
                                .POST(HttpRequest.BodyPublishers.noBody())
                                .build());
            }
            for (int fixed : new int[] {50, 200}) {
                AtomicBoolean stop = new AtomicBoolean();
                watched.reset();
                level(watched, LEVELS.getFirst());
                List<Thread> threads = script(provider, fixed, stop);
                report("a script with " + fixed + " calls at once", watched);
                stop.set(true);
                for (Thread thread : threads) {
                    thread.join();
                }
            }
        }
    }

    private static void report(String who, Provider watched) throws InterruptedException {
        List<Double> changes = new ArrayList<>();
        for (Level level : LEVELS) {
            level(watched, level);
            changes.add((double) System.currentTimeMillis());
            pass(level.seconds * 1000L);
        }
        double end = System.currentTimeMillis();
        List<JsonNode> log = watched.wholeLog();
        double possible = 0;
        long answered = 0;
        long refused = 0;
        StringBuilder found = new StringBuilder();
        for (int i = 0; i < LEVELS.size(); i++) {
            Level level = LEVELS.get(i);
            possible += level.calls * level.seconds / 0.2;
            double from = changes.get(i);
            double to = i + 1 < changes.size() ? changes.get(i + 1) : end;
            found.append(found.isEmpty() ? "" : ", ")
                    .append(level.calls)
                    .append(" after ")
                    .append(foundAfter(log, level, from, to));
        }
        for (JsonNode entry : log) {
            if (entry.path("limited").asBoolean()) {
                refused++;
            } else {
                answered++;
            }
        }
        Batches.print(
                "%s: %.1f %% of the possible calls made, %.2f refused of 1,000; found %s",
                who, 100 * answered / possible, 1000.0 * refused / (answered + refused), found);
    }

    /// The end of the first second in which nine tenths of the possible calls began.
    private static String foundAfter(List<JsonNode> log, Level level, double from, double to) {
        for (double at = from; at + 1000 <= to; at += 100) {
            double begin = at;
            long count =
                    log.stream()
                            .filter(entry -> !entry.path("limited").asBoolean())
                            .filter(entry -> entry.path("at").asDouble() >= begin)
                            .filter(entry -> entry.path("at").asDouble() < begin + 1000)
                            .count();
            // Down: no more than the level, and up: nearly as many.
            if (count >= 0.9 * level.calls / 0.2 && count <= 1.1 * level.calls / 0.2) {
                return "%.1f s".formatted((at + 1000 - from) / 1000);
            }
        }
        return "never";
    }

    private static void level(Provider watched, Level level) {
        watched.behave("{\"latency\":\"200ms\",\"max_in_flight\":" + level.calls + "}");
    }

    private static List<Thread> script(Server provider, int calls, AtomicBoolean stop) {
        HttpClient client = HttpClient.newHttpClient();
        HttpRequest request =
                HttpRequest.newBuilder(
                                URI.create(
                                        "http://127.0.0.1:"
                                                + provider.port()
                                                + "/v1/chat/completions"))
                        .header("authorization", "Bearer bench")
                        .header("content-type", "application/json")
                        .timeout(Duration.ofSeconds(10))
                        .POST(HttpRequest.BodyPublishers.ofString(Load.chatBody("a script")))
                        .build();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < calls; i++) {
            threads.add(Thread.ofVirtual().start(() -> callOn(client, request, stop)));
        }
        return threads;
    }

    private static void callOn(HttpClient client, HttpRequest request, AtomicBoolean stop) {
        while (!stop.get()) {
            try {
                HttpResponse<String> answer =
                        client.send(request, HttpResponse.BodyHandlers.ofString());
                if (answer.statusCode() == 429) {
                    pass(1000 * answer.headers().firstValueAsLong("retry-after").orElse(1));
                }
            } catch (IOException ended) {
                return;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    static void pass(long millis) throws InterruptedException {
        new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS);
    }
}
