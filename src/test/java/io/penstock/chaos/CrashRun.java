package io.penstock.chaos;

import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Caller;
import io.penstock.testing.Door;
import io.penstock.testing.Function;
import io.penstock.testing.Provider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// One batch in processes that are killed, frozen and started again at random moments, while its
/// queue is tampered with, its store obstructed, and its provider faulty.
final class CrashRun {

    private static final Duration LIMIT =
            Duration.ofMinutes(Integer.getInteger("penstock.chaos.minutes", 9));
    private static final int IN_FLIGHT = 50;
    private static final int CHUNK_ITEMS = 50;

    /// How much longer than the lease a process stands still, so that another worker has the chunk
    /// when the frozen one returns.
    private static final Duration PAST_LEASE = Duration.ofSeconds(1);

    private static final int LOOK_EVERY_MILLIS = 150;

    /// How wrong the clocks of the processes are, one after the other; on one machine, how it is
    /// set between two starts.
    private static final List<Duration> SKEWS =
            List.of(Duration.ZERO, Duration.ofMinutes(-5), Duration.ofMinutes(5));

    private final int items;
    private final int kills;
    private final Random random;
    private final Engine engine;
    private final SimulatedProvider simulated;
    private final Provider provider;
    private final List<Function> functions = new ArrayList<>();
    private final List<Disruption> disruptions = new ArrayList<>();
    private final Map<String, Integer> obstructions = new TreeMap<>();
    private final long startNanos = System.nanoTime();
    private int started;

    private CrashRun(int items, int kills, long seed, Engine engine) {
        this.items = items;
        this.kills = kills;
        this.random = new Random(seed);
        this.engine = engine;
        this.simulated =
                SimulatedProvider.start(
                        SimulatedProvider.Options.defaults()
                                .withSeed(seed)
                                .withLogLimit(1_000_000));
        this.provider = Provider.at(simulated.baseUrl());
    }

    /// @throws AssertionError when anything was lost, doubled or mixed up
    static void run(int items, int kills, long seed, Engine engine) throws Exception {
        System.out.printf(
                "Crash run on the %s engine with seed %d (-Dpenstock.chaos.seed)%n",
                engine.name(), seed);
        CrashRun run = new CrashRun(items, kills, seed, engine);
        try {
            run.run();
        } catch (AssertionError violated) {
            StringBuilder logs = new StringBuilder("" + violated.getMessage());
            run.functions.forEach(function -> logs.append('\n').append(function.log()));
            throw new AssertionError(logs.toString(), violated);
        } finally {
            run.functions.forEach(Function::kill);
            run.simulated.close();
        }
    }

    private void run() throws Exception {
        for (int i = 0; i < engine.processes(); i++) {
            functions.add(start());
        }
        provider.behave(latency());
        String id = submit(functions.getFirst(), items);
        Checker checker = new Checker(id, items);
        int killed = 0;
        // One at least, also in a short run.
        if (goOn(checker, 500)) {
            obstruct();
        }
        while (killed < kills) {
            if (!goOn(checker, 200 + random.nextInt(1_000))) {
                break;
            }
            int victim = random.nextInt(functions.size());
            // Else it might end before the last kill: those that live go on meanwhile.
            boolean due = checker.ended() * (kills + 1L) >= items * (killed + 1L);
            switch (due ? 7 : random.nextInt(7)) {
                case 0 -> freeze(checker, victim);
                case 1 -> obstruct();
                case 2 -> engine.tamper(id, chunks(), random);
                default -> {
                    kill(id, victim);
                    killed++;
                }
            }
        }
        while (goOn(checker, 1_000)) {
            if (System.nanoTime() - startNanos > LIMIT.toNanos()) {
                throw new AssertionError("It does not end in " + LIMIT);
            }
        }
        double endedAt = now();
        System.out.printf("obstructions %s; spoilt requests %s%n", obstructions, engine.spoilt());
        checker.check(
                functions.getFirst(),
                provider,
                disruptions,
                endedAt,
                (System.nanoTime() - startNanos) / 1e9,
                Checker.Timing.of(engine));
        // Where several processes work, those that live may be done sooner than was thought.
        if (6 * killed < 5 * kills) {
            throw new AssertionError("It ended after " + killed + " of " + kills + " kills");
        }
    }

    /// Long enough that the batch does not end before the last kill.
    private String latency() {
        long between = functions.size() > 1 ? 5_000 : 1_000;
        long millis = Math.clamp(inFlight() * functions.size() * between * kills / items, 100, 700);
        return "{\"latency\":\"%dms\",\"latency_p99\":\"%dms\"}".formatted(millis, millis * 3 / 2);
    }

    /// Of each process: few where several work, since those that live go on while one starts again.
    private int inFlight() {
        return engine.processes() == 1 ? IN_FLIGHT : IN_FLIGHT / 2 / engine.processes();
    }

    private int chunks() {
        return Math.ceilDiv(items, CHUNK_ITEMS);
    }

    /// @return the batch's id
    static String submit(Door door, int items) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < items; i++) {
            lines.append(new Question(i).line()).append('\n');
        }
        Door.Raw submitted = door.call("POST", "/batch", "application/jsonl", lines.toString());
        if (submitted.status() != 202) {
            throw new AssertionError("Submitted: " + submitted);
        }
        return Caller.parse(submitted.body()).path("job_id").asText();
    }

    /// Looks at the batch, now and then, for a random time, since what comes next is to come at no
    /// particular moment.
    ///
    /// @return whether the batch still runs
    private boolean goOn(Checker checker, int millis) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        Function door = functions.get(random.nextInt(functions.size()));
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            if (checker.look(door).equals("completed")) {
                return false;
            }
            pass(Math.min(left, TimeUnit.MILLISECONDS.toNanos(LOOK_EVERY_MILLIS)));
        }
        return true;
    }

    private void kill(String id, int victim) throws Exception {
        double from = now();
        functions.get(victim).kill();
        disruptions.add(new Disruption(Disruption.Kind.KILL, from, now()));
        engine.tamper(id, chunks(), random);
        functions.set(victim, start());
    }

    private void freeze(Checker checker, int victim) throws InterruptedException {
        double from = now();
        functions.get(victim).signal("STOP");
        if (functions.size() > 1) {
            checker.look(functions.get((victim + 1) % functions.size()));
        }
        // The freeze itself is the fault, and it lasts as long as this waits.
        pass(engine.lease().plus(PAST_LEASE).toNanos());
        functions.get(victim).signal("CONT");
        disruptions.add(new Disruption(Disruption.Kind.FREEZE, from, now()));
    }

    private void obstruct() throws Exception {
        double from = now();
        obstructions.merge(
                engine.obstruct(random, functions.stream().map(Function::pid).toList()),
                1,
                Integer::sum);
        disruptions.add(new Disruption(Disruption.Kind.OBSTRUCTION, from, now()));
    }

    private Function start() {
        Map<String, String> environment = environment(simulated, engine, inFlight());
        Duration skew = SKEWS.get(started++ % SKEWS.size());
        environment.put("PENSTOCK_CLOCK_OFFSET_MILLIS", Long.toString(skew.toMillis()));
        return new Function(environment);
    }

    /// Of a process that works on the engine's store.
    static Map<String, String> environment(
            SimulatedProvider simulated, Engine engine, int inFlight) {
        Map<String, String> environment = new HashMap<>();
        environment.put("OPENAI_BASE_URL", simulated.baseUrl());
        environment.put("OPENAI_API_KEY", "crash");
        environment.put("PENSTOCK_BATCH_WORKERS", "4");
        environment.put("PENSTOCK_BATCH_CHUNK_ITEMS", Integer.toString(CHUNK_ITEMS));
        environment.put("PENSTOCK_BATCH_LEASE", engine.lease().toSeconds() + "s");
        environment.put("PENSTOCK_BATCH_SWEEP_EVERY", "2s");
        environment.put("PENSTOCK_FLOW_MAX_CONCURRENCY", Integer.toString(inFlight));
        environment.put("PENSTOCK_LLM_TIMEOUT", engine.callTimeout().toMillis() + "ms");
        environment.put("PENSTOCK_LLM_BACKOFF", "20ms");
        // A frozen process loses an attempt of each of its calls, and freezes may follow each
        // other.
        environment.put("PENSTOCK_LLM_MAX_ATTEMPTS", "10");
        environment.putAll(engine.environment());
        return environment;
    }

    private static void pass(long nanos) throws InterruptedException {
        new CountDownLatch(1).await(nanos, TimeUnit.NANOSECONDS);
    }

    private static double now() {
        return System.currentTimeMillis();
    }
}
