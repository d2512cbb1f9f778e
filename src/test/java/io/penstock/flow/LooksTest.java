package io.penstock.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.store.Budget;
import io.penstock.store.BudgetStore;
import io.penstock.testing.Settings;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/// A process that looks at its store for what others know, and what comes in between.
class LooksTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    private final AtomicReference<Duration> ahead = new AtomicReference<>(Duration.ZERO);
    private final AtomicInteger failures = new AtomicInteger();
    private final AtomicInteger reads = new AtomicInteger();
    private final Semaphore looks = new Semaphore(Integer.MAX_VALUE / 2);
    private volatile Budget stored = Budget.fresh("model");

    private final BudgetStore store =
            new MemoryBudgets(true) {
                @Override
                public Optional<Budget> budget(String name) {
                    if (failures.getAndDecrement() > 0) {
                        throw new IllegalStateException("Nobody foresaw this");
                    }
                    reads.incrementAndGet();
                    looks.acquireUninterruptibly();
                    return Optional.of(stored);
                }

                @Override
                public boolean replace(Budget next) {
                    if (failures.getAndDecrement() > 0) {
                        throw new IllegalStateException("Nobody foresaw this");
                    }
                    stored = next;
                    return true;
                }

                @Override
                public Clock clock() {
                    InstantSource source = () -> Instant.now().plus(ahead.get());
                    return source.withZone(ZoneOffset.UTC);
                }
            };

    @Test
    void whatNobodyForesawKeepsNoCallWaitingForEver() throws InterruptedException {
        failures.set(5);
        Admission admission = admission(Map.of());

        assertThat(admission.await(Want.of("model", SOON))).isInstanceOf(Permit.class);
    }

    @Test
    void norOneThatNeedsALease() throws InterruptedException {
        failures.set(3);
        Admission admission =
                admission(Map.of("penstock.flow.budgets.model.requests-per-minute", "6000"));

        assertThat(admission.await(Want.of("model", SOON))).isInstanceOf(Permit.class);
        failures.set(0);
        assertThat(admission.await(Want.of("model", SOON))).isInstanceOf(Permit.class);
    }

    @Test
    void aProcessThatStoodStillLooksBeforeItsNextCall() throws InterruptedException {
        Admission admission = admission(Map.of());
        try (Permit permit = (Permit) admission.await(Want.of("model", SOON))) {
            permit.answered(-1, 0);
        }
        looks.drainPermits();
        long end = System.nanoTime() + SOON.toNanos();
        while (!looks.hasQueuedThreads()) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.onSpinWait();
        }

        ahead.set(Duration.ofMinutes(10));
        stored =
                stored.marked(
                        new Budget.Mark(
                                micros(Instant.now().plus(Duration.ofMinutes(20))),
                                micros(Instant.now()),
                                false));
        Decision unseen = admission.await(Want.of("model", Duration.ofMillis(100)));
        looks.release(Integer.MAX_VALUE / 2);
        Decision seen = admission.await(Want.of("model", Duration.ofSeconds(10)));

        assertThat(unseen).isInstanceOf(Decision.Full.class);
        assertThat(seen).isInstanceOf(Decision.NotBefore.class);
    }

    /// The passing of time is what is looked at here.
    @Test
    void aModelThatNeverAnsweredIsLookedAtOncePerCall() throws InterruptedException {
        Admission admission = admission(Map.of());
        for (int i = 1; i <= 2; i++) {
            Permit permit = (Permit) admission.await(Want.of("made-up", SOON));
            new CountDownLatch(1).await(400, TimeUnit.MILLISECONDS);
            permit.failed();
            permit.close();
            assertThat(reads).hasValue(i);
        }
    }

    @Test
    void aProcessThatIsStillStartingRefusesNobody() throws Exception {
        Admission admission = admission(Map.of());
        looks.drainPermits();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Decision> first =
                    threads.submit(() ->
                            admission.await(Want.of("model", SOON).within(Duration.ofMillis(1))));
            long end = System.nanoTime() + Duration.ofMillis(50).toNanos();
            while (!looks.hasQueuedThreads() || System.nanoTime() < end) {
                Thread.onSpinWait();
            }
            looks.release(Integer.MAX_VALUE / 2);

            assertThat(first.get()).isInstanceOf(Permit.class);
        }
    }

    private Admission admission(Map<String, String> settings) {
        return new Admission(Settings.of(FlowConfig.class, settings), store);
    }

    private static long micros(Instant instant) {
        return TimeUnit.MILLISECONDS.toMicros(instant.toEpochMilli());
    }
}
