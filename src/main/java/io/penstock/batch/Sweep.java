package io.penstock.batch;

import io.penstock.store.Announced;
import io.penstock.store.Chunk;
import io.penstock.store.ChunkQueue;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import io.penstock.store.Outlived;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Looks for what nobody works on: chunks whose lease has lapsed or whose message got lost, jobs
/// that wait for their end or have expired, dead letters, and what is to be forgotten. Doing it at
/// any time, and by several processes at once, does no harm. Thread-safe.
///
/// What fails for one job or letter is left for the next sweep and keeps it from no other. A sweep
/// whose time is up leaves the rest to the next one, which goes on there.
@ApplicationScoped
public class Sweep {

    private static final Logger LOG = Logger.getLogger(Sweep.class);

    /// What a sweep may take outside of functions.
    private static final Duration TIME = Duration.ofMinutes(1);

    private static final int PAGE = 100;

    /// SQS forgets a message after 4 days, so that even a job of a month is queued again.
    private static final int DOUBLINGS_MAX = 6;

    private final JobStore jobs;
    private final ChunkQueue queue;
    private final DeadLetters deadLetters;
    private final Messages messages;
    private final Outlived outlived;
    private final MillisClock clock;
    private final Duration interval;
    private final Standstill standstill;

    /// Held by the one sweep of this process.
    private final ReentrantLock sweeping = new ReentrantLock();

    /// The last job that was looked at in this pass over all jobs; null when it is to begin.
    private @Nullable Job after;

    /// The jobs of this pass that are meant to run.
    private Set<String> running = new HashSet<>();

    Sweep(
            JobStore jobs,
            ChunkQueue queue,
            DeadLetters deadLetters,
            Messages messages,
            Outlived outlived,
            BatchConfig config,
            MillisClock clock) {
        this.jobs = jobs;
        this.queue = queue;
        this.deadLetters = deadLetters;
        this.messages = messages;
        this.clock = clock;
        this.outlived = outlived;
        this.interval = config.sweepEvery();
        this.standstill = new Standstill(config.stalledAfter());
    }

    /// Looks once.
    public void sweep() throws InterruptedException {
        sweep(TIME);
    }

    /// Looks once.
    ///
    /// @param time that it may take; dead letters get half of it at most
    public void sweep(Duration time) throws InterruptedException {
        if (!sweeping.tryLock()) {
            return;
        }
        try {
            long start = System.nanoTime();
            Failures failures = new Failures();
            bury(start + time.dividedBy(2).toNanos(), failures);
            look(start + time.toNanos(), failures);
            outlived.forget();
            failures.tell();
        } finally {
            sweeping.unlock();
        }
    }

    /// The failures of one sweep, logged as one line.
    private static final class Failures {

        private @Nullable RuntimeException first;
        private String what = "";
        private int count;

        private void add(String of, RuntimeException failed) {
            if (count++ == 0) {
                first = failed;
                what = of;
            }
        }

        private void tell() {
            if (first != null) {
                LOG.errorf(
                        first,
                        "%s could not be looked at, and %d other(s); the next sweep tries again",
                        what,
                        count - 1);
            }
        }
    }

    /// Notes that whoever held a lease is gone, so that nobody waits for its end. Only where no
    /// other process can be at work on the store, and before this one is.
    public void takeOver() {
        Instant now = clock.now();
        List<Job> page = jobs.live(null, PAGE);
        while (!page.isEmpty()) {
            for (Job job : page) {
                jobs.chunks(job.area()).stream()
                        .filter(chunk -> chunk.isLeased(now))
                        .forEach(chunk -> jobs.replace(chunk.lapsed()));
            }
            page = page.size() < PAGE ? List.of() : jobs.live(page.getLast(), PAGE);
        }
    }

    private void bury(long end, Failures failures) throws InterruptedException {
        boolean goesOn = true;
        while (goesOn && System.nanoTime() - end < 0) {
            goesOn = false;
            for (ChunkQueue.Delivery dead : queue.receiveDead()) {
                try {
                    deadLetters.bury(dead.body());
                    queue.deleteDead(dead);
                    goesOn = true;
                } catch (RuntimeException failed) {
                    failures.add("A dead letter", failed);
                }
            }
        }
    }

    private void look(long end, Failures failures) {
        List<String> stalled = new ArrayList<>();
        List<Job> page = jobs.live(after, PAGE);
        boolean isAlone = after == null && page.size() == 1;
        while (!page.isEmpty()) {
            for (Job job : page) {
                if (System.nanoTime() - end >= 0) {
                    tell(stalled);
                    return;
                }
                after = job;
                if (job.paused() == null) {
                    running.add(job.id());
                }
                try {
                    look(job, isAlone, stalled);
                } catch (RuntimeException failed) {
                    failures.add("Job " + job.id(), failed);
                }
            }
            page = page.size() < PAGE ? List.of() : jobs.live(after, PAGE);
        }
        standstill.keep(running);
        running = new HashSet<>();
        after = null;
        tell(stalled);
    }

    private static void tell(List<String> stalled) {
        if (!stalled.isEmpty()) {
            // One line, however many wait.
            LOG.warnf(
                    "%s, and %d other(s). They wait for the provider, a budget, their turn or a worker.",
                    stalled.getFirst(), stalled.size() - 1);
        }
    }

    /// @param isAlone whether there is no other job whose messages may be in the queue
    private void look(Job job, boolean isAlone, List<String> stalled) {
        Instant now = clock.now();
        boolean expired = !now.isBefore(job.expiresAt());
        if (job.paused() != null && job.status() != Job.Status.FINALIZING && !expired) {
            return;
        }
        List<Chunk> lapsed = new ArrayList<>();
        Announced last = jobs.announced(job);
        boolean overdue = isOverdue(last, now);
        List<Task> lost = lost(job, isAlone, overdue, lapsed, stalled);
        if (lost.isEmpty()) {
            return;
        }
        messages.send(job.id(), lost, Duration.ZERO);
        LOG.infof("Job %s: %d step(s) are queued again", job.id(), lost.size());
        // Noted, so that the next sweep does not queue them once more; only now, since what is
        // noted and not queued would wait for long.
        lapsed.forEach(chunk -> jobs.replace(chunk.lapsed()));
        if (overdue) {
            jobs.announced(job, last.again(now));
        }
    }

    /// Whether the open tasks that no worker is doing were queued too long ago. What is queued
    /// twice costs a look each, and what comes at the end waits behind it; a job that only waits
    /// its turn must not fill the queue: it is queued again after 4 intervals, then after 8, 16 and
    /// so on, and by itself only where messages are missing.
    private boolean isOverdue(Announced last, Instant now) {
        int wait = 4 << Math.min(last.times(), DOUBLINGS_MAX);
        return !now.isBefore(last.at().plus(interval.multipliedBy(wait)));
    }

    private void stalled(Job job, int ended, Instant now, List<String> stalled) {
        Duration still = standstill.look(job.id(), ended, now);
        if (!still.isZero()) {
            stalled.add(
                    "Job " + job.id() + " has made no progress for " + still.toSeconds() + " s");
        }
    }

    /// @param overdue whether messages that should be there are taken for lost
    /// @param lapsed takes the chunks whose lease has lapsed
    /// @param stalled takes a sentence's beginning if the job stands still
    private List<Task> lost(
            Job job, boolean isAlone, boolean overdue, List<Chunk> lapsed, List<String> stalled) {
        if (job.input().chunkCount() == 0) {
            stalled(job, 0, clock.now(), stalled);
            // Whoever splits a job that has expired ends it.
            return overdue || !clock.now().isBefore(job.expiresAt())
                    ? messages.pending(job)
                    : List.of();
        }
        List<Task> lost = new ArrayList<>();
        List<Chunk> chunks = jobs.chunks(job.area());
        Instant now = clock.now();
        stalled(job, Progress.of(chunks).counts().ended(), now, stalled);
        boolean ending = job.status() == Job.Status.CANCELLING || !now.isBefore(job.expiresAt());
        List<Task> free = new ArrayList<>();
        boolean open = false;
        for (Chunk chunk : chunks) {
            if (chunk.done()) {
                continue;
            }
            open = true;
            Instant lease = chunk.leaseUntil();
            Task task = new Task.RunChunk(job.id(), chunk.index());
            if (lease == null || chunk.isNoted()) {
                (ending || chunk.isWhole() ? lost : free).add(task);
            } else if (now.isAfter(lease)) {
                lost.add(task);
                lapsed.add(chunk);
            }
        }
        if (!open) {
            return isOfThisMoment(job, now) || jobs.merge(job.area()).isLeased(now)
                    ? List.of()
                    : List.of(new Task.Finish(job.id()));
        }
        // Each of them has a message. Where fewer wait, one is lost, or hidden for long with a
        // worker that died before it came to its chunk. Messages of other jobs may be counted too,
        // so that it does not show.
        if (!free.isEmpty() && ((overdue && !isAlone) || queue.waiting(job.id()) < free.size())) {
            lost.addAll(free);
        }
        return lost;
    }

    /// Whether a job is so new that its end is queued, or about to be.
    private boolean isOfThisMoment(Job job, Instant now) {
        return !now.isAfter(job.createdAt().plus(interval.multipliedBy(2)));
    }
}
