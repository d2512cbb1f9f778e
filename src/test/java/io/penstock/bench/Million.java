package io.penstock.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.Emulators;
import io.penstock.testing.Provider;
import io.penstock.testing.SlowStore;
import io.penstock.testing.lambda.Cloud;
import io.penstock.testing.lambda.LocalFunction;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// One batch of a million prompts through the four functions on this machine, with stores as slow
/// as the real ones, invocations ended at their real timeouts, and, if asked for, kills at the
/// moment when the results are put together. Run it by `./mvnw verify -Pcloud
/// -Dpenstock.cloud=io.penstock.bench.Million`, with `-Dnative` for the native binary.
///
/// A million results want `-Dpenstock.run.option=-Dpenstock.test.megabytes=6000`.
///
/// `PENSTOCK_BENCH_ITEMS`, `…_LATENCY` (of the provider, milliseconds), `…_WORKERS`, `…_FAILING`
/// (one of so many fails), `…_EARLY` (kills while it works) and `…_KILLS` (kills while the results
/// are put together) change it.
final class Million {

    private static final Duration S3 = Duration.ofMillis(15);
    private static final Duration DYNAMO = Duration.ofMillis(5);
    private static final Duration WORK = Duration.ofMinutes(5);
    private static final Duration SWEEP = Duration.ofMinutes(1);

    private final int items = setting("ITEMS", 1_000_000);
    private final int failing = setting("FAILING", 1_000);
    private final int early = setting("EARLY", 0);
    private final int kills = setting("KILLS", 0);
    private final int workers = setting("WORKERS", 4);
    private final int latency = setting("LATENCY", 20);
    private final Random random = new Random(setting("SEED", 1));
    private final Map<Long, Long> peaks = new HashMap<>();
    private int killedEarly;
    private int killed;
    private long killedAt;

    private Million() {}

    public static void main(String[] args) throws Exception {
        new Million().run();
        System.exit(0);
    }

    private static int setting(String name, int fallback) {
        String set = System.getenv("PENSTOCK_BENCH_" + name);
        return set == null ? fallback : Integer.parseInt(set);
    }

    private void run() throws IOException, InterruptedException {
        try (SimulatedProvider simulated =
                        SimulatedProvider.start(
                                SimulatedProvider.Options.defaults().withLogLimit(0));
                Emulators emulators = Emulators.start();
                SlowStore dynamo = new SlowStore(emulators.dynamoEndpoint(), DYNAMO);
                SlowStore s3 = new SlowStore(emulators.s3Endpoint(), S3)) {
            Provider.at(simulated.baseUrl()).behave("{\"latency\":\"" + latency + "ms\"}");
            String input = emulators.bucket("million-input");
            put(emulators, input);
            try (Cloud cloud =
                    new Cloud(
                            emulators,
                            "million",
                            Cloud.Size.of(workers, WORK, SWEEP),
                            Map.of(
                                    "OPENAI_BASE_URL",
                                    simulated.baseUrl(),
                                    "OPENAI_API_KEY",
                                    "bench",
                                    "QUARKUS_DYNAMODB_ENDPOINT_OVERRIDE",
                                    dynamo.endpoint().toString(),
                                    "QUARKUS_S3_ENDPOINT_OVERRIDE",
                                    s3.endpoint().toString(),
                                    "PENSTOCK_STORE_INPUT_BUCKETS",
                                    input,
                                    // A JVM has no function's size by itself: the work function's.
                                    "JAVA_TOOL_OPTIONS",
                                    "-Xmx640m -XX:+UseSerialGC"))) {
                run(cloud, input, simulated, dynamo, s3);
            }
        }
    }

    private void put(Emulators emulators, String bucket) throws IOException {
        Path file = Files.createTempFile("million", ".jsonl");
        try {
            try (BufferedWriter lines = Files.newBufferedWriter(file)) {
                for (int i = 0; i < items; i++) {
                    lines.write(
                            "{\"custom_id\":\"c%d\",\"prompt\":\"%s\"}%n".formatted(i, prompt(i)));
                }
            }
            emulators.s3().putObject(p -> p.bucket(bucket).key("input.jsonl"), file);
        } finally {
            Files.delete(file);
        }
    }

    private String prompt(int i) {
        return fails(i) ? "prompt " + i + " [[sim fault=bad_request]]" : "prompt " + i;
    }

    private boolean fails(int i) {
        return i % failing == failing - 1;
    }

    private void run(
            Cloud cloud, String input, SimulatedProvider simulated, SlowStore dynamo, SlowStore s3)
            throws InterruptedException {
        while (cloud.call("GET", "/q/health/live", "application/json", "").status() != 200) {
            pause(500);
        }
        Caller caller = new Caller(cloud.httpUrl());
        Map<String, Long> dynamoBefore = dynamo.counts();
        Map<String, Long> s3Before = s3.counts();
        long start = System.nanoTime();
        Batch batch =
                Batch.of(
                        caller,
                        Batch.submit(caller, "{\"input\":\"s3://" + input + "/input.jsonl\"}"));
        long ended = 0;
        long all = 0;
        String word = "";
        while (true) {
            watch(cloud.work());
            watch(cloud.http());
            JsonNode status = batch.get("").json();
            String now = status.path("status").asText();
            int done = status.path("completed").asInt() + status.path("failed").asInt();
            if (all == 0 && done == items) {
                all = System.nanoTime();
            }
            if (!now.equals(word)) {
                word = now;
                print("%.0f s: %s, %d done", seconds(start), word, done);
            }
            kill(cloud, done);
            if (word.equals("completed") || word.equals("failed") || word.equals("expired")) {
                ended = System.nanoTime();
                print("%s", status);
                break;
            }
            pause(all == 0 ? 2_000 : 200);
        }
        print(
                "%d items: %.0f s, of which %.1f s after the last answer; %d kills before, %d then",
                items, (ended - start) / 1e9, (ended - all) / 1e9, killedEarly, killed);
        requests("DynamoDB", dynamoBefore, dynamo.counts());
        requests("S3", s3Before, s3.counts());
        print("peak memory of a process, MB: %s", peaks.values().stream().sorted().toList());
        print("the provider: %s", Provider.at(simulated.baseUrl()).stats());
        afterwards(batch, dynamo, s3);
    }

    private void afterwards(Batch batch, SlowStore dynamo, SlowStore s3)
            throws InterruptedException {
        long reads = sum(dynamo) + sum(s3);
        long start = System.nanoTime();
        batch.status();
        print("a status: %.0f ms, %d requests", millis(start), sum(dynamo) + sum(s3) - reads);
        BitSet seen = new BitSet(items);
        int doubled = 0;
        String after = "";
        int pages = 0;
        reads = sum(dynamo) + sum(s3);
        start = System.nanoTime();
        while (true) {
            Caller.Answer page = batch.get("/results?order=input&limit=10000" + after);
            if (page.status() != 200 || page.http().body().isEmpty()) {
                break;
            }
            pages++;
            for (JsonNode line : Batch.lines(page)) {
                int index = line.path("index").asInt();
                doubled += seen.get(index) ? 1 : 0;
                seen.set(index);
                if (!line.path("custom_id").asText().equals("c" + index)
                        || fails(index) != line.hasNonNull("error")
                        || !(fails(index)
                                || line.path("result").asText().endsWith("prompt " + index))) {
                    throw new AssertionError("Mixed up: " + line);
                }
            }
            after = "&after=" + page.header("x-next-cursor");
        }
        print(
                "%d pages of up to 10000: %.0f ms and %.1f requests each; %d outcomes, %d lost, %d doubled",
                pages,
                millis(start) / Math.max(1, pages),
                (sum(dynamo) + sum(s3) - reads) / (double) Math.max(1, pages),
                seen.cardinality(),
                items - seen.cardinality(),
                doubled);
        retry(batch, dynamo, s3);
    }

    private void retry(Batch batch, SlowStore dynamo, SlowStore s3) throws InterruptedException {
        long reads = sum(dynamo) + sum(s3);
        long start = System.nanoTime();
        Caller.Answer answer = batch.post("/retry");
        print(
                "/retry of it: %.0f ms, status %d, %d requests",
                millis(start), answer.status(), sum(dynamo) + sum(s3) - reads);
        if (answer.status() != 202) {
            return;
        }
        Batch again = Batch.of(batch.caller(), answer);
        while (true) {
            JsonNode status = again.status();
            String word = status.path("status").asText();
            if (word.equals("completed") || word.equals("failed")) {
                print(
                        "the batch of it: %s after %.1f s, %d requests; %d ended of %d",
                        word,
                        seconds(start),
                        sum(dynamo) + sum(s3) - reads,
                        status.path("failed").asInt(),
                        items / failing);
                return;
            }
            pause(500);
        }
    }

    /// At moments that nobody has chosen: early ones spread over the work, late ones some seconds
    /// after the last answer and one another.
    private void kill(Cloud cloud, int done) {
        boolean isLate = done == items;
        boolean isDue =
                isLate
                        ? killed < kills && seconds(killedAt) > 1 + random.nextInt(4)
                        : killedEarly < early && done >= items / (early + 1.0) * (killedEarly + 1);
        if (isDue && cloud.work().killOne(random)) {
            killedAt = System.nanoTime();
            killed += isLate ? 1 : 0;
            killedEarly += isLate ? 0 : 1;
        }
    }

    private void watch(LocalFunction function) {
        for (long pid : function.pids()) {
            try {
                for (String line : Files.readAllLines(Path.of("/proc", "" + pid, "status"))) {
                    if (line.startsWith("VmHWM:")) {
                        peaks.put(pid, Long.parseLong(line.replaceAll("\\D", "")) / 1024);
                    }
                }
            } catch (IOException gone) {
                // Its last peak is known.
            }
        }
    }

    private void requests(String service, Map<String, Long> before, Map<String, Long> after) {
        after.forEach((operation, count) -> {
            long made = count - before.getOrDefault(operation, 0L);
            print("%s %s: %d, %.1f a thousand items", service, operation, made, made * 1e3 / items);
        });
    }

    private static long sum(SlowStore store) {
        return store.counts().values().stream().mapToLong(Long::longValue).sum();
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    private static double millis(long start) {
        return (System.nanoTime() - start) / 1e6;
    }

    private static void pause(int millis) throws InterruptedException {
        new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS);
    }

    private static void print(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
    }
}
