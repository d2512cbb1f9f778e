package io.penstock.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Settings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The admissions of two hundred processes, or of `-Dpenstock.crowd=1000`, on one store that is
/// slow and refuses what DynamoDB refuses. The store is in memory, the rest is real, time too.
class CrowdedAdmissionTest {

    private static final int PROCESSES = Integer.getInteger("penstock.crowd", 200);
    private static final Duration SETTLING = Duration.ofSeconds(8);
    private static final Duration WATCHED = Duration.ofSeconds(6);

    private final ThrottledBudgets budgets = new ThrottledBudgets();
    private final AtomicBoolean stop = new AtomicBoolean();

    /// Whether the provider takes no call.
    private final AtomicBoolean refuses = new AtomicBoolean();

    private final List<Thread> threads = new ArrayList<>();

    @AfterEach
    void end() throws InterruptedException {
        stop.set(true);
        for (Thread thread : threads) {
            thread.interrupt();
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    @Test
    void togetherTheyKeepToTheRateAndUseIt() throws InterruptedException {
        ConcurrentLinkedQueue<Long> starts = new ConcurrentLinkedQueue<>();
        for (int i = 0; i < PROCESSES; i++) {
            work(admission(Map.of("requests-per-minute", "6000")), 2, 5, () -> starts.add(now()));
        }
        pass(SETTLING);
        long from = now();
        pass(WATCHED);
        long to = now();

        long started = starts.stream().filter(at -> at >= from && at < to).count();
        double allowed = 100.0 * (to - from) / 1e9;
        print("rate", started / allowed);
        assertThat((double) started).isBetween(0.85 * allowed, 1.02 * allowed);
    }

    @Test
    void callsInFlightAreSharedOutAndNeverTooMany() throws InterruptedException {
        AtomicInteger inFlight = new AtomicInteger();
        AtomicInteger peak = new AtomicInteger();
        AtomicInteger calls = new AtomicInteger();
        int limit = 150;
        int millis = 200;
        for (int i = 0; i < PROCESSES; i++) {
            work(
                    admission(Map.of("max-in-flight", Integer.toString(limit))),
                    3,
                    millis,
                    () -> peak.accumulateAndGet(inFlight.incrementAndGet(), Math::max),
                    () -> {
                        inFlight.decrementAndGet();
                        calls.incrementAndGet();
                    });
        }
        pass(SETTLING);
        calls.set(0);
        long from = now();
        pass(WATCHED);

        double possible = limit * ((now() - from) / 1e6) / millis;
        print("in flight, at most " + peak.get(), calls.get() / possible);
        assertThat(peak.get()).isLessThanOrEqualTo(limit);
        assertThat((double) calls.get()).isGreaterThan(0.6 * possible);
    }

    @Test
    void aMarkHoldsForAllWithinASecond() throws InterruptedException {
        List<Admission> all = new ArrayList<>();
        ConcurrentLinkedQueue<Long> starts = new ConcurrentLinkedQueue<>();
        for (int i = 0; i < PROCESSES; i++) {
            Admission admission = admission(Map.of());
            all.add(admission);
            work(admission, 1, 200, () -> starts.add(now()));
        }
        pass(SETTLING);
        long marked = now();
        refuses.set(true);
        all.getFirst().notBefore("model", Duration.ofSeconds(30));
        pass(Duration.ofSeconds(3));

        long last = starts.stream().mapToLong(Long::longValue).max().orElseThrow();
        print("last start after the mark, s", (last - marked) / 1e9);
        assertThat(last - marked).isLessThan(TimeUnit.SECONDS.toNanos(1));
    }

    private void print(String what, double value) {
        System.out.printf(
                Locale.ROOT,
                "%d processes, %s: %.2f; %d requests, %d of them refused%n",
                PROCESSES,
                what,
                value,
                budgets.requestCount(),
                budgets.refusalCount());
    }

    private void work(Admission admission, int callers, int millis, Runnable started) {
        work(admission, callers, millis, started, () -> {});
    }

    /// Callers that start one call after the other.
    private void work(
            Admission admission, int callers, int millis, Runnable started, Runnable ended) {
        for (int i = 0; i < callers; i++) {
            threads.add(
                    Thread.ofVirtual()
                            .start(() -> {
                                try {
                                    while (!stop.get()) {
                                        call(admission, millis, started, ended);
                                    }
                                } catch (InterruptedException _) {
                                    Thread.currentThread().interrupt();
                                }
                            }));
        }
    }

    private void call(Admission admission, int millis, Runnable started, Runnable ended)
            throws InterruptedException {
        Duration minute = Duration.ofMinutes(1);
        Want want = Want.of("model", minute).ofJob("job", 1, minute);
        if (admission.await(want) instanceof Permit permit) {
            try (permit) {
                started.run();
                if (refuses.get()) {
                    permit.refused(Duration.ofSeconds(30), Rates.UNKNOWN);
                    return;
                }
                try {
                    pass(Duration.ofMillis(millis));
                } finally {
                    ended.run();
                }
                permit.answered(-1, 0);
            }
        }
    }

    /// The passing of time is what is looked at here.
    private static void pass(Duration time) throws InterruptedException {
        new CountDownLatch(1).await(time.toNanos(), TimeUnit.NANOSECONDS);
    }

    private static long now() {
        return System.nanoTime();
    }

    private Admission admission(Map<String, String> budget) {
        Map<String, String> settings = new HashMap<>();
        settings.put("penstock.flow.start-concurrency", "100");
        budget.forEach((key, value) -> settings.put("penstock.flow.budgets.model." + key, value));
        return new Admission(Settings.of(FlowConfig.class, settings), budgets);
    }
}
