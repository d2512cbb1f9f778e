package io.penstock.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Settings;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// A gate whose breaker opens after three failures in a row, without a clock of its own.
class BreakerTest {

    private static final Duration LONG = Duration.ofDays(1);

    private final Admission admission =
            new Admission(
                    Settings.of(FlowConfig.class, Map.of("penstock.flow.breaker-failures", "3")),
                    new MemoryBudgets(false));
    private final Gate gate =
            new Gate(
                    "model",
                    Settings.of(FlowConfig.class, Map.of("penstock.flow.breaker-failures", "3")),
                    null);
    private long now = 1_000_000;

    @Test
    void anOlderCallUnderWayDoesNotKeepTheProbeFromStarting() {
        Permit slow = start(want("model"));
        for (int i = 0; i < 3; i++) {
            fail(want("model"));
        }
        assertThat(gate.isBroken()).isTrue();
        assertThat(gate.readyAt(waiting(want("model")), now)).isEqualTo(now + 1_000_000);

        now += 1_000_000;
        Waiter next = waiting(want("model"));
        assertThat(gate.readyAt(next, now)).isEqualTo(now);
        Permit probe = start(want("model"));
        assertThat(gate.readyAt(next, now)).isEqualTo(Gate.LATER);

        // What began before tells nothing of now.
        gate.failed(slow, now);
        gate.ended(slow, now);
        assertThat(gate.readyAt(next, now)).isEqualTo(Gate.LATER);
        gate.answered(probe, -1, 0, now);
        gate.ended(probe, now);
        assertThat(gate.isBroken()).isFalse();
        assertThat(gate.readyAt(next, now)).isEqualTo(now);
    }

    @Test
    void aProbeThatFailsMakesTheBreakLonger() {
        for (int i = 0; i < 3; i++) {
            fail(want("model"));
        }
        now += 1_000_000;

        fail(want("model"));

        assertThat(gate.readyAt(waiting(want("model")), now)).isEqualTo(now + 2_000_000);
    }

    @Test
    void whoFailsAgainWhileOthersAreAnsweredCountsForNothing() {
        for (int round = 0; round < 20; round++) {
            Want bad = want("model");
            fail(bad);
            answer(want("model"));
            for (int attempt = 1; attempt < 20; attempt++) {
                fail(bad);
            }
            assertThat(bad.trial().othersAnswered()).isTrue();
            assertThat(gate.isBroken()).isFalse();
        }
    }

    @Test
    void anAnswerInAnotherProcessToWhatBeganWhileItIsOpenClosesIt() {
        for (int i = 0; i < 3; i++) {
            fail(want("model"));
        }
        Waiter next = waiting(want("model"));

        gate.answeredElsewhere("model", now);
        assertThat(gate.isBroken()).isTrue();
        gate.answeredElsewhere("model", now + 1);

        assertThat(gate.isBroken()).isFalse();
        assertThat(gate.readyAt(next, now)).isEqualTo(now);
    }

    @Test
    void whoFailsWhileAnotherProcessIsAnsweredFailsByItself() {
        Want bad = want("model");
        fail(bad);
        gate.answeredElsewhere("model", now + 1);
        now += 1_000;

        fail(bad);

        assertThat(bad.trial().othersAnswered()).isTrue();
        assertThat(gate.isBroken()).isFalse();
    }

    @Test
    void onlyAnswersToLaterCallsOfTheSameModelTellThatItIsWell() {
        Permit older = start(want("model"));
        Want bad = want("model");
        fail(bad);
        gate.answered(older, -1, 0, now);
        answer(want("another"));
        fail(bad);
        assertThat(bad.trial().othersAnswered()).isFalse();

        // Too late for the attempt that is under way, as when an outage has just ended.
        Permit last = start(bad);
        answer(want("model"));
        gate.failed(last, now);
        gate.ended(last, now);
        assertThat(bad.trial().othersAnswered()).isFalse();

        fail(bad);
        assertThat(bad.trial().othersAnswered()).isTrue();
    }

    @Test
    void whoGoesOnWithWhatFailedBeforeOthersWereAnsweredWaitsForNoBreakAndMakesNoneLonger() {
        Want before = want("model");
        fail(before);
        answer(want("model"));
        for (int i = 0; i < 3; i++) {
            fail(want("model"));
        }
        assertThat(gate.isBroken()).isTrue();
        long failed = before.trial().failedMicros();
        Want again = want("model").in(new Trial(failed));
        Want unknown = want("model").in(new Trial(now));
        Waiter first = waiting(unknown);
        long end = gate.readyAt(first, now);
        assertThat(end).isEqualTo(now + 1_000_000);
        gate.remove(first);

        assertThat(gate.readyAt(waiting(again), now)).isEqualTo(now);
        fail(again);

        assertThat(again.trial().othersAnswered()).isTrue();
        assertThat(gate.readyAt(waiting(want("model")), now)).isEqualTo(end);
    }

    private void fail(Want want) {
        Permit permit = start(want);
        gate.failed(permit, now);
        gate.ended(permit, now);
    }

    private void answer(Want want) {
        Permit permit = start(want);
        gate.answered(permit, -1, 0, now);
        gate.ended(permit, now);
    }

    private Permit start(Want want) {
        now++;
        Waiter waiter = waiting(want);
        return new Permit(admission, gate, want, gate.start(waiter, now));
    }

    private Waiter waiting(Want want) {
        Waiter waiter = new Waiter(want, Gate.LATER);
        gate.add(waiter);
        return waiter;
    }

    private static Want want(String model) {
        return Want.of(model, LONG);
    }
}
