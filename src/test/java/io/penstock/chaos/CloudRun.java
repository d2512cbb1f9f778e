package io.penstock.chaos;

import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Emulators;
import io.penstock.testing.Provider;
import io.penstock.testing.lambda.Cloud;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// One batch through the HTTP API, the queue and the functions of [Cloud], whose environments are
/// killed at random moments, or hang until their timeout ends them.
final class CloudRun {

    private static final Duration LIMIT = Duration.ofMinutes(20);

    /// The function's: it starts items until a call and its recording still fit, see `Shift`.
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);
    private static final int CHUNK_ITEMS = 50;
    private static final int LOOK_EVERY_MILLIS = 250;

    private final Random random;
    private final SimulatedProvider simulated;
    private final Provider provider;
    private final Cloud cloud;
    private final List<Disruption> disruptions = new ArrayList<>();
    private int hung;

    /// What is done.
    ///
    /// @param items of the batch
    /// @param environments that work at once
    /// @param disruptions kills and timeouts, of which each third is a timeout
    /// @param inFlight calls of one environment at once
    /// @param latency of the provider
    record Plan(int items, int environments, int disruptions, int inFlight, Duration latency) {}

    private CloudRun(Emulators emulators, Plan plan, long seed) {
        random = new Random(seed);
        simulated =
                SimulatedProvider.start(
                        SimulatedProvider.Options.defaults()
                                .withSeed(seed)
                                .withLogLimit(1_000_000));
        provider = Provider.at(simulated.baseUrl());
        provider.behave(
                "{\"latency\":\"%dms\",\"latency_p99\":\"%dms\"}"
                        .formatted(plan.latency.toMillis(), plan.latency.toMillis() * 3 / 2));
        Map<String, String> variables = new HashMap<>();
        variables.put("OPENAI_BASE_URL", simulated.baseUrl());
        variables.put("OPENAI_API_KEY", "cloud");
        variables.put("PENSTOCK_BATCH_CHUNK_ITEMS", Integer.toString(CHUNK_ITEMS));
        variables.put("PENSTOCK_BATCH_LEASE", "5s");
        variables.put("PENSTOCK_FLOW_MAX_CONCURRENCY", Integer.toString(plan.inFlight));
        variables.put("PENSTOCK_FLOW_RESERVED_FOR_INTERACTIVE", "0");
        variables.put("PENSTOCK_LLM_TIMEOUT", CALL_TIMEOUT.toMillis() + "ms");
        variables.put("PENSTOCK_LLM_BACKOFF", "20ms");
        variables.put("PENSTOCK_LLM_MAX_ATTEMPTS", "10");
        cloud =
                new Cloud(
                        emulators,
                        "cloud-" + plan.environments + "-" + plan.items,
                        Cloud.Size.of(plan.environments, TIMEOUT, Duration.ofSeconds(2)),
                        variables);
        cloud.vary("PENSTOCK_CLOCK_OFFSET_MILLIS", List.of("0", "-300000", "300000"));
    }

    /// @return seconds from the submission to the end
    /// @throws AssertionError when anything was lost, doubled or mixed up
    static double run(Emulators emulators, Plan plan, long seed) throws Exception {
        System.out.printf("Cloud run with seed %d (-Dpenstock.chaos.seed), %s%n", seed, plan);
        CloudRun run = new CloudRun(emulators, plan, seed);
        try {
            return run.run(plan);
        } catch (AssertionError violated) {
            throw new AssertionError(violated.getMessage() + "\n" + run.cloud.log(), violated);
        } finally {
            run.cloud.close();
            run.simulated.close();
        }
    }

    private double run(Plan plan) throws Exception {
        long start = System.nanoTime();
        // A JVM on a busy machine may take longer to start than the gateway waits.
        while (cloud.call("GET", "/batch?limit=1", "application/json", "").status() == 503) {
            if (System.nanoTime() - start > LIMIT.toNanos()) {
                throw new AssertionError("The first function does not start");
            }
        }
        start = System.nanoTime();
        String id = CrashRun.submit(cloud, plan.items);
        Checker checker = new Checker(id, plan.items);
        // What dies before it has begun proves little.
        while (checker.ended() == 0) {
            goOn(checker, start, LOOK_EVERY_MILLIS);
        }
        while (disruptions.size() < plan.disruptions) {
            if (!goOn(checker, start, 300 + random.nextInt(1_700))) {
                break;
            }
            disrupt();
        }
        while (goOn(checker, start, 1_000)) {
            // It only has to end.
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        checker.check(
                cloud,
                provider,
                disruptions,
                System.currentTimeMillis(),
                seconds,
                new Checker.Timing("AWS, in functions", Duration.ofSeconds(1), CALL_TIMEOUT, true));
        System.out.printf(
                Locale.ROOT,
                """
                environments at once, started      %d, %d
                of the kills, by a timeout         %d
                items a second                     %.1f
                """,
                plan.environments,
                cloud.work().startedCount(),
                hung,
                plan.items / seconds);
        if (disruptions.size() < plan.disruptions) {
            throw new AssertionError("It ended after " + disruptions.size() + " disruptions");
        }
        return seconds;
    }

    private void disrupt() {
        double from = System.currentTimeMillis();
        boolean hangs = random.nextInt(3) == 0;
        boolean done = hangs ? cloud.work().hangOne(random) : cloud.work().killOne(random);
        if (done) {
            hung += hangs ? 1 : 0;
            disruptions.add(new Disruption(Disruption.Kind.KILL, from, System.currentTimeMillis()));
        }
    }

    /// @return whether the batch still runs
    private boolean goOn(Checker checker, long start, int millis) throws InterruptedException {
        if (System.nanoTime() - start > LIMIT.toNanos()) {
            throw new AssertionError("It does not end in " + LIMIT);
        }
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            if (checker.look(cloud).equals("completed")) {
                return false;
            }
            new CountDownLatch(1)
                    .await(
                            Math.min(left, TimeUnit.MILLISECONDS.toNanos(LOOK_EVERY_MILLIS)),
                            TimeUnit.NANOSECONDS);
        }
        return true;
    }
}
