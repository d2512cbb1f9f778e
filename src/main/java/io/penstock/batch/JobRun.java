package io.penstock.batch;

import io.penstock.store.Job;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// What the chunks of one job that run in this process share: the places for its items, the answers
/// that they had, and the last look at the job. Thread-safe.
final class JobRun {

    private static final Duration LOOK = Duration.ofMillis(400);

    /// Bounds the job's items that run or wait for their turn, in this process. Each job has its
    /// own, so that a small one need not wait until a large one has let go.
    final Semaphore places;

    /// What was answered to its items.
    final Answers answers = new Answers();

    private final ReentrantLock looking = new ReentrantLock();
    private volatile Look last;

    /// @param job absent when it has been deleted
    private record Look(Optional<Job> job, Instant at) {}

    JobRun(int places) {
        this.places = new Semaphore(places);
        this.last = new Look(Optional.empty(), Instant.EPOCH);
    }

    /// @param read fetches the job, at most every 0.4 s for all chunks
    /// @return the job as it was seen last; one that is being fetched is not waited for
    Optional<Job> look(Instant now, Supplier<Optional<Job>> read) {
        if (Duration.between(last.at, now).compareTo(LOOK) >= 0 && looking.tryLock()) {
            try {
                if (Duration.between(last.at, now).compareTo(LOOK) >= 0) {
                    last = new Look(read.get(), now);
                }
            } finally {
                looking.unlock();
            }
        }
        return last.job;
    }

    /// A chunk that begins has just read the job.
    void seen(Job job, Instant now) {
        last = new Look(Optional.of(job), now);
    }
}
