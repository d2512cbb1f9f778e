package io.penstock.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Against a provider that takes so many calls at once, each for 200 ms, and refuses others at once
/// and for a second.
class ConcurrencyTest {

    private static final long LATENCY = 200_000;
    private static final long REFUSAL = 3_000;

    private record Started(long at, int besides) {}

    private final Concurrency concurrency = new Concurrency(20, 1000);
    private final ArrayDeque<Started> accepted = new ArrayDeque<>();
    private final ArrayDeque<Started> refused = new ArrayDeque<>();
    private long now;
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

    /// A level that was there before may come back: it is tried sooner than a new one.
    @ParameterizedTest
    @ValueSource(ints = {20, 25, 30, 35})
    void aLevelThatWasThereBeforeIsFoundSoon(int secondsBelow) {
        run(50, 40);
        run(10, secondsBelow);

        run(100, 9);

        assertThat(concurrency.limit()).isBetween(95, 105);
    }

    @Test
    void oneBurstOfRefusalsTellsHowManyAreTaken() {
        for (int i = 0; i < 10; i++) {
            concurrency.grow(i);
        }

        for (int refused = 0; refused < 12; refused++) {
            concurrency.refused(100, 29 - refused, 29 - refused, 200, true, true);
        }

        assertThat(concurrency.limit()).isEqualTo(18);
    }

    /// Which of those that start together comes first is chance: all others may have been in flight
    /// when a refused one started.
    @Test
    void theOrderInWhichCallsAreRefusedDoesNotMatter() {
        for (int refused = 0; refused < 15; refused++) {
            concurrency.refused(100, 19, 19 - refused, 200, true, true);
        }

        assertThat(concurrency.limit()).isEqualTo(5);
    }

    @Test
    void itNeverGoesAboveTheMostOrBelowOne() {
        Concurrency few = new Concurrency(20, 3);
        assertThat(few.limit()).isEqualTo(3);
        for (int i = 0; i < 100; i++) {
            few.answered(i, 2, 2, i);
        }
        assertThat(few.limit()).isEqualTo(3);
        for (int i = 0; i < 100; i++) {
            few.refused(1_000_000L * i, 0, 0, 1_000_000L * i, true, true);
        }
        assertThat(few.limit()).isEqualTo(1);
    }

    @Test
    void aRefusalThatComesAloneDoesNotStopNearlyAll() {
        concurrency.refused(1_000, 0, 0, 2_000, true, true);
        concurrency.refused(3_000, 0, 0, 4_000, true, true);

        assertThat(concurrency.limit()).isEqualTo(8);
    }

    @Test
    void whatWasFoundIsForgottenAfterAQuietMinute() {
        concurrency.refused(1_000, 10, 10, 2_000, true, true);
        assertThat(concurrency.growsAt(false, 60_001_999)).isEqualTo(Gate.LATER);
        assertThat(concurrency.growsAt(false, 60_002_000)).isEqualTo(60_002_000);

        concurrency.grow(60_002_000);

        assertThat(concurrency.limit()).isEqualTo(11);
        assertThat(concurrency.growsAt(false, 60_002_000)).isEqualTo(60_012_000);
    }

    @Test
    void whereRefusalsComeLateItGrowsSlowlyNearWhatWasRefused() {
        concurrency.refused(1_000, 12, 12, 301_000, true, true);
        concurrency.grow(60_301_000);
        assertThat(concurrency.growsAt(false, 60_301_000)).isEqualTo(60_451_000);

        while (concurrency.limit() < 24) {
            concurrency.grow(60_451_000);
        }

        assertThat(concurrency.growsAt(false, 60_451_000)).isEqualTo(60_461_000);
    }

    /// A provider may ask for a minute once and for nothing the next time.
    @Test
    void answersAfterACheapRefusalThatFollowsADearOneAreCounted() {
        concurrency.refused(1_000, 10, 10, 2_000, true, true);
        concurrency.answered(70_000_000, 9, 9, 71_000_000);
        concurrency.refused(72_000_000, 9, 9, 72_001_000, true, true);

        concurrency.answered(71_500_000, 8, 8, 72_002_000);

        assertThat(concurrency.limit()).isEqualTo(9);
    }

    @Test
    void manyFailuresAtOnceLowerItAndFewDoNot() {
        for (int i = 0; i < 100; i++) {
            concurrency.answered(i, 5, 5, i);
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
        concurrency.refused(10, 3, 3, 20, false, true);

        assertThat(concurrency.limit()).isEqualTo(20);
    }

    @Test
    void aLevelThatHasStoodForLongIsTriedSeldom() {
        run(50, 600);
        refusals = 0;

        run(50, 600);

        assertThat(refusals).isBetween(40, 60);
    }

    /// Three calls of ten are refused, whatever is in flight: that says nothing of a level, which
    /// must not stay down when it is over. Now and then it looks like one, and takes a usual trial.
    @ParameterizedTest
    @ValueSource(longs = {200_000, 1_005_000, 3_000_000})
    void whatAStormTookAwayComesBackSoon(long latency) {
        long seed = System.nanoTime();
        System.out.println("Seed of the storms: " + seed);
        Random random = new Random(seed);
        long soon = 2_000_000 + 8 * latency;
        long usual = soon + 20 * 2_000_000;
        List<Long> back = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            back.add(backAfterAStorm(random, latency));
        }

        assertThat(back).allMatch(after -> after <= usual);
        assertThat(back.stream().filter(after -> after <= soon)).hasSizeGreaterThan(60);
    }

    /// How long after a storm of a minute nine calls of ten are in flight again.
    private long backAfterAStorm(Random random, long latency) {
        Concurrency stormy = new Concurrency(10, 10);
        accepted.clear();
        refused.clear();
        long storm = 60_000_000;
        for (now = 0; now < 3 * storm; now += 1_000) {
            while (!accepted.isEmpty() && accepted.peekFirst().at + latency <= now) {
                answered(stormy, accepted.removeFirst());
            }
            while (!refused.isEmpty() && refused.peekFirst().at + REFUSAL <= now) {
                refused(stormy, refused.removeFirst());
            }
            while (inFlight() < 10 && mayStart(stormy)) {
                boolean taken = now > storm || random.nextDouble() > 0.3;
                start(stormy, taken ? accepted : refused);
            }
            if (now > storm && accepted.size() >= 9) {
                return now - storm;
            }
        }
        throw new AssertionError("Still " + stormy.limit() + " calls at once after two minutes");
    }

    /// Runs for so long against a provider with this limit, in steps of a millisecond.
    private void run(int limit, int seconds) {
        long end = now + seconds * 1_000_000L;
        for (; now < end; now += 1_000) {
            while (!accepted.isEmpty() && accepted.peekFirst().at + LATENCY <= now) {
                answers++;
                answered(concurrency, accepted.removeFirst());
            }
            while (!refused.isEmpty() && refused.peekFirst().at + REFUSAL <= now) {
                refusals++;
                refused(concurrency, refused.removeFirst());
            }
            while (mayStart(concurrency)) {
                start(concurrency, accepted.size() < limit ? accepted : refused);
            }
        }
    }

    private boolean mayStart(Concurrency which) {
        if (inFlight() >= which.limit() && which.growsAt(false, now) <= now) {
            which.grow(now);
        }
        return inFlight() < which.limit();
    }

    private int inFlight() {
        return accepted.size() + refused.size();
    }

    private void start(Concurrency which, ArrayDeque<Started> calls) {
        which.started(inFlight(), now);
        calls.addLast(new Started(now, inFlight()));
    }

    private void answered(Concurrency which, Started call) {
        which.answered(call.at, call.besides, inFlight(), now);
    }

    private void refused(Concurrency which, Started call) {
        which.refused(call.at, call.besides, inFlight(), now, true, false);
    }
}
