package io.penstock.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Caller;
import io.penstock.testing.Emulators;
import io.penstock.testing.Function;
import io.penstock.testing.Provider;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/// One batch on the embedded engine in a process of its own that is killed, frozen and restarted at
/// random moments, while its queue is tampered with, its database locked, and its provider faulty.
///
/// What counts is the provider's log and what the owner of the batch has read.
final class CrashRun {

    private static final Duration END_LIMIT = Duration.ofMinutes(5);
    private static final int IN_FLIGHT = 50;

    /// 250 ms of results at the most that 50 calls of about 200 ms can bring.
    private static final int COMMIT_INTERVAL_RESULTS = 65;

    private final int items;
    private final int kills;
    private final Random random;
    private final Path directory;
    private final SimulatedProvider simulated;
    private final Provider provider;
    private final Map<Integer, String> readEarly = new HashMap<>();
    private final List<String> violations = new ArrayList<>();
    private final @Nullable Emulators emulators;
    private final Map<String, String> engine;
    private Function function;
    private String id = "";
    private int lastEnded;

    private CrashRun(int items, int kills, long seed, @Nullable Emulators emulators)
            throws IOException {
        this.emulators = emulators;
        this.engine = emulators == null ? Map.of() : engine(emulators);
        this.items = items;
        this.kills = kills;
        this.random = new Random(seed);
        this.directory = Files.createTempDirectory(Path.of("target"), "crash-");
        this.simulated =
                SimulatedProvider.start(
                        SimulatedProvider.Options.defaults().withLogLimit(1_000_000));
        this.provider = Provider.at(simulated.baseUrl());
        this.function = start();
    }

    /// @throws AssertionError when anything was lost, doubled or mixed up
    ///
    /// @param emulators of AWS; null for the embedded engine
    static void run(int items, int kills, long seed, @Nullable Emulators emulators)
            throws Exception {
        System.out.printf(
                "Crash run on the %s engine with seed %d (-Dpenstock.chaos.seed)%n",
                emulators == null ? "local" : "AWS", seed);
        CrashRun run = new CrashRun(items, kills, seed, emulators);
        try {
            run.run();
        } finally {
            run.function.kill();
            run.simulated.close();
        }
    }

    private void run() throws Exception {
        long start = System.nanoTime();
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < items; i++) {
            ObjectNode line = Caller.JSON.createObjectNode().put("custom_id", "item-" + i);
            lines.append(line.put("prompt", prompt(i))).append('\n');
        }
        provider.behave("{\"latency\":\"150ms\",\"latency_p99\":\"900ms\"}");
        Function.Raw submitted =
                function.call("POST", "/batch", "application/jsonl", lines.toString());
        if (submitted.status() != 202) {
            throw new AssertionError("Submitted: " + submitted);
        }
        id = Caller.parse(submitted.body()).path("job_id").asText();
        int freezes = 0;
        int locks = 0;
        int killed = 0;
        while (killed < kills) {
            pass(200 + random.nextInt(1_500));
            look();
            switch (random.nextInt(6)) {
                case 0 -> {
                    function.signal("STOP");
                    pass(3_000);
                    function.signal("CONT");
                    freezes++;
                }
                case 1 -> {
                    lockDatabase();
                    locks++;
                }
                default -> {
                    function.kill();
                    killed++;
                    tamper();
                    function = start();
                    look();
                }
            }
        }
        awaitEnd();
        check(killed, freezes, locks, (System.nanoTime() - start) / 1e9);
    }

    private Function start() {
        Map<String, String> environment = new HashMap<>();
        environment.putAll(engine);
        environment.put("OPENAI_BASE_URL", simulated.baseUrl());
        environment.put("OPENAI_API_KEY", "crash");
        environment.put("PENSTOCK_STORE_DIRECTORY", directory.toAbsolutePath().toString());
        environment.put("PENSTOCK_STORE_VISIBILITY", "3s");
        environment.put("PENSTOCK_STORE_MAX_RECEIVES", "100");
        environment.put("PENSTOCK_BATCH_WORKERS", "4");
        environment.put("PENSTOCK_BATCH_CHUNK_ITEMS", "50");
        environment.put("PENSTOCK_BATCH_LEASE", "2s");
        environment.put("PENSTOCK_BATCH_SWEEP_EVERY", "2s");
        environment.put("PENSTOCK_FLOW_MAX_CONCURRENCY", Integer.toString(IN_FLIGHT));
        environment.put("PENSTOCK_LLM_TIMEOUT", "5s");
        environment.put("PENSTOCK_LLM_BACKOFF", "20ms");
        return new Function(environment);
    }

    private static Map<String, String> engine(Emulators emulators) {
        return emulators.environment(
                emulators.table("crash"),
                emulators.bucket("crash"),
                emulators.queues("crash", Duration.ofSeconds(3), 100));
    }

    private static String prompt(int i) {
        String fault =
                switch (i % 100) {
                    case 13 -> " [[sim fault=server_error times=1]]";
                    case 37 -> " [[sim fault=rate_limit retry_after_ms=200 times=1]]";
                    case 61 -> " [[sim fault=close_body times=1]]";
                    case 99 -> " [[sim fault=bad_request]]";
                    default -> "";
                };
        return "What is item " + i + "?" + fault;
    }

    private static int attempts(int i) {
        return switch (i % 100) {
            case 13, 37, 61 -> 2;
            default -> 1;
        };
    }

    private static boolean fails(int i) {
        return i % 100 == 99;
    }

    /// Lets a random time pass, since a kill is to come at no particular moment.
    private static void pass(int millis) throws InterruptedException {
        new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS);
    }

    /// What the owner sees now must agree with what the owner has seen.
    private void look() {
        JsonNode status = status();
        int ended = status.path("completed").asInt() + status.path("failed").asInt();
        if (ended < lastEnded) {
            violations.add("Counts went from " + lastEnded + " to " + ended);
        }
        if (ended + status.path("pending").asInt() != items) {
            violations.add("Counts do not add up: " + status);
        }
        lastEnded = ended;
        Function.Raw page =
                function.call(
                        "GET",
                        "/batch/" + id + "/results?order=input&limit=2000",
                        "application/json",
                        "");
        page.body().lines().forEach(line -> readEarly.put(index(line), line));
    }

    private JsonNode status() {
        return Caller.parse(function.call("GET", "/batch/" + id, "application/json", "").body());
    }

    /// Duplicates and reorders messages, and makes some come late, while nobody looks.
    private void tamper() throws SQLException {
        if (emulators != null) {
            duplicate(emulators);
            return;
        }
        try (Connection connection =
                        DriverManager.getConnection(
                                "jdbc:sqlite:" + directory.resolve("penstock.db"));
                Statement statement = connection.createStatement()) {
            long now = System.currentTimeMillis();
            statement.execute(
                    "INSERT INTO queue (body, visible_at) SELECT body, "
                            + (now + random.nextInt(4_000))
                            + " FROM queue WHERE dead = 0 ORDER BY id DESC LIMIT 5");
            statement.execute(
                    "UPDATE queue SET visible_at = "
                            + now
                            + " + abs(random() % 3000) WHERE dead = 0 AND id % 3 = "
                            + random.nextInt(3));
        }
    }

    /// The queue gives messages in any order by itself.
    private void duplicate(Emulators emulators) {
        for (int i = 0; i < 5; i++) {
            String body =
                    Caller.JSON
                            .createObjectNode()
                            .put("task", "chunk")
                            .put("job", id)
                            .put("chunk", random.nextInt(Math.ceilDiv(items, 50)))
                            .toString();
            String url = engine.get("PENSTOCK_STORE_QUEUE_URL");
            int delay = random.nextInt(5);
            emulators.sqs().sendMessage(m -> m.queueUrl(url).messageBody(body).delaySeconds(delay));
        }
    }

    private void lockDatabase() throws SQLException, InterruptedException {
        if (emulators != null) {
            return;
        }
        try (Connection connection =
                        DriverManager.getConnection(
                                "jdbc:sqlite:"
                                        + directory.resolve("penstock.db")
                                        + "?busy_timeout=10000");
                Statement statement = connection.createStatement()) {
            statement.execute("BEGIN IMMEDIATE");
            pass(1_500);
            statement.execute("ROLLBACK");
        }
    }

    private void awaitEnd() throws InterruptedException {
        long end = System.nanoTime() + END_LIMIT.toNanos();
        while (!status().path("status").asText().equals("completed")) {
            if (System.nanoTime() > end) {
                throw new AssertionError("It does not end: " + status() + "\n" + function.log());
            }
            pass(200);
        }
        look();
    }

    private void check(int killed, int freezes, int locks, double seconds) {
        Map<Integer, List<String>> results = new TreeMap<>();
        String after = "";
        while (true) {
            Function.Raw page =
                    function.call(
                            "GET",
                            "/batch/" + id + "/results?limit=1000" + after,
                            "application/json",
                            "");
            if (page.body().isEmpty()) {
                break;
            }
            page.body()
                    .lines()
                    .forEach(line ->
                            results.computeIfAbsent(index(line), _ -> new ArrayList<>()).add(line));
            after = "&after=" + page.headers().path("x-next-cursor").asText();
        }
        int lost = 0;
        int doubled = 0;
        int mixed = 0;
        for (int i = 0; i < items; i++) {
            List<String> lines = results.getOrDefault(i, List.of());
            lost += lines.isEmpty() ? 1 : 0;
            doubled += lines.size() > 1 ? 1 : 0;
            mixed += lines.isEmpty() || belongs(i, lines.getFirst()) ? 0 : 1;
            String early = readEarly.get(i);
            if (early != null && !lines.contains(early)) {
                violations.add("The result of item " + i + " has changed");
            }
        }
        Map<Integer, Integer> calls = new HashMap<>();
        Map<Integer, Double> brokenAt = new HashMap<>();
        double longest = 0;
        int total = 0;
        for (JsonNode entry : provider.log("What is item ")) {
            String key = entry.path("key").asText();
            int item = Integer.parseInt(key.substring(13, key.indexOf('?')));
            calls.merge(item, 1, Integer::sum);
            total++;
            Double broken = brokenAt.remove(item);
            if (broken != null) {
                longest = Math.max(longest, (entry.path("at").asDouble() - broken) / 1000);
            }
            if (entry.path("end").asText().equals("aborted")) {
                brokenAt.put(item, entry.path("ended_at").asDouble());
            }
        }
        int repeated = 0;
        for (int i = 0; i < items; i++) {
            repeated += Math.max(0, calls.getOrDefault(i, 0) - attempts(i));
        }
        System.out.printf(
                "%d items, %d kills, %d freezes, %d locks: %d lost, %d doubled, %d mixed up;"
                        + " %d provider calls, %.1f repeated per kill (aim at most %d), longest"
                        + " from a broken call to the next of its item %.1f s (aim at most 60 s),"
                        + " %d results read early, %.0f s%n",
                items,
                killed,
                freezes,
                locks,
                lost,
                doubled,
                mixed,
                total,
                repeated / (double) Math.max(1, killed + freezes),
                IN_FLIGHT + COMMIT_INTERVAL_RESULTS,
                longest,
                readEarly.size(),
                seconds);
        if (lost + doubled + mixed > 0) {
            violations.add(lost + " lost, " + doubled + " doubled, " + mixed + " mixed up");
        }
        if (results.size() != items) {
            violations.add(results.size() + " outcomes for " + items + " items");
        }
        if (longest > 60) {
            violations.add("An item waited " + longest + " s to be called again");
        }
        if (!violations.isEmpty()) {
            throw new AssertionError(String.join("\n", violations) + "\n" + function.log());
        }
    }

    private static boolean belongs(int i, String line) {
        JsonNode result = Caller.parse(line);
        if (!result.path("custom_id").asText().equals("item-" + i)) {
            return false;
        }
        if (fails(i)) {
            return result.path("error").path("code").asText().equals("invalid_request");
        }
        CRC32 crc = new CRC32();
        String asked = "What is item " + i + "?";
        crc.update(asked.getBytes(StandardCharsets.UTF_8));
        return result.path("finish_reason").asText().equals("stop")
                && result.path("result")
                        .asText()
                        .equals("Answer %08x: %s".formatted(crc.getValue(), asked));
    }

    private static int index(String line) {
        return Caller.parse(line).path("index").asInt();
    }
}
