package io.penstock.flow;

import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// What a provider's headers say of one limit, whatever its size, its window and its unit. Guarded
/// by the lock of [Admission]. Times are Unix microseconds, amounts are requests or tokens.
///
/// Two numbers count: what is left now, and how fast that comes back. The second is measured: what
/// is left and what was taken make a sum that only refilling lets grow. What a limit is called, or
/// how long its window is, does not matter then. What is left is spread over half of the time until
/// all is there again, and what comes back is used as it comes.
final class Remainder {

    private static final int SAMPLES = 32;

    /// Between two samples: a second and a half in all.
    private static final long SAMPLE_EVERY = 50_000;

    /// No limit on which calls are to be spread is longer than a minute.
    private static final long SPREAD_MOST = 60_000_000;

    private static final long SPREAD_LEAST = 100_000;

    /// Where it comes back all the time: what other processes take is seen when a call is answered.
    private static final long SPREAD_LEAST_REFILLED = 2_000_000;

    /// Of a call that is told about a reset, and of one that is to come after it.
    private static final long ON_THE_WAY = 10_000;

    /// Of a limit that is used up, while nothing comes back that could be measured.
    private static final long AGAIN = 300_000;

    /// Where nothing is left in so many answers, the number is none: those calls were taken.
    private static final int STUCK = 20;

    /// Calls may catch up with so much of what they did not use.
    private static final long CATCH_UP = 100_000;

    /// What is left alone, of the most that was ever left, so that the errors of the measurement
    /// refuse nobody; each refusal makes it a half more.
    private static final double RESERVE = 0.03;

    private static final double RESERVE_MOST = 0.12;

    private final double[] sums = new double[SAMPLES];
    private final long[] times = new long[SAMPLES];
    private int count;

    private double taken;
    private double sum;
    private double most;
    private int none;
    private long sampledMicros;
    private long resetMicros;
    private double refill;
    private double reserve = RESERVE;
    private long next;

    /// @param before what had been taken when the answered call started, it included
    /// @param startedMicros when that was
    void learned(@Nullable Long left, @Nullable Duration reset, double before, long startedMicros) {
        if (left == null || left < 0) {
            return;
        }
        none = left == 0 ? none + 1 : 0;
        if (startedMicros < sampledMicros) {
            return;
        }
        most = Math.max(most, left);
        sum = left + before;
        resetMicros =
                reset == null ? Gate.LATER : startedMicros + reset.toNanos() / 1000 + ON_THE_WAY;
        sampledMicros = startedMicros;
        if (count == 0 || startedMicros - times[(count - 1) % SAMPLES] >= SAMPLE_EVERY) {
            sums[count % SAMPLES] = sum;
            times[count % SAMPLES] = startedMicros;
            count++;
            measure();
        }
    }

    /// The middle one of the last rates: what comes all at once, as with a new window, is none.
    private void measure() {
        int known = Math.min(count, SAMPLES);
        if (known < 5) {
            return;
        }
        double[] rates = new double[known - 1];
        for (int i = 1; i < known; i++) {
            int at = (count - known + i) % SAMPLES;
            int before = (count - known + i - 1) % SAMPLES;
            rates[i - 1] = (sums[at] - sums[before]) / Math.max(1, times[at] - times[before]);
        }
        Arrays.sort(rates);
        refill = Math.max(0, rates[rates.length / 2]);
    }

    boolean isKnown() {
        return sampledMicros > 0 && none < STUCK;
    }

    double taken() {
        return taken;
    }

    /// What is left now, as far as can be told.
    private double left(long now) {
        double comesBack = now >= resetMicros ? most : refill * (now - sampledMicros);
        return Math.min(most, sum + comesBack - taken);
    }

    /// When so much may be taken.
    ///
    /// @param inPerson by one who waits for it: from the reserve too, and without being spread
    long readyAt(double units, boolean inPerson, long now) {
        if (!isKnown()) {
            return now;
        }
        double kept = inPerson ? 0 : Math.max(1, reserve * most);
        double missing = Math.min(units, most) + Math.min(kept, most / 2) - left(now);
        if (missing <= 0) {
            return inPerson ? now : next;
        }
        long again = Math.max(now, next + AGAIN);
        long reset = resetMicros > now ? Math.min(again, resetMicros) : again;
        return refill <= 0 ? reset : Math.min(reset, now + 1 + (long) (missing / refill));
    }

    void take(double units, long now) {
        taken += units;
        if (!isKnown()) {
            next = now;
            return;
        }
        double half =
                Math.clamp(
                                resetMicros == Gate.LATER ? SPREAD_MOST : resetMicros - now,
                                refill > 0 ? SPREAD_LEAST_REFILLED : SPREAD_LEAST,
                                SPREAD_MOST)
                        / 2.0;
        double rate = refill + Math.max(0, left(now)) / half;
        long gap = rate <= 0 ? AGAIN : Math.min(AGAIN, (long) (units / rate));
        next = Math.max(next, now - CATCH_UP) + gap;
    }

    /// A call was refused for this limit, although something seemed to be left.
    void refused() {
        if (isKnown()) {
            reserve = Math.min(RESERVE_MOST, 1.5 * reserve);
        }
    }

    /// What was estimated is known now.
    void correct(double units) {
        taken -= units;
    }
}
