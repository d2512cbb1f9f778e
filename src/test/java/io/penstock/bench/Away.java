package io.penstock.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.Emulators;
import io.penstock.testing.Provider;
import io.penstock.testing.lambda.Cloud;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// A provider that is away in the middle of a batch, in four ways at once, each with functions of
/// its own: nobody listens, 503, 500, no answer. Run it by `./mvnw verify -Pcloud
/// -Dpenstock.cloud=io.penstock.bench.Away`, with `-Dnative` for the native binary.
///
/// `PENSTOCK_BENCH_AWAY` (seconds, 600) and `PENSTOCK_BENCH_ITEMS` change it.
final class Away {

    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final Duration SWEEP = Duration.ofMinutes(1);

    private final int away = setting("AWAY", 600);
    private final int items = setting("ITEMS", 6_000);

    private Away() {}

    public static void main(String[] args) throws InterruptedException {
        Away run = new Away();
        try (Emulators emulators = Emulators.start()) {
            List<Thread> threads = new ArrayList<>();
            for (String way : List.of("nobody", "unavailable", "server_error", "hang")) {
                threads.add(Thread.ofPlatform().name(way).start(() -> run.run(emulators, way)));
            }
            for (Thread thread : threads) {
                thread.join();
            }
        }
        System.exit(0);
    }

    private static int setting(String name, int fallback) {
        String set = System.getenv("PENSTOCK_BENCH_" + name);
        return set == null ? fallback : Integer.parseInt(set);
    }

    private void run(Emulators emulators, String way) {
        SimulatedProvider simulated = start(0);
        String url = simulated.baseUrl();
        try (Cloud cloud =
                new Cloud(
                        emulators,
                        "away-" + way.replace('_', '-'),
                        Cloud.Size.of(2, Duration.ofMinutes(5), SWEEP),
                        Map.of(
                                "OPENAI_BASE_URL",
                                url,
                                "OPENAI_API_KEY",
                                "bench",
                                "PENSTOCK_FLOW_MAX_CONCURRENCY",
                                "20"))) {
            behave(url, "none");
            while (cloud.call("GET", "/q/health/live", "application/json", "").status() != 200) {
                pause(500);
            }
            Batch batch = submit(new Caller(cloud.httpUrl()));
            await(batch, items / 3);
            if (way.equals("nobody")) {
                simulated.close();
            } else {
                behave(url, way);
            }
            int before = await(batch, 0);
            pause(away * 1_000L);
            JsonNode during = batch.status();
            if (way.equals("nobody")) {
                simulated = start(java.net.URI.create(url).getPort());
            }
            behave(url, "none");
            long back = System.nanoTime();
            await(batch, ended(during) + 1);
            double resumed = (System.nanoTime() - back) / 1e9;
            await(batch, items);
            JsonNode after = batch.awaitStatus("completed");
            System.out.printf(
                    Locale.ROOT,
                    "%s for %d s: %d of %d done before, %d then; the first answer %.1f s after it, all"
                            + " after %.1f s; %d failed%n",
                    way,
                    away,
                    before,
                    items,
                    ended(during) - before,
                    resumed,
                    (System.nanoTime() - back) / 1e9,
                    after.path("failed").asInt());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            simulated.close();
        }
    }

    private static SimulatedProvider start(int port) {
        return SimulatedProvider.start(
                SimulatedProvider.Options.defaults().withPort(port).withLogLimit(0));
    }

    private static void behave(String url, String fault) {
        Provider.at(url).behave("{\"latency\":\"200ms\",\"fault\":\"" + fault + "\"}");
    }

    private Batch submit(Caller caller) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < items; i++) {
            lines.append("{\"prompt\":\"prompt ").append(i).append("\"}\n");
        }
        return Batch.of(caller, Batch.submitLines(caller, lines.toString()));
    }

    private static int ended(JsonNode status) {
        return status.path("completed").asInt() + status.path("failed").asInt();
    }

    /// @return how many have ended, once these are
    private static int await(Batch batch, int count) throws InterruptedException {
        long end = System.nanoTime() + LIMIT.toNanos();
        int ended = ended(batch.status());
        while (ended < count) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError(ended + " of " + count + ": " + batch.status());
            }
            pause(500);
            ended = ended(batch.status());
        }
        return ended;
    }

    private static void pause(long millis) throws InterruptedException {
        new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS);
    }
}
