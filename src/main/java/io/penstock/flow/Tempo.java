package io.penstock.flow;

import io.penstock.store.Budget.Slowdown;
import io.penstock.store.Budget.Verdict;
import org.jspecify.annotations.Nullable;

/// How many calls a second the provider takes where it does not say so: found as a level is found,
/// from refusals. Guarded by the lock of [Admission]. Times are microseconds.
///
/// Many refusals may be for the rate, or chance. The difference is what going more slowly does:
/// calls start at the rate at which they were taken, and if fewer are refused then, it was the
/// rate. If not, that is not tried again for a while. A rate that was found grows, faster and
/// faster, until there are refusals again.
///
/// Where processes share a limit, less of one is more for the others, and none is refused less. So
/// all slow down at the same time: one begins, tells the others, and judges.
final class Tempo {

    private static final double SECOND = 1_000_000;

    /// Of the calls that were started within the last three seconds; where no rate is known, of the
    /// first two of them too: refusals of a moment are for a level that is found then.
    private static final double MANY = 0.02;

    private static final int FEWEST = 5;
    private static final int FEWEST_STARTED = 30;

    /// Below what was taken: what has piled up at the provider drains.
    private static final double BELOW = 0.95;

    /// If it was the rate, hardly any are refused now: a quarter of the part before, for what is
    /// refused by chance besides.
    private static final double FEWER = 0.25;

    /// What is seen is so many times as likely, as a logarithm, if it was the rate: chance looks
    /// like that once in a hundred times.
    private static final double HELPED = Math.log(100);

    /// Or so many times less likely.
    private static final double IN_VAIN = -Math.log(20);

    /// Fewer refused ones tell nothing of how many are taken.
    private static final int TELLING = 10;

    private static final long ROUND_LEAST = 100_000;

    /// Until all have slowed down.
    private static final long TOGETHER_LEAST = 400_000;

    private static final double SHARE_MOST = 0.95;

    /// The part that is refused is another than before, so that it is not chance.
    private static final double OTHER = 1.5;

    /// What was taken before may have come from a bucket that was full; what is taken in a round
    /// does not.
    private static final int ROUNDS = 2;

    private static final int ROUNDS_MOST = 6;

    /// Of the rate to which the one slowed down that began.
    private static final double LEAST = 0.1;

    /// For how long one that slowed down with the others waits for the verdict, and the one that
    /// judges for refusals.
    private static final long VERDICT_MOST = 15_000_000;

    /// Who begins at the same time as another goes by the other.
    private static final long TOGETHER = 200_000;

    private static final double WORSE = 1.3;

    private static final long GROW_EVERY = 500_000;

    private static final long CHANCE_FIRST = 10_000_000;
    private static final long CHANCE_MOST = 320_000_000;

    private static final double GROWTH = 0.005;
    private static final long CATCH_UP = 100_000;

    private final Starts starts = new Starts();

    /// Calls a microsecond; 0 when there is no limit known.
    private double rate;

    /// Before it was tried whether less is better.
    private double rateBefore;

    /// How many were refused when that was found to be chance.
    private double chanceShare;

    private enum State {
        FREE,
        JUDGING,
        FOLLOWING
    }

    private State state = State.FREE;

    /// The latest that is known.
    private @Nullable Slowdown slowdown;

    private boolean isToTell;
    private double processes = 1;

    /// The latest of this process's own that is stored.
    private long toldMicros;

    private int rounds;
    private long since;
    private int startedSince;
    private int refusedSince;
    private double shareBefore;

    /// How long the provider takes to refuse.
    private long refusalMicros;

    private long ignoredUntil;
    private long chance = CHANCE_FIRST;
    private double growth = GROWTH;
    private long grownMicros;
    private long boundMicros;
    private long next;

    /// @param count how many processes there are
    void among(double count) {
        processes = count;
    }

    long readyAt(long now) {
        switch (state) {
            case JUDGING -> {
                if (now - since > (processes > 1 ? TOGETHER_LEAST : ROUND_LEAST)) {
                    judge(now);
                }
            }
            case FOLLOWING -> {
                if (now - since > VERDICT_MOST) {
                    helped(now);
                }
            }
            case FREE -> {
                if (now - grownMicros > GROW_EVERY) {
                    grow(now);
                }
            }
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
        starts.started(now);
        startedSince++;
        if (rate > 0) {
            next = Math.max(next, now - CATCH_UP) + (long) (1 / rate);
        }
    }

    void refused(long startedMicros, long now) {
        starts.refused(now);
        refusalMicros = Math.max(now - startedMicros, refusalMicros * 9 / 10);
        if (state != State.FREE) {
            if (startedMicros >= since) {
                refusedSince++;
            }
            return;
        }
        if (now < ignoredUntil) {
            return;
        }
        int all = starts.started();
        int bad = starts.refused();
        boolean isMany = all >= FEWEST_STARTED && bad >= FEWEST && bad > MANY * all;
        if (isMany && (isKnown() || starts.wereRefusedBefore(MANY, now))) {
            shareBefore = starts.refusedShare(now);
            rounds = 0;
            rateBefore = rate;
            slow(starts.taken(now), now);
            tell(now);
        }
    }

    private void tell(long now) {
        state = State.JUDGING;
        rounds++;
        slowdown = new Slowdown(now, rate * SECOND, Verdict.OPEN);
        isToTell = true;
    }

    /// @param taken calls a second
    private void slow(double taken, long now) {
        double found = BELOW * taken / SECOND;
        rate = Math.max(least(), rate == 0 ? found : Math.min(rate * BELOW, found));
        since = now;
        startedSince = 0;
        refusedSince = 0;
        growth = GROWTH;
        grownMicros = now;
        next = now;
    }

    private double takenSince(long now) {
        return SECOND * Math.max(1, startedSince - refusedSince) / Math.max(1, now - since);
    }

    /// Who has little may have so because others take it all.
    private double least() {
        return state == State.FREE && slowdown != null ? LEAST * slowdown.rate() / SECOND : 0;
    }

    private void judge(long now) {
        long time = now - since;
        // The latest cannot have been refused yet.
        double told = startedSince * Math.max(0, time - refusalMicros) / Math.max(1, time);
        double before = Math.min(SHARE_MOST, shareBefore);
        double evidence =
                refusedSince * Math.log(FEWER)
                        + Math.max(0, told - refusedSince)
                                * Math.log((1 - FEWER * before) / (1 - before));
        boolean isLate = time > VERDICT_MOST;
        if (evidence > HELPED || (isLate && evidence > 0)) {
            verdict(Verdict.HELPED);
            helped(now);
        } else if (!isLate && (evidence > IN_VAIN || refusedSince < TELLING)) {
            return;
        } else if (rounds < ROUNDS || (rounds < ROUNDS_MOST && isOther())) {
            shareBefore = refusedShare();
            slow(takenSince(now), now);
            tell(now);
        } else {
            verdict(Verdict.IN_VAIN);
            inVain(now);
        }
    }

    private boolean isOther() {
        return refusedShare() > OTHER * shareBefore || shareBefore > OTHER * refusedShare();
    }

    private double refusedShare() {
        return refusedSince / (double) Math.max(1, startedSince);
    }

    private void verdict(Verdict verdict) {
        if (slowdown != null) {
            slowdown = new Slowdown(slowdown.at(), slowdown.rate(), verdict);
            isToTell = true;
        }
    }

    private void helped(long now) {
        state = State.FREE;
        chance = CHANCE_FIRST;
        grownMicros = now;
    }

    private void inVain(long now) {
        if (state != State.FREE) {
            state = State.FREE;
            rate = rateBefore;
        }
        chanceShare = starts.refusedShare(now);
        grownMicros = now;
        ignoredUntil = now + chance;
        chance = Math.min(CHANCE_MOST, 2 * chance);
    }

    /// Whether calls are known to be refused for how many there are, and not by chance.
    boolean isKnown() {
        return rate > 0 && slowdown != null && slowdown.verdict() == Verdict.HELPED;
    }

    /// Whether others are to be told of a slowdown or of what became of it.
    boolean isToTell() {
        return isToTell;
    }

    /// What to store for the others.
    ///
    /// @param stored what is there
    @Nullable Slowdown toTell(@Nullable Slowdown stored, long now) {
        if (stored != null && slowdown != null && isRecent(stored, now)) {
            // Another was first.
            isToTell &= stored.at() == slowdown.at() || stored.at() == toldMicros;
        }
        return isToTell ? slowdown : stored;
    }

    private static boolean isRecent(Slowdown one, long now) {
        return now - one.at() < VERDICT_MOST;
    }

    /// Takes note of what is stored.
    void seen(@Nullable Slowdown stored, long now) {
        if (stored != null && stored.equals(slowdown)) {
            isToTell = false;
            toldMicros = stored.at();
        } else if (stored != null && !isToTell) {
            boolean isNew = slowdown == null || slowdown.at() != stored.at();
            slowdown = stored;
            if (isRecent(stored, now) && (isNew || state == State.FOLLOWING)) {
                switch (stored.verdict()) {
                    case OPEN -> follow(now);
                    case HELPED -> helped(now);
                    case IN_VAIN -> inVain(now);
                }
            }
        }
    }

    private void follow(long now) {
        boolean isSlow = state != State.FREE;
        if (!isSlow) {
            rateBefore = rate;
        }
        if (!isSlow) {
            slow(starts.taken(now), now);
        } else if (now - since > TOGETHER) {
            slow(takenSince(now), now);
        }
        state = State.FOLLOWING;
    }

    private void grow(long now) {
        grownMicros = now;
        boolean isWorse =
                now < ignoredUntil
                        && starts.refused() > WORSE * chanceShare * starts.started() + FEWEST;
        if (isWorse) {
            // Not chance after all.
            ignoredUntil = now;
            growth = GROWTH;
        } else if (now - boundMicros < GROW_EVERY) {
            // The same for all, so that who has little comes to have as much as the others.
            double others = slowdown == null ? 0 : slowdown.rate() / SECOND;
            rate += growth * Math.max(rate, others);
            growth *= 1.5;
        } else if (now - boundMicros > 10_000_000) {
            rate = 0;
        }
    }
}
