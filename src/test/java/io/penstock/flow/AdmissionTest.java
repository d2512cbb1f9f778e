package io.penstock.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Settings;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AdmissionTest {

    private static final Clock CLOCK = Clock.systemUTC();
    private static final String MODEL = "model";

    @Test
    void permitsAreAsManyAsConfiguredAndComeBack() throws InterruptedException {
        Admission admission = admission(1, 0, "0s");
        try (Permit _ = granted(admission)) {
            assertThat(admission.inFlight()).isEqualTo(1);
            assertThat(admission.await(want(admission, MODEL))).isInstanceOf(Decision.Full.class);
        }
        assertThat(admission.inFlight()).isZero();
        granted(admission).close();
    }

    @Test
    void thereIsRoomForThoseWhoRunAndThoseWhoWait() {
        Admission admission = admission(2, 1, "0s");

        assertThat(admission.enter()).isNotNull();
        assertThat(admission.enter()).isNotNull();
        try (Seat _ = admission.enter()) {
            assertThat(admission.enter()).isNull();
        }
        assertThat(admission.enter()).isNotNull();
    }

    @Test
    void theLatestMarkCountsAndAnEarlierOneDoesNotShortenIt() throws InterruptedException {
        Admission admission = admission(1, 0, "0s");
        admission.notBefore(MODEL, Duration.ofSeconds(30));
        admission.notBefore(MODEL, Duration.ofSeconds(5));

        Decision decision = admission.await(want(admission, MODEL));

        assertThat(decision).isInstanceOf(Decision.NotBefore.class);
        assertThat(((Decision.NotBefore) decision).retryAfter())
                .isBetween(Duration.ofSeconds(20), Duration.ofSeconds(30));
        assertThat(admission.await(want(admission, "another"))).isInstanceOf(Permit.class);
    }

    @Test
    void aMarkThatComesWhileOneWaitsForAPermitIsObeyed() throws Exception {
        Admission admission = admission(1, 10, "10s");
        Permit held = granted(admission);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Instant> waiting =
                    threads.submit(() -> {
                        granted(admission).close();
                        return CLOCK.instant();
                    });
            Instant mark = CLOCK.instant().plusMillis(300);
            admission.notBefore(MODEL, Duration.ofMillis(300));
            held.close();

            assertThat(waiting.get()).isAfterOrEqualTo(mark.minusMillis(1));
        }
    }

    @Test
    void aLevelThatWasFoundIsNoReasonToSendAnybodyAway() throws Exception {
        Admission admission = admission(100, 0, "0s");
        Permit refused = granted(admission);
        refused.refused(null, Rates.UNKNOWN);
        refused.close();
        List<Permit> held = new ArrayList<>();
        for (int i = 0; i < admission.standing(MODEL).concurrencyLimit(); i++) {
            held.add(granted(admission));
        }
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Decision> waiting =
                    threads.submit(() ->
                            admission.await(
                                    Want.of(MODEL, inAMinute())
                                            .ofJob("job", 1, Duration.ofMillis(1))));
            while (admission.standing(MODEL).waiting() == 0 && !waiting.isDone()) {
                Thread.onSpinWait();
            }
            held.getFirst().close();

            assertThat(waiting.get()).isInstanceOf(Permit.class);
        }
    }

    /// So that its chunk is handed back, and held by nobody meanwhile.
    @Test
    void aJobIsToldAtOnceWhenABudgetIsUsedUpForLong() throws InterruptedException {
        Admission admission =
                new Admission(
                        Settings.of(
                                FlowConfig.class,
                                Map.of("penstock.flow.budgets.model.requests-per-minute", "1")),
                        new MemoryBudgets(true));
        Want want = Want.of(MODEL, inAMinute()).ofJob("job", 1, Duration.ofSeconds(5));
        ((Permit) admission.await(want)).close();

        Decision next = admission.await(want);

        assertThat(next).isInstanceOf(Decision.NotBefore.class);
        assertThat(((Decision.NotBefore) next).retryAfter())
                .isBetween(Duration.ofSeconds(40), Duration.ofSeconds(70));
    }

    @Test
    void howeverManyComeNoMoreThanThePermitsRunAtOnce() throws Exception {
        Admission admission = admission(7, 1000, "30s");
        var running = new java.util.concurrent.atomic.AtomicInteger();
        var peak = new java.util.concurrent.atomic.AtomicInteger();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var calls =
                    IntStream.range(0, 2000)
                            .<Callable<Boolean>>mapToObj(_ ->
                                    () -> {
                                        try (Permit _ = granted(admission)) {
                                            peak.accumulateAndGet(
                                                    running.incrementAndGet(), Math::max);
                                            Thread.yield();
                                            running.decrementAndGet();
                                            return true;
                                        }
                                    })
                            .toList();
            for (Future<Boolean> call : threads.invokeAll(calls)) {
                assertThat(call.get()).isTrue();
            }
        }

        assertThat(peak.get()).isBetween(1, 7);
        assertThat(admission.inFlight()).isZero();
    }

    @Test
    void madeUpModelNamesDoNotFillTheMemoryNorDropAMark() throws InterruptedException {
        Admission admission = admission(1, 0, "0s");
        admission.notBefore(MODEL, Duration.ofMinutes(1));
        for (int i = 0; i < 20_000; i++) {
            admission.notBefore("made-up-" + i, Duration.ofMinutes(1));
        }

        assertThat(admission.await(want(admission, MODEL))).isInstanceOf(Decision.NotBefore.class);
        assertThat(admission.await(want(admission, "made-up-19999"))).isInstanceOf(Permit.class);
    }

    private static Admission admission(int permits, int waiting, String maxWait) {
        return new Admission(
                Settings.of(
                        FlowConfig.class,
                        Map.of(
                                "penstock.flow.max-concurrency", Integer.toString(permits),
                                "penstock.flow.max-waiting", Integer.toString(waiting),
                                "penstock.flow.max-wait", maxWait)),
                new MemoryBudgets(false));
    }

    private static Want want(Admission admission, String model) {
        return Want.of(model, inAMinute()).within(admission.maxWait());
    }

    private static Permit granted(Admission admission) throws InterruptedException {
        return (Permit) admission.await(want(admission, MODEL));
    }

    private static Duration inAMinute() {
        return Duration.ofMinutes(1);
    }
}
