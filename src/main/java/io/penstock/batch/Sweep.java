package io.penstock.batch;

import io.penstock.store.Chunk;
import io.penstock.store.ChunkQueue;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import io.penstock.store.Outlived;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/// Looks for what nobody works on: chunks whose lease has lapsed or whose message got lost, jobs
/// that wait for their end or have expired, dead letters, and what is to be forgotten. Doing it at
/// any time, and by several at once, does no harm. Thread-safe.
@ApplicationScoped
public class Sweep {

    private static final Logger LOG = Logger.getLogger(Sweep.class);

    private final JobStore jobs;
    private final ChunkQueue queue;
    private final DeadLetters deadLetters;
    private final Messages messages;
    private final Outlived outlived;
    private final MillisClock clock;
    private final Duration interval;
    private final Standstill standstill;

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
        for (ChunkQueue.Delivery dead : queue.receiveDead()) {
            deadLetters.bury(dead.body());
            queue.deleteDead(dead);
        }
        Instant now = clock.now();
        List<Job> live = jobs.live();
        standstill.keep(
                live.stream()
                        .filter(job -> job.paused() == null)
                        .map(Job::id)
                        .collect(Collectors.toSet()));
        List<String> stalled = new ArrayList<>();
        for (Job job : live) {
            boolean expired = !now.isBefore(job.expiresAt());
            // A job of this moment has its messages.
            if ((job.paused() == null || expired)
                    && now.isAfter(job.createdAt().plus(interval.multipliedBy(2)))) {
                List<Chunk> lapsed = new ArrayList<>();
                List<Task> lost = lost(job, now, lapsed, stalled);
                if (!lost.isEmpty()) {
                    messages.send(job.id(), lost, Duration.ZERO);
                    LOG.infof("Job %s: %d step(s) are queued again", job.id(), lost.size());
                }
                // Noted, so that the next sweep does not queue them once more; only now, since what
                // is noted and not queued would wait for long.
                lapsed.forEach(chunk -> jobs.replace(chunk.lapsed()));
            }
        }
        if (!stalled.isEmpty()) {
            // One line, however many wait.
            LOG.warnf(
                    "%s, and %d other(s). They wait for the provider, a budget, their turn or a worker.",
                    stalled.getFirst(), stalled.size() - 1);
        }
        outlived.forget();
    }

    /// Once in a while, and ever less often: after 4, 8, 16, … intervals. What is queued twice
    /// costs a look each; without a bound it would fill the queue of a job that only waits its
    /// turn.
    private boolean takenForLost(Job job, Instant now) {
        Duration age = Duration.between(job.createdAt(), now);
        for (Duration at = interval.multipliedBy(4);
                at.compareTo(age) <= 0;
                at = at.multipliedBy(2)) {
            if (age.minus(interval).compareTo(at) < 0) {
                return true;
            }
        }
        return false;
    }

    private void stalled(Job job, int ended, Instant now, List<String> stalled) {
        Duration still = standstill.look(job.id(), ended, now);
        if (!still.isZero()) {
            stalled.add(
                    "Job " + job.id() + " has made no progress for " + still.toSeconds() + " s");
        }
    }

    /// @param lapsed takes the chunks whose lease has lapsed
    /// @param stalled takes a sentence's beginning if the job stands still
    private List<Task> lost(Job job, Instant now, List<Chunk> lapsed, List<String> stalled) {
        if (job.input().chunkCount() == 0) {
            stalled(job, 0, now, stalled);
            return takenForLost(job, now) ? messages.pending(job) : List.of();
        }
        List<Task> lost = new ArrayList<>();
        List<Chunk> chunks = jobs.chunks(job.area());
        stalled(job, Progress.of(chunks).counts().ended(), now, stalled);
        boolean ending = job.status() == Job.Status.CANCELLING || !now.isBefore(job.expiresAt());
        boolean open = false;
        for (Chunk chunk : chunks) {
            if (chunk.done()) {
                continue;
            }
            open = true;
            Instant lease = chunk.leaseUntil();
            if (lease != null) {
                if (now.isAfter(lease)) {
                    lapsed.add(chunk);
                    lost.add(new Task.RunChunk(job.id(), chunk.index()));
                }
            } else if (ending || takenForLost(job, now)) {
                // Chunks that nobody has begun wait in the queue as a rule.
                lost.add(new Task.RunChunk(job.id(), chunk.index()));
            }
        }
        if (!open) {
            return List.of(new Task.Finish(job.id()));
        }
        return lost;
    }
}
