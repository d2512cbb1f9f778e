package io.penstock.batch;

import io.penstock.llm.Meters;
import io.penstock.store.Chunk;
import io.penstock.store.ChunkQueue;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import io.penstock.store.StoreException;
import io.penstock.store.StoreLog;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Does the [task][Task] that a message of the queue hints at, after a look at the stored state.
/// Thread-safe.
@ApplicationScoped
public class Worker {

    private static final Logger LOG = Logger.getLogger(Worker.class);

    /// Added to the end of another worker's lease, so that the next look comes after it.
    private static final Duration AFTER_LEASE = Duration.ofMillis(100);

    private final JobStore jobs;
    private final ChunkQueue queue;
    private final Messages messages;
    private final BatchConfig config;
    private final ChunkRuns runs;
    private final JobRuns jobRuns;
    private final JobSums sums;
    private final JobChanges changes;
    private final Splitting splitting;
    private final Finisher finisher;
    private final StoreLog storeLog;
    private final Consumer<String> paused;
    private final MillisClock clock;

    /// How long this process may work; shorter once it is to end.
    private volatile Shift whole = Shift.endless();

    @Inject
    Worker(
            JobStore jobs,
            ChunkQueue queue,
            Messages messages,
            BatchConfig config,
            ChunkRuns runs,
            JobRuns jobRuns,
            JobSums sums,
            JobChanges changes,
            Splitting splitting,
            Finisher finisher,
            StoreLog storeLog,
            Meters meters,
            MillisClock clock) {
        this(
                jobs,
                queue,
                messages,
                config,
                runs,
                jobRuns,
                sums,
                changes,
                splitting,
                finisher,
                storeLog,
                meters::paused,
                clock);
    }

    /// @param paused counts a job that was paused for a reason
    Worker(
            JobStore jobs,
            ChunkQueue queue,
            Messages messages,
            BatchConfig config,
            ChunkRuns runs,
            JobRuns jobRuns,
            JobSums sums,
            JobChanges changes,
            Splitting splitting,
            Finisher finisher,
            StoreLog storeLog,
            Consumer<String> paused,
            MillisClock clock) {
        this.jobs = jobs;
        this.queue = queue;
        this.messages = messages;
        this.config = config.checked();
        this.runs = runs;
        this.jobRuns = jobRuns;
        this.sums = sums;
        this.changes = changes;
        this.splitting = splitting;
        this.finisher = finisher;
        this.storeLog = storeLog;
        this.paused = paused;
        this.clock = clock;
    }

    /// Handles one message.
    ///
    /// @param receipt by which its visibility is kept in step with the lease
    /// @param shift when to start no more and hand the rest on
    /// @return whether the message is done with; else it is to be delivered again
    public boolean handle(String body, String receipt, Shift shift) throws InterruptedException {
        Optional<Task> task = Task.parse(body);
        if (task.isEmpty()) {
            LOG.warn("A message of the queue is none of Penstock's and is passed over");
            return true;
        }
        Supplier<Shift> time = () -> shift.within(whole);
        try (Visibility _ = new Visibility(queue, receipt, config.lease())) {
            handle(task.get(), time);
            return true;
        } catch (StoreException failed) {
            storeLog.failed("A message is left for later", failed.text());
            return false;
        } catch (RuntimeException unforeseen) {
            LOG.errorf(unforeseen, "%s failed in a way that nobody foresaw", body);
            return false;
        }
    }

    private void handle(Task task, Supplier<Shift> shift) throws InterruptedException {
        switch (task) {
            case Task.RunChunk chunk -> {
                Optional<Job> job = jobs.job(chunk.job());
                if (job.isPresent() && !job.get().status().isTerminal()) {
                    look(chunk, job.get(), shift);
                }
            }
            case Task.Finish(String id) -> finisher.finish(id, shift);
            case Task.Split(String id, int attempt) ->
                    jobs.job(id).ifPresent(job -> splitting.split(job, attempt, shift));
        }
    }

    /// Starts nothing more: what runs comes to its end, is recorded, and the rest is handed on.
    ///
    /// @param left until the process ends
    public void close(Duration left) {
        whole = Shift.ending(left, config.commitTime());
    }

    private void look(Task.RunChunk task, Job job, Supplier<Shift> shift)
            throws InterruptedException {
        Optional<Chunk> stored = jobs.chunk(job.area(), task.chunk());
        if (stored.isEmpty()) {
            return;
        }
        Chunk chunk = stored.get();
        Instant now = clock.now();
        if (chunk.done()) {
            finisher.chunkDone(job, chunk.index(), shift);
            return;
        }
        if (job.paused() != null && now.isBefore(job.expiresAt())) {
            return;
        }
        Instant lease = chunk.leaseUntil();
        if (lease != null && chunk.isLeased(now)) {
            // The lease's holder may die: look again after the lease.
            messages.send(task, Duration.between(now, lease).plus(AFTER_LEASE));
            return;
        }
        Optional<Chunk> left = chunk.isLeft(now) ? Optional.empty() : claimLeft(job);
        if (left.isPresent()) {
            messages.send(task, Duration.ZERO);
            Task.RunChunk before = new Task.RunChunk(job.id(), left.get().index());
            stopped(before, job, run(job, left.get(), shift), shift);
            return;
        }
        Chunk claimed = chunk.claimed(now, config.lease());
        if (!jobs.replace(claimed)) {
            messages.send(task, config.lease());
            return;
        }
        stopped(task, job, run(job, claimed, shift), shift);
    }

    /// Claims a chunk of the job that a dead worker has left, but for one that is to be given up.
    /// Its message may be behind those of all chunks that nobody has begun, or be a dead letter,
    /// and no queue need keep to any order.
    private Optional<Chunk> claimLeft(Job job) {
        for (int index : sums.left(job)) {
            Instant now = clock.now();
            Optional<Chunk> claimed =
                    jobs.chunk(job.area(), index)
                            .filter(chunk -> !chunk.done() && chunk.isLeft(now))
                            .filter(chunk -> chunk.crashes() < DeadLetters.CRASHES_MAX)
                            .map(chunk -> chunk.claimed(now, config.lease()))
                            .filter(jobs::replace);
            if (claimed.isPresent()) {
                return claimed;
            }
        }
        return Optional.empty();
    }

    private @Nullable Stop run(Job job, Chunk claimed, Supplier<Shift> shift)
            throws InterruptedException {
        JobRun jobRun = jobRuns.begin(job);
        try {
            return runs.of(job, claimed, jobRun, shift).run();
        } finally {
            jobRuns.end(job);
        }
    }

    private void stopped(Task.RunChunk task, Job job, @Nullable Stop stop, Supplier<Shift> shift) {
        switch (stop) {
            case null -> finisher.chunkDone(job, task.chunk(), shift);
            case Stop.Closing _ -> finisher.chunkDone(job, task.chunk(), shift);
            case Stop.HandBack(Duration delay) -> messages.send(task, delay);
            case Stop.Fenced _ -> messages.send(task, config.lease());
            case Stop.Paused _ -> againUnlessPaused(task, jobs.job(job.id()));
            case Stop.Park(String reason, String message) -> {
                Optional<Job> parked = changes.pause(job.id(), reason, message);
                paused.accept(reason);
                LOG.errorf("Job %s is paused: %s Resume it when that is done.", job.id(), message);
                againUnlessPaused(task, parked);
            }
        }
    }

    /// Resuming a paused job queues its chunks again.
    private void againUnlessPaused(Task task, Optional<Job> job) {
        if (job.isPresent() && job.get().paused() == null) {
            messages.send(task, Duration.ZERO);
        }
    }
}
