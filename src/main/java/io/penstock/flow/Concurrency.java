package io.penstock.flow;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// How many calls to one group of models may be in flight, found out from below. Guarded by the
/// lock of [Admission].
///
/// It grows by one with each answer, and by one each 10 ms while calls wait, until the provider
/// refuses. What is in flight beside the refused calls is what the provider takes: that is
/// measured, not guessed, so that one burst of refusals or two find the level. Calls that start
/// later and are taken, more of them at once, show that it is higher: the refusal had another
/// reason.
///
/// There it stays, and now and then tries one more. A trial that is refused costs all calls the
/// provider's `Retry-After`, so that is what the time between two goes by. They are rare while
/// nothing changes, and sooner where more was taken before, which may come back. When two more are
/// taken, or one after a loss, the provider's limit has risen, and it grows as at the start.
///
/// It does not go by latency, which for models depends on the length of the answer more than on the
/// load. Many failures or timeouts at once are taken for overload and lower it by a third.
final class Concurrency {

    /// Of a refusal without a `Retry-After`, and at most.
    private static final long LEAST_COST_MICROS = 200_000;

    private static final long MOST_COST_MICROS = 60_000_000;

    /// The part of the time that a level has stood, for which it is not tried again.
    private static final int TRIED_PART = 6;

    /// Between two trials of one more call, in what a refused one costs.
    private static final int TRIAL_EVERY = 20;

    private static final int TRIAL_EVERY_MOST = 60;

    /// With less than this part of what was proven, much is lost: the first trial comes after half
    /// of what it costs, and each other after twice the time, up to so many times the cost.
    private static final double KEPT = 0.8;

    private static final int LOST_TRIAL_EVERY = 4;

    /// A refusal with fewer calls in flight than this part of the level is no trial's: either the
    /// level is lower now or the refusal had another reason, and only a trial tells which. With
    /// less than this part of it, another level has come.
    private static final double EXPECTED = 0.9;

    /// Between two calls more that start without an answer.
    private static final long GROW_EVERY_MICROS = 10_000;

    /// After so long with no need of the limit, it is no longer known to be the provider's.
    private static final long FORGOTTEN_MICROS = 60_000_000;

    /// Outcomes that are looked at together for failures.
    private static final int SAMPLE = 20;

    /// Refusals of calls that started within so short a time are one burst, which is answered once.
    private static final long BURST_MICROS = 300_000;

    /// The least that is left after a burst of refusals, unless most were refused that were
    /// allowed: one that was for another reason than the calls in flight must not stop nearly all.
    private static final double MOST_CUT = 0.4;

    /// So many bursts with hardly an answer between them find no level: another must not come down
    /// by each call that it refuses.
    private static final int BURSTS_COUNTED = 2;

    private static final double FAILED_SHARE = 0.3;
    private static final double AFTER_FAILURES = 0.7;
    private static final long AFTER_OUTAGE_MICROS = 1_000_000;

    private final int max;

    /// Failures do not lower it below this: they are slow to tell anything, and a model that is
    /// down has its breaker.
    private final int floor;

    private double limit;
    private boolean growing = true;
    private int level;

    /// Calls at once that the provider is known to have taken, or at the start is thought to take.
    private int proven;

    /// The level of which it is known since when it stands.
    private int standing;

    private long costMicros = LEAST_COST_MICROS;
    private long soonMicros;
    private long stoodSinceMicros;
    private long cutMicros = Long.MIN_VALUE / 2;
    private long refusedStartMicros;
    private int bursts;
    private double before;
    private int taken;
    private int refusedTogether;
    private long raisedMicros;
    private long usedMicros;
    private int answeredSinceRaise;
    private boolean usedSinceRaise;
    private int outcomes;
    private int failures;

    Concurrency(int start, int max) {
        this.max = max;
        this.floor = Math.max(1, start / 4);
        this.limit = Math.min(start, max);
        this.level = max;
        this.proven = (int) limit;
    }

    int limit() {
        return (int) limit;
    }

    /// When one more call may start although all that are allowed are in flight: as long as nothing
    /// was refused, callers need not wait for answers that may take a minute. Refusals come at
    /// once.
    ///
    /// @return [Gate#LATER] when only an answer can help: nobody is to wait for a level to be
    ///   forgotten
    long growsAt(long now) {
        if (limit >= max) {
            return Gate.LATER;
        }
        if (growing) {
            return raisedMicros + GROW_EVERY_MICROS;
        }
        return now - usedMicros >= FORGOTTEN_MICROS ? now : Gate.LATER;
    }

    /// Allows one more call because it is [time][#growsAt].
    void grow(long now) {
        growing = true;
        limit = Math.min(max, limit + 1);
        raisedMicros = now;
    }

    /// @param startedMicros when the answered call started
    /// @param besides calls that were in flight when it started
    /// @param inFlight calls that are in flight beside it now
    void answered(long startedMicros, int besides, int inFlight, long now) {
        sample(now, false);
        if (growing) {
            proven = Math.max(proven, Math.min(besides, inFlight) + 1);
        } else if (startedMicros >= refusedStartMicros && inFlight + 1 > limit) {
            limit = Math.min(max, inFlight + 1);
            level = (int) limit;
        }
        if (2 * (inFlight + 1) < limit) {
            // Not the limit is what holds calls back.
            return;
        }
        usedMicros = now;
        if (growing) {
            limit = Math.min(max, limit + 1);
            return;
        }
        answeredSinceRaise++;
        usedSinceRaise |= inFlight + 1 >= (int) limit;
        boolean proves = usedSinceRaise && answeredSinceRaise > limit;
        if (proves) {
            proven = Math.max(proven, (int) limit);
        }
        boolean risen = proves && limit > level;
        if (risen && (limit >= level + 2 || isMuchLost())) {
            growing = true;
        } else if (risen || (limit <= level && now - raisedMicros > untilTrial(now))) {
            limit = Math.min(max, (int) limit + 1);
            raisedMicros = now;
            answeredSinceRaise = 0;
            usedSinceRaise = false;
        }
    }

    private boolean isMuchLost() {
        return limit < KEPT * proven;
    }

    private long untilTrial(long now) {
        return Math.clamp(
                (now - stoodSinceMicros) / TRIED_PART,
                isMuchLost() ? soonMicros : TRIAL_EVERY * costMicros,
                TRIAL_EVERY_MOST * costMicros);
    }

    /// @param startedMicros when the refused call started
    /// @param besides calls that were in flight when it started
    /// @param inFlight calls that are in flight beside it now. Of those that start together the
    ///   provider may see the last one first: then these tell how many it has taken.
    /// @param retryAfter what the provider wants all to wait; null if it says nothing
    /// @param measures whether the refusal is for calls in flight, as far as is known, and not for
    ///   their rate
    void refused(
            long startedMicros,
            int besides,
            int inFlight,
            long now,
            @Nullable Duration retryAfter,
            boolean measures) {
        int beside = Math.max(besides, inFlight);
        if (startedMicros >= cutMicros + BURST_MICROS) {
            costMicros =
                    retryAfter == null
                            ? LEAST_COST_MICROS
                            : Math.clamp(
                                    retryAfter.toMillis() * 1000,
                                    LEAST_COST_MICROS,
                                    MOST_COST_MICROS);
            trialEnded(now, beside >= EXPECTED * Math.min(level, limit));
            bursts = answeredSinceRaise > limit ? 1 : bursts + 1;
            refusedStartMicros = startedMicros;
            cutMicros = now;
            usedMicros = now;
            before = limit;
            taken = beside;
            refusedTogether = 0;
            raisedMicros = now;
            growing = false;
            answeredSinceRaise = 0;
        } else if (startedMicros < cutMicros && bursts <= BURSTS_COUNTED) {
            // It was counted as one that is taken.
            taken--;
        } else {
            taken = Math.min(taken, beside);
        }
        refusedTogether++;
        if (measures) {
            double least = 2 * refusedTogether > before ? 1 : Math.max(1, MOST_CUT * before);
            limit = Math.min(limit, Math.max(taken, least));
            level = (int) limit;
            if (level < EXPECTED * standing) {
                standsSince(now);
            }
        }
    }

    /// @param expected whether the level was reached when the call was refused
    private void trialEnded(long now, boolean expected) {
        if (growing || !expected) {
            standsSince(now);
        }
        soonMicros =
                isMuchLost() && expected
                        ? Math.min(2 * soonMicros, LOST_TRIAL_EVERY * costMicros)
                        : costMicros / 2;
    }

    private void standsSince(long now) {
        stoodSinceMicros = now;
        standing = (int) limit;
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
                refusedStartMicros = now;
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
