package io.penstock.batch;

import java.time.Duration;

/// For how long a worker works, by the process's own monotonic clock, which nobody sets: first it
/// starts items, then it only lets them come to their ends, then it ends them, and at last it waits
/// for nothing but its last writes. So what is under way is recorded, and the chunk given back,
/// before anybody ends the process. Immutable.
///
/// @param startsNanos until when items are started, as [System#nanoTime()]
/// @param runsNanos until when they are left to run
/// @param waitsNanos until when anything is waited for
public record Shift(long startsNanos, long runsNanos, long waitsNanos) {

    private static final Duration LONG = Duration.ofDays(3650);

    /// Of the whole time, at most this part is kept for recording.
    private static final int COMMIT_PART = 5;

    /// A worker that nobody ends.
    public static Shift endless() {
        long end = System.nanoTime() + LONG.toNanos();
        return new Shift(end, end, end);
    }

    /// A worker whose process is ended after `left`.
    ///
    /// @param call the longest that a call may take; where the time is too short for one, half of
    ///   it is used nevertheless, since nothing would ever be done otherwise
    /// @param commit what it takes to record and to give back
    public static Shift of(Duration left, Duration call, Duration commit) {
        Duration kept = commitWithin(left, commit);
        Duration runs = left.minus(kept);
        Duration starts = runs.minus(call);
        Duration half = runs.dividedBy(2);
        return lasting(starts.compareTo(half) < 0 ? half : starts, runs, kept);
    }

    /// A worker that starts no more, and whose process is ended after `left`.
    static Shift ending(Duration left, Duration commit) {
        Duration kept = commitWithin(left, commit);
        return lasting(Duration.ZERO, left.minus(kept), kept);
    }

    /// What of the time is kept for recording.
    public static Duration commitWithin(Duration left, Duration commit) {
        Duration most = left.dividedBy(COMMIT_PART);
        return commit.compareTo(most) < 0 ? commit : most;
    }

    private static Shift lasting(Duration starts, Duration runs, Duration kept) {
        long now = System.nanoTime();
        return new Shift(
                now + starts.toNanos(),
                now + runs.toNanos(),
                now + runs.plus(kept.dividedBy(2)).toNanos());
    }

    /// One that ends when the first of the two does.
    Shift within(Shift other) {
        return new Shift(
                earlier(startsNanos, other.startsNanos),
                earlier(runsNanos, other.runsNanos),
                earlier(waitsNanos, other.waitsNanos));
    }

    boolean startsMore() {
        return System.nanoTime() - startsNanos < 0;
    }

    boolean letsRun() {
        return System.nanoTime() - runsNanos < 0;
    }

    boolean waits() {
        return System.nanoTime() - waitsNanos < 0;
    }

    private static long earlier(long one, long other) {
        return one - other < 0 ? one : other;
    }
}
