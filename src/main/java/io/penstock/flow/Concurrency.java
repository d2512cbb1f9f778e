package io.penstock.flow;

/// How many calls to one group of models may be in flight, found out from below. Guarded by the
/// lock of [Admission].
///
/// It grows by one with each answer, and by one each 10 ms while calls wait, until the provider
/// refuses. What is in flight beside the refused calls is what the provider takes: that is
/// measured, not guessed, so that one burst of refusals or two find the level. Calls that start
/// later and are taken, more of them at once, show that it is higher: the refusal had another
/// reason.
///
/// There it stays, and now and then tries one more. They are rare while nothing changes, and the
/// rarer the more processes do so. When two more are taken, the provider's limit has risen, and it
/// grows again. Where more was taken before, that may come back: soon and again it simply grows on,
/// carefully, and is refused at once where nothing has changed.
///
/// It does not go by latency, which for models depends on the length of the answer more than on the
/// load. Many failures or timeouts at once are taken for overload and lower it by a third.
final class Concurrency {

    /// What a refused trial costs, in time: one call comes again, and the others go on.
    private static final long COST_MICROS = 200_000;

    /// The part of the time that a level has stood, for which it is not tried again.
    private static final int TRIED_PART = 6;

    /// Between two trials of one more call, in what a refused one costs.
    private static final int TRIAL_EVERY = 20;

    private static final int TRIAL_EVERY_MOST = 60;

    /// With less than this part of what was proven, much is lost: the first trial comes after half
    /// of what it costs, and each other after twice the time, up to so many times the cost.
    private static final double KEPT = 0.9;

    private static final int LOST_TRIAL_EVERY = 4;

    private static final long YIELD_EVERY_MICROS = 1_000_000;

    /// After so many that were in vain, what was lost is not looked for any more.
    private static final int IN_VAIN = 8;

    /// Levels that differ by less are the same; a refusal with less of the level in flight is not
    /// for the level, or the level is another.
    private static final double SAME = 0.9;

    /// Between two calls more that start without an answer.
    private static final long GROW_EVERY_MICROS = 10_000;

    /// After so long with no need of the limit, it is no longer known to be the provider's.
    private static final long FORGOTTEN_MICROS = 60_000_000;

    /// Outcomes that are looked at together for failures.
    private static final int SAMPLE = 20;

    private static final double FAILED_SHARE = 0.3;
    private static final double AFTER_FAILURES = 0.7;
    private static final long AFTER_OUTAGE_MICROS = 1_000_000;

    private final int max;

    /// Failures do not lower it below this: they are slow to tell anything, and a model that is
    /// down has its breaker.
    private final int floor;

    private double limit;
    private boolean growing = true;

    /// What the provider was last found to take.
    private int level = 1;

    /// Calls at once that the provider is known to have taken; at the start a guess.
    private int proven;

    private boolean isGuess = true;

    /// The level that has stood since [#stoodSinceMicros].
    private int standing;

    private long stoodSinceMicros;
    private Burst burst = new Burst(Long.MIN_VALUE / 2, 0, 0, false, 0);
    private boolean settled = true;

    /// Calls that started earlier tell nothing about the limit as it is now.
    private long loweredMicros;

    /// How long the provider last took to refuse.
    private long refusalMicros;

    private long soonMicros;
    private long raisedMicros;
    private long usedMicros;
    private int answeredSinceRaise;
    private boolean usedSinceRaise;
    private final RecentCalls recent = new RecentCalls();
    private int outcomes;
    private int failures;

    /// Processes that share the provider's limit: each tries one more so much less often.
    private double processes = 1;

    private int triedInVain;
    private long yieldedMicros = -YIELD_EVERY_MICROS;

    Concurrency(int start, int max) {
        this.max = max;
        this.floor = Math.max(1, start / 4);
        this.limit = Math.min(start, max);
        this.proven = (int) limit;
    }

    /// @param count how many processes there are
    void among(double count) {
        processes = count;
    }

    int limit() {
        return (int) limit;
    }

    /// When one more call may start although all that are allowed are in flight: as long as nothing
    /// was refused, callers need not wait for answers that may take a minute. Refusals come at
    /// once.
    ///
    /// @param inPerson whether somebody waits for the call
    /// @return [Gate#LATER] when only an answer can help: nobody is to wait for a level to be
    ///   forgotten
    long growsAt(boolean inPerson, long now) {
        if (limit >= max) {
            return Gate.LATER;
        }
        if (growing) {
            if (inPerson && isGuess) {
                // Nobody is refused or made to wait for a guess.
                return now;
            }
            return raisedMicros + growEvery();
        }
        return now - usedMicros >= FORGOTTEN_MICROS ? now : Gate.LATER;
    }

    /// Close to what was refused before, no more than two are to start before the first of them
    /// could be refused.
    private long growEvery() {
        return isNearLevel() ? Math.max(GROW_EVERY_MICROS, refusalMicros / 2) : GROW_EVERY_MICROS;
    }

    private boolean isNearLevel() {
        return limit < 2 * level;
    }

    /// Allows one more call because it is [time][#growsAt].
    void grow(long now) {
        growing = true;
        limit = Math.min(max, limit + 1);
        raisedMicros = now;
    }

    /// @param besides calls that are in flight already
    void started(int besides, long now) {
        recent.started(besides, now);
    }

    /// @param startedMicros when the answered call started
    /// @param besides calls that were in flight when it started
    /// @param inFlight calls that are in flight beside it now
    void answered(long startedMicros, int besides, int inFlight, long now) {
        sample(now, false);
        if (growing) {
            prove(Math.min(besides, inFlight) + 1);
        } else if (startedMicros >= loweredMicros && inFlight + 1 > limit) {
            limit = Math.min(max, inFlight + 1);
            level = (int) limit;
        }
        if (2 * (inFlight + 1) < limit) {
            // Not the limit is what holds calls back.
            return;
        }
        usedMicros = now;
        if (growing) {
            // Answers come in bunches: close to what was refused before, they would go far too far.
            if (!isNearLevel()) {
                limit = Math.min(max, limit + 1);
            }
            return;
        }
        if (burst.isOver(startedMicros)) {
            settle();
        }
        answeredSinceRaise++;
        usedSinceRaise |= inFlight + 1 >= (int) limit;
        boolean isProven = usedSinceRaise && answeredSinceRaise > limit;
        if (isProven) {
            prove((int) limit);
        }
        boolean isDue = limit <= level && now - raisedMicros > untilTrial(now);
        if ((isProven && limit >= level + 2) || (isDue && isMuchLost())) {
            grow(now);
        } else if (isDue || (isProven && limit > level)) {
            limit = Math.min(max, (int) limit + 1);
            raisedMicros = now;
            answeredSinceRaise = 0;
            usedSinceRaise = false;
        }
    }

    private void prove(int calls) {
        if (calls >= proven) {
            proven = calls;
            isGuess = false;
        }
    }

    private boolean isMuchLost() {
        return level < KEPT * proven;
    }

    private long untilTrial(long now) {
        long least = isMuchLost() ? soonMicros : TRIAL_EVERY * COST_MICROS;
        // What is soon may still go by a refusal that cost far more than the last one.
        double alone =
                Math.min(
                        Math.max((now - stoodSinceMicros) / TRIED_PART, least),
                        TRIAL_EVERY_MOST * COST_MICROS);
        return (long) (processes * alone);
    }

    /// @param startedMicros when the refused call started
    /// @param besides calls that were in flight when it started
    /// @param inFlight calls that are in flight beside it now. Of those that start together the
    ///   provider may see the last one first: then these tell how many it has taken.
    /// @param measures whether the refusal may be for calls in flight, and is not for their rate
    /// @param isPlain whether chance does not explain it
    /// @return whether it is taken to be for the calls in flight
    boolean refused(
            long startedMicros,
            int besides,
            int inFlight,
            long now,
            boolean measures,
            boolean isPlain) {
        int beside = Math.max(besides, inFlight);
        recent.refused(besides, startedMicros, now);
        if (!measures
                || !(isPlain || recent.isRefusedWith(besides, !growing && limit > level, now))) {
            return false;
        }
        if (burst.isOver(startedMicros)) {
            settle();
            settled = false;
            boolean isFirst = growing || answeredSinceRaise > limit;
            burst =
                    new Burst(
                            now,
                            limit,
                            beside,
                            beside >= SAME * level,
                            isFirst ? 1 : burst.inARow + 1);
            loweredMicros = startedMicros;
            refusalMicros = now - startedMicros;
            usedMicros = now;
            raisedMicros = now;
            growing = false;
            answeredSinceRaise = 0;
        } else {
            burst.refused(startedMicros, beside);
        }
        limit = Math.min(limit, burst.taken());
        level = (int) limit;
        return true;
    }

    /// Leaves some room to another process that finds none.
    ///
    /// @param inFlight calls that are in flight now
    /// @return whether it could
    boolean yield(int inFlight, long now) {
        double used = Math.min(limit, inFlight);
        if (used <= 1 || used < SAME * limit || now - yieldedMicros < YIELD_EVERY_MICROS) {
            return false;
        }
        yieldedMicros = now;
        limit = Math.max(1, used - Math.max(1, used / (1 + processes)));
        level = (int) limit;
        growing = false;
        loweredMicros = now;
        raisedMicros = now;
        soonMicros = YIELD_EVERY_MICROS;
        answeredSinceRaise = 0;
        usedSinceRaise = false;
        standsSince(now);
        return true;
    }

    /// Takes note of what the last burst has found. Where that is what was known, another trial
    /// tells little.
    private void settle() {
        if (settled) {
            return;
        }
        settled = true;
        boolean same = level >= SAME * standing && standing >= SAME * level;
        if (!same) {
            standsSince(burst.atMicros);
        }
        if (!same || !burst.expected) {
            soonMicros = COST_MICROS / 2;
        } else if (soonMicros < LOST_TRIAL_EVERY * COST_MICROS) {
            soonMicros = Math.min(2 * soonMicros, LOST_TRIAL_EVERY * COST_MICROS);
        } else if (isGuess || ++triedInVain >= IN_VAIN) {
            proven = level;
            triedInVain = 0;
        }
    }

    private void standsSince(long since) {
        stoodSinceMicros = since;
        standing = level;
    }

    void failed(long now) {
        sample(now, true);
    }

    private void sample(long now, boolean failed) {
        outcomes++;
        if (failed) {
            failures++;
        }
        if (outcomes >= Math.max(SAMPLE, limit)) {
            if (failures >= FAILED_SHARE * outcomes) {
                limit = Math.max(Math.min(limit, floor), limit * AFTER_FAILURES);
                level = (int) limit;
                growing = false;
                usedMicros = now;
                loweredMicros = now;
                standsSince(now);
                // An outage ends: tried sooner than after a refusal.
                soonMicros = AFTER_OUTAGE_MICROS;
                raisedMicros = now;
                answeredSinceRaise = 0;
            }
            outcomes = 0;
            failures = 0;
        }
    }
}
