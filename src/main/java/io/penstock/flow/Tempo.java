package io.penstock.flow;

/// How many calls a second the provider takes where it does not say so: found as a level is found,
/// from refusals. Guarded by the lock of [Admission]. Times are microseconds.
///
/// Many refusals may be for the rate, or chance. The difference is what going more slowly does:
/// calls start at the rate at which they were taken, and if fewer are refused then, it was the
/// rate. If not, that is not tried again for a while. A rate that was found grows, faster and
/// faster, until there are refusals again.
final class Tempo {

    private static final long SLOT = 100_000;
    private static final int SLOTS = 30;

    /// Of the calls that were started within the last three seconds.
    private static final double MANY = 0.02;

    private static final int FEWEST = 5;
    private static final int FEWEST_STARTED = 30;

    /// Below what was taken: what has piled up at the provider drains.
    private static final double BELOW = 0.95;

    /// A round ends when so many would have been refused if nothing were better, or are: with ten,
    /// chance halves them once in thirty times.
    private static final int TELLING = 10;

    private static final long ROUND_LEAST = 100_000;
    private static final int ROUNDS = 3;
    private static final double HELPED = 0.5;
    private static final double WORSE = 1.3;

    /// Chance refuses fewer.
    private static final double CHANCE_SHARE = 0.4;

    private static final long GROW_EVERY = 500_000;

    private static final long CHANCE_FIRST = 10_000_000;
    private static final long CHANCE_MOST = 320_000_000;

    private static final double GROWTH = 0.005;
    private static final long CATCH_UP = 100_000;

    private final int[] started = new int[SLOTS];
    private final int[] refused = new int[SLOTS];
    private long slot;

    /// Calls a microsecond; 0 when there is no limit known.
    private double rate;

    /// Before it was tried whether less is better.
    private double rateBefore;

    /// How many were refused when that was found to be chance.
    private double chanceShare;

    private boolean trying;
    private int rounds;
    private long since;
    private int startedSince;
    private int refusedSince;
    private double shareBefore;
    private long ignoredUntil;
    private long chance = CHANCE_FIRST;
    private double growth = GROWTH;
    private long grownMicros;
    private long boundMicros;
    private long firstMicros;
    private long next;

    private void turn(long now) {
        long current = now / SLOT;
        for (long i = Math.max(slot + 1, current - SLOTS + 1); i <= current; i++) {
            started[(int) (i % SLOTS)] = 0;
            refused[(int) (i % SLOTS)] = 0;
        }
        slot = Math.max(slot, current);
    }

    private static int sum(int[] counts) {
        int sum = 0;
        for (int count : counts) {
            sum += count;
        }
        return sum;
    }

    long readyAt(long now) {
        if (rate == 0) {
            return now;
        }
        if (trying && now - since > ROUND_LEAST) {
            judge(now);
        } else if (!trying && now - grownMicros > GROW_EVERY) {
            grow(now);
        }
        if (rate == 0) {
            return now;
        }
        if (next > now) {
            boundMicros = now;
        }
        return next;
    }

    void started(long now) {
        if (firstMicros == 0) {
            firstMicros = now;
        }
        turn(now);
        started[(int) (slot % SLOTS)]++;
        startedSince++;
        if (rate > 0) {
            next = Math.max(next, now - CATCH_UP) + (long) (1 / rate);
        }
    }

    void refused(long startedMicros, long now) {
        turn(now);
        refused[(int) (slot % SLOTS)]++;
        if (now < ignoredUntil) {
            return;
        }
        if (trying) {
            if (startedMicros >= since) {
                refusedSince++;
            }
            return;
        }
        int all = sum(started);
        int bad = sum(refused);
        if (all >= FEWEST_STARTED && bad >= FEWEST && bad > MANY * all) {
            shareBefore = bad / (double) Math.max(1, all);
            rounds = 0;
            rateBefore = rate;
            slow(all - bad, Math.min(SLOT * SLOTS, now - firstMicros), now);
        }
    }

    private void slow(int taken, long time, long now) {
        double found = BELOW * Math.max(1, taken) / time;
        rate = rate == 0 ? found : Math.min(rate * BELOW, found);
        trying = true;
        rounds++;
        since = now;
        startedSince = 0;
        refusedSince = 0;
        growth = GROWTH;
        grownMicros = now;
        next = now;
    }

    private void judge(long now) {
        double expected = shareBefore * startedSince;
        if (expected < TELLING && refusedSince < TELLING) {
            return;
        }
        if (refusedSince < HELPED * expected) {
            trying = false;
            chance = CHANCE_FIRST;
            grownMicros = now;
        } else if (rounds < ROUNDS || refusedSince > CHANCE_SHARE * startedSince) {
            shareBefore = Math.max(shareBefore, refusedSince / (double) Math.max(1, startedSince));
            slow(startedSince - refusedSince, now - since, now);
        } else {
            trying = false;
            rate = rateBefore;
            chanceShare = refusedSince / (double) Math.max(1, startedSince);
            grownMicros = now;
            ignoredUntil = now + chance;
            chance = Math.min(CHANCE_MOST, 2 * chance);
        }
    }

    private void grow(long now) {
        grownMicros = now;
        boolean isWorse =
                now < ignoredUntil && sum(refused) > WORSE * chanceShare * sum(started) + FEWEST;
        if (isWorse) {
            // Not chance after all.
            ignoredUntil = now;
            growth = GROWTH;
        } else if (now - boundMicros < GROW_EVERY) {
            rate *= 1 + growth;
            growth *= 1.5;
        } else if (now - boundMicros > 10_000_000) {
            rate = 0;
        }
    }

    boolean isKnown() {
        return rate > 0;
    }
}
