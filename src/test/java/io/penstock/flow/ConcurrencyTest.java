package io.penstock.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Against a provider that takes so many calls at once, each for 200 ms, and refuses others at once
/// and for a second.
class ConcurrencyTest {

    private static final long LATENCY = 200_000;
    private static final long REFUSAL = 3_000;
    private static final long MARK = 1_000_000;

    private record Started(long at, int besides) {}

    private final Concurrency concurrency = new Concurrency(20, 1000);
    private final ArrayDeque<Started> accepted = new ArrayDeque<>();
    private final ArrayDeque<Started> refused = new ArrayDeque<>();
    private long now;
    private long mark;
    private int answers;
    private int refusals;

    @Test
    void itFindsTheLevelFromBelowAndStaysThere() {
        run(50, 20);
        answers = 0;
        refusals = 0;

        run(50, 60);

        assertThat(answers).isGreaterThan((int) (0.85 * 50 * 60 / 0.2));
        assertThat(refusals).isLessThan(answers / 500);
        assertThat(concurrency.limit()).isBetween(48, 51);
    }

    @Test
    void itFollowsTheLevelDownAndUp() {
        run(50, 20);
        run(10, 5);
        assertThat(concurrency.limit()).isBetween(9, 11);

        run(100, 25);

        assertThat(concurrency.limit()).isBetween(95, 101);
    }

    @Test
    void itNeverGoesAboveTheMostOrBelowOne() {
        Concurrency few = new Concurrency(20, 3);
        assertThat(few.limit()).isEqualTo(3);
        for (int i = 0; i < 100; i++) {
            few.answered(i, 2, i);
        }
        assertThat(few.limit()).isEqualTo(3);
        for (int i = 0; i < 100; i++) {
            few.refused(1_000_000L * i, 1_000_000L * i, 0, true);
        }
        assertThat(few.limit()).isEqualTo(1);
    }

    @Test
    void aRefusalThatComesAloneDoesNotStopNearlyAll() {
        concurrency.refused(1_000, 2_000, 0, true);
        concurrency.refused(3_000, 4_000, 0, true);

        assertThat(concurrency.limit()).isEqualTo(8);
    }

    @Test
    void whatWasFoundIsForgottenAfterAQuietMinute() {
        concurrency.refused(1_000, 2_000, 10, true);
        assertThat(concurrency.growsAt(60_001_999)).isEqualTo(Gate.LATER);
        assertThat(concurrency.growsAt(60_002_000)).isEqualTo(60_002_000);

        concurrency.grow(60_002_000);

        assertThat(concurrency.limit()).isEqualTo(11);
        assertThat(concurrency.growsAt(60_002_000)).isEqualTo(60_012_000);
    }

    @Test
    void manyFailuresAtOnceLowerItAndFewDoNot() {
        for (int i = 0; i < 100; i++) {
            concurrency.answered(i, 5, i);
            if (i % 20 == 0) {
                concurrency.failed(i);
            }
        }
        assertThat(concurrency.limit()).isGreaterThanOrEqualTo(20);

        for (int i = 0; i < 100; i++) {
            concurrency.failed(i);
        }
        assertThat(concurrency.limit()).isEqualTo(5);
    }

    @Test
    void aRefusalForTheRateSaysNothingOfTheCallsInFlight() {
        concurrency.refused(10, 20, 3, false);

        assertThat(concurrency.limit()).isEqualTo(20);
    }

    @Test
    void aLevelThatHasStoodForLongIsTriedSeldom() {
        run(50, 600);
        refusals = 0;

        run(50, 600);

        assertThat(refusals).isBetween(8, 12);
    }

    /// Three calls of ten are refused, whatever is in flight: that says nothing of a level, which
    /// must not stay down when it is over.
    @Test
    void whatAStormTookAwayComesBackSoon() {
        long seed = System.nanoTime();
        System.out.println("Seed of the storm: " + seed);
        Random random = new Random(seed);
        Concurrency stormy = new Concurrency(10, 10);
        ArrayDeque<Started> going = new ArrayDeque<>();
        ArrayDeque<Started> turnedAway = new ArrayDeque<>();
        long storm = 30_000_000;
        // Such that a round of calls ends just after the time of a trial.
        long latency = 1_005_000;
        int lately = 0;
        for (; now < storm + 10_000_000; now += 1_000) {
            while (!going.isEmpty() && going.peekFirst().at + latency <= now) {
                stormy.answered(now, going.size() - 1 + turnedAway.size(), going.removeFirst().at);
            }
            while (!turnedAway.isEmpty() && turnedAway.peekFirst().at + REFUSAL <= now) {
                Started first = turnedAway.removeFirst();
                mark = now + 2_000_000;
                stormy.refused(first.at, now, first.besides, true);
            }
            while (now >= mark && going.size() + turnedAway.size() < stormy.limit()) {
                boolean accepted = now > storm || random.nextDouble() > 0.3;
                (accepted ? going : turnedAway)
                        .addLast(new Started(now, going.size() + turnedAway.size()));
                lately += now > storm + 9_000_000 ? 1 : 0;
            }
        }

        assertThat(lately).isGreaterThanOrEqualTo(9);
    }

    /// Runs for so long against a provider with this limit, in steps of a millisecond.
    private void run(int limit, int seconds) {
        long end = now + seconds * 1_000_000L;
        for (; now < end; now += 1_000) {
            while (!accepted.isEmpty() && accepted.peekFirst().at + LATENCY <= now) {
                Started first = accepted.removeFirst();
                answers++;
                concurrency.answered(now, accepted.size() + refused.size(), first.at);
            }
            while (!refused.isEmpty() && refused.peekFirst().at + REFUSAL <= now) {
                Started first = refused.removeFirst();
                refusals++;
                mark = now + MARK;
                concurrency.refused(first.at, now, first.besides, true);
            }
            while (now >= mark && accepted.size() + refused.size() < concurrency.limit()) {
                (accepted.size() < limit ? accepted : refused)
                        .addLast(new Started(now, accepted.size() + refused.size()));
            }
        }
    }
}
