package io.penstock.batch;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/// Tells which jobs have made no progress for long, from what each look finds. It remembers only in
/// this process: after a restart a job has its time anew. Thread-safe.
final class Standstill {

    private final Duration after;
    private final Map<String, Seen> jobs = new HashMap<>();

    /// @param ended items that have ended, as last seen to change
    /// @param since when that was
    /// @param said when it was last told
    private record Seen(int ended, Instant since, Instant said) {}

    Standstill(Duration after) {
        this.after = after;
    }

    /// Takes note of how many items of a job have ended.
    ///
    /// @return for how long that number has not changed; zero unless it is time to say so, which it
    ///   is once in each `after`
    synchronized Duration look(String job, int ended, Instant now) {
        Seen seen = jobs.get(job);
        if (seen == null || seen.ended != ended) {
            jobs.put(job, new Seen(ended, now, now));
            return Duration.ZERO;
        }
        if (Duration.between(seen.said, now).compareTo(after) < 0) {
            return Duration.ZERO;
        }
        jobs.put(job, new Seen(ended, seen.since, now));
        return Duration.between(seen.since, now);
    }

    /// Forgets all other jobs: those that have ended, and those that are not meant to run.
    synchronized void keep(Set<String> running) {
        jobs.keySet().retainAll(running);
    }
}
