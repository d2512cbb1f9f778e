package io.penstock.flow;

/// How many calls to one group of models may be in flight, found out from below. Guarded by the
/// lock of [Admission].
///
/// It grows by one with each answer, and by one each 10 ms while calls wait, until the provider
/// refuses. What was in flight beside the refused call when it started is what the provider takes:
/// that is measured, not guessed, so that one refusal or two find the level. Calls that start later
/// and are taken, more of them at once, show that it is higher: the refusal had another reason.
/// There it stays, and now and then tries one more: soon after it has lost much, which may have
/// been for a while only, and the less often the longer the level stands. When two more are taken,
/// or one soon after a loss, the provider's limit has risen, and it grows as at the start.
///
/// It does not go by latency, which for models depends on the length of the answer more than on the
/// load. Many failures or timeouts at once are taken for overload and lower it by a third.
final class Concurrency {

    /// Between two trials of one more call. One that is refused costs all calls for as long as the
    /// provider's `Retry-After`.
    private static final long TRIAL_EVERY_MICROS = 10_000_000;

    private static final long TRIAL_EVERY_MOST_MICROS = 60_000_000;

    /// The part of the time that a level has stood, for which it is not tried again.
    private static final int TRIED_PART = 6;

    /// Before the first trial after a loss, and then twice as long each time.
    private static final long FIRST_TRIAL_MICROS = 1_000_000;

    /// A refusal with fewer calls in flight than this part of the level is no trial's: either the
    /// level is lower now or the refusal had another reason, and only a trial tells which.
    private static final double EXPECTED = 0.9;

    /// With less than this part left, a refusal has cost much.
    private static final double KEPT = 0.8;

    /// Between two calls more that start without an answer.
    private static final long GROW_EVERY_MICROS = 10_000;

    /// After so long with no need of the limit, it is no longer known to be the provider's.
    private static final long FORGOTTEN_MICROS = 60_000_000;

    /// Outcomes that are looked at together for failures.
    private static final int SAMPLE = 20;

    /// Refusals of calls that started within so short a time are one burst, which is answered once.
    private static final long BURST_MICROS = 300_000;

    /// The least that is left after a burst of refusals: one that was for another reason than the
    /// calls in flight must not stop nearly all.
    private static final double MOST_CUT = 0.4;

    private static final double FAILED_SHARE = 0.3;
    private static final double AFTER_FAILURES = 0.7;

    private final int max;

    /// Failures do not lower it below this: they are slow to tell anything, and a model that is
    /// down has its breaker.
    private final int floor;

    private double limit;
    private boolean growing = true;
    private int level;
    private long cutMicros = Long.MIN_VALUE / 2;
    private long refusedStartMicros;
    private double beforeCut;
    private long stoodSinceMicros;
    private long trialEvery = TRIAL_EVERY_MICROS;
    private double least;
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

    /// @param inFlight calls beside the one that was answered
    /// @param startedMicros when it started
    void answered(long now, int inFlight, long startedMicros) {
        sample(now, false);
        if (!growing && startedMicros >= refusedStartMicros && inFlight + 1 > limit) {
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
        boolean proven = limit > level && usedSinceRaise && answeredSinceRaise > limit;
        if (proven && (limit >= level + 2 || trialEvery < TRIAL_EVERY_MICROS)) {
            growing = true;
        } else if (proven || (limit <= level && now - raisedMicros > trialEvery)) {
            limit = Math.min(max, (int) limit + 1);
            raisedMicros = now;
            answeredSinceRaise = 0;
            usedSinceRaise = false;
        }
    }

    /// @param startedMicros when the refused call started
    /// @param besides calls that were in flight when it started; of a burst, the first that is
    ///   refused tells the level
    /// @param measures whether the refusal is for calls in flight, as far as is known, and not for
    ///   their rate
    void refused(long startedMicros, long now, int besides, boolean measures) {
        if (startedMicros >= cutMicros + BURST_MICROS) {
            cutMicros = now;
            usedMicros = now;
            refusedStartMicros = startedMicros;
            beforeCut = limit;
            waitForTrial(now, besides >= EXPECTED * Math.min(level, limit));
            least = limit * MOST_CUT;
            raisedMicros = now;
            growing = false;
            answeredSinceRaise = 0;
        }
        if (measures) {
            limit = Math.clamp(Math.min(limit, Math.max(besides, least)), 1, max);
            level = (int) limit;
            if (limit < KEPT * beforeCut) {
                soon(now);
            }
        }
    }

    /// @param expected whether the level was reached when the call was refused
    private void waitForTrial(long now, boolean expected) {
        if (growing) {
            stoodSinceMicros = now;
        }
        if (!expected) {
            soon(now);
            return;
        }
        long seldom = (now - stoodSinceMicros) / TRIED_PART;
        trialEvery =
                Math.min(
                        2 * trialEvery,
                        Math.clamp(seldom, TRIAL_EVERY_MICROS, TRIAL_EVERY_MOST_MICROS));
    }

    private void soon(long now) {
        trialEvery = FIRST_TRIAL_MICROS;
        stoodSinceMicros = now;
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
                soon(now);
                raisedMicros = now;
                answeredSinceRaise = 0;
            }
            outcomes = 0;
            failures = 0;
        }
    }
}
