package io.penstock.batch;

import io.penstock.store.Chunk;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jboss.logging.Logger;

/// Looks after messages that were delivered too often. Thread-safe.
@ApplicationScoped
public class DeadLetters {

    private static final Logger LOG = Logger.getLogger(DeadLetters.class);

    /// Crashes of a chunk in a row, with no outcome between them, before its dead letter is
    /// believed: far more than it takes to find an item that ends its worker.
    static final int CRASHES_MAX = 50;

    private final JobStore jobs;
    private final Messages messages;
    private final ChunkRuns runs;
    private final Finisher finisher;
    private final BatchConfig config;
    private final MillisClock clock;

    DeadLetters(
            JobStore jobs,
            Messages messages,
            ChunkRuns runs,
            Finisher finisher,
            BatchConfig config,
            MillisClock clock) {
        this.jobs = jobs;
        this.messages = messages;
        this.runs = runs;
        this.finisher = finisher;
        this.config = config;
        this.clock = clock;
    }

    /// Looks at what a dead letter stands for, wherever it was received: a chunk that has crashed
    /// too often is given up, and what is left of it is recorded as failed. One that was only
    /// unlucky, as when processes are replaced again and again or the store is away, is queued
    /// anew. When this returns, the letter can be deleted.
    public void bury(String body) throws InterruptedException {
        if (Task.parse(body).orElse(null) instanceof Task.RunChunk task) {
            Optional<Job> job = jobs.job(task.job()).filter(found -> !found.status().isTerminal());
            Optional<Chunk> chunk = job.flatMap(found -> jobs.chunk(found.area(), task.chunk()));
            if (job.isPresent() && chunk.isPresent()) {
                bury(task, job.get(), chunk.get());
            }
        }
    }

    private void bury(Task.RunChunk task, Job job, Chunk chunk) throws InterruptedException {
        Instant now = clock.now();
        if (chunk.done() || chunk.isLeased(now)) {
            return;
        }
        if (chunk.crashes() < CRASHES_MAX) {
            messages.send(task, Duration.ZERO);
            return;
        }
        Chunk claimed = chunk.claimed(now, config.lease());
        if (!jobs.replace(claimed)) {
            return;
        }
        LOG.errorf(
                "Job %s: chunk %d was delivered too often without coming to its end; what is left"
                        + " of it is recorded as failed",
                job.id(), chunk.index());
        runs.of(job, claimed, new JobRun(1), Shift::endless)
                .fail("dead_letter", "This item's chunk was given up after too many deliveries.");
        // A sweep has little time.
        finisher.chunkDone(
                job, chunk.index(), () -> Shift.ending(Duration.ZERO, config.commitTime()));
    }
}
