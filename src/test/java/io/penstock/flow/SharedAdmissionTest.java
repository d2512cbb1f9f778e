package io.penstock.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Settings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Several processes' admissions on one store. The store is in memory, the rest is real, time too.
class SharedAdmissionTest {

    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final MemoryBudgets budgets = new MemoryBudgets(true);
    private final AtomicBoolean stop = new AtomicBoolean();
    private final List<Thread> threads = new ArrayList<>();

    @AfterEach
    void end() throws InterruptedException {
        stop.set(true);
        for (Thread thread : threads) {
            thread.interrupt();
            thread.join();
        }
    }

    @Test
    void togetherTheyKeepToTheRateAndUseIt() throws InterruptedException {
        ConcurrentLinkedQueue<Long> starts = new ConcurrentLinkedQueue<>();
        for (int i = 0; i < 3; i++) {
            Admission admission = admission(Map.of("requests-per-minute", "6000"), "50ms");
            work(admission, 60, _ -> starts.add(System.nanoTime()));
        }
        pass(Duration.ofSeconds(2));
        long from = System.nanoTime();
        pass(Duration.ofSeconds(4));
        long to = System.nanoTime();

        long started = starts.stream().filter(at -> at >= from && at < to).count();
        double allowed = 100.0 * (to - from) / 1e9;
        assertThat((double) started).isBetween(0.93 * allowed, 1.01 * allowed);
        assertThat(1000.0 * budgets.writeCount() / starts.size()).as("writes").isLessThan(60);
    }

    @Test
    void aMarkHoldsForAllAfterOneLook() throws InterruptedException {
        Admission one = admission(Map.of("requests-per-minute", "6000"), "20ms");
        Admission other = admission(Map.of("requests-per-minute", "6000"), "20ms");
        granted(other).close();

        one.notBefore("model", Duration.ofSeconds(30));
        pass(Duration.ofMillis(100));

        assertThat(other.await(want().within(Duration.ofMillis(200))))
                .isInstanceOf(Decision.NotBefore.class);
        assertThat(other.await(Want.of("another", soon()))).isInstanceOf(Permit.class);
    }

    @Test
    void aMarkOfAModelWithoutABudgetHoldsForAllToo() throws InterruptedException {
        Admission one = admission(Map.of(), "20ms");
        Admission other = admission(Map.of(), "20ms");
        granted(other).close();

        one.notBefore("model", Duration.ofSeconds(30));
        pass(Duration.ofMillis(100));

        assertThat(other.await(want().within(Duration.ofMillis(200))))
                .isInstanceOf(Decision.NotBefore.class);
    }

    @Test
    void whoLooksSeldomLearnsLate() throws InterruptedException {
        Admission one = admission(Map.of(), "20ms");
        Admission other = admission(Map.of(), "10s");
        granted(other).close();

        one.notBefore("model", Duration.ofSeconds(30));
        pass(Duration.ofMillis(100));

        granted(other).close();
    }

    @Test
    void callsInFlightAreSharedOutAndNeverTooMany() throws InterruptedException {
        AtomicInteger inFlight = new AtomicInteger();
        AtomicInteger peak = new AtomicInteger();
        List<AtomicInteger> done = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            AtomicInteger mine = new AtomicInteger();
            done.add(mine);
            work(
                    admission(Map.of("max-in-flight", "10"), "20ms"),
                    20,
                    held -> {
                        peak.accumulateAndGet(inFlight.incrementAndGet(), Math::max);
                        held.run();
                        inFlight.decrementAndGet();
                        mine.incrementAndGet();
                    });
            if (i == 0) {
                pass(Duration.ofMillis(500));
            }
        }
        pass(Duration.ofSeconds(1));
        done.forEach(count -> count.set(0));
        pass(Duration.ofSeconds(2));

        assertThat(peak.get()).isBetween(8, 10);
        assertThat(done.get(1).get()).isBetween(done.get(0).get() / 2, done.get(0).get() * 2);
    }

    private interface Load {
        void run(Runnable hold);
    }

    /// Callers that start one call after the other, each for 20 ms.
    private void work(Admission admission, int callers, Load load) {
        IntStream.range(0, callers)
                .forEach(_ ->
                        threads.add(
                                Thread.ofVirtual()
                                        .start(() -> {
                                            try {
                                                while (!stop.get()) {
                                                    call(admission, load);
                                                }
                                            } catch (InterruptedException _) {
                                                Thread.currentThread().interrupt();
                                            }
                                        })));
    }

    private static void call(Admission admission, Load load) throws InterruptedException {
        Decision decision = admission.await(Want.of("model", soon()).ofJob("job", 1, PATIENCE));
        if (decision instanceof Permit permit) {
            try (permit) {
                load.run(() -> {
                    try {
                        pass(Duration.ofMillis(20));
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
                permit.answered(-1, 0);
            }
        }
    }

    /// The passing of time is what is looked at here.
    private static void pass(Duration time) throws InterruptedException {
        new CountDownLatch(1).await(time.toNanos(), TimeUnit.NANOSECONDS);
    }

    private static Permit granted(Admission admission) throws InterruptedException {
        return (Permit) admission.await(want());
    }

    private static Want want() {
        return Want.of("model", soon());
    }

    private static Duration soon() {
        return Duration.ofSeconds(20);
    }

    private Admission admission(Map<String, String> budget, String refresh) {
        Map<String, String> settings = new HashMap<>();
        settings.put("penstock.flow.refresh", refresh);
        settings.put("penstock.flow.start-concurrency", "100");
        budget.forEach((key, value) -> settings.put("penstock.flow.budgets.model." + key, value));
        return new Admission(Settings.of(FlowConfig.class, settings), budgets);
    }
}
