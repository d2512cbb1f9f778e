package io.penstock.batch;

import io.penstock.flow.FlowConfig;
import io.penstock.llm.Llm;
import io.penstock.llm.Meters;
import io.penstock.llm.Prices;
import io.penstock.pipeline.Pipelines;
import io.penstock.store.Chunk;
import io.penstock.store.ChunkQueue;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import io.penstock.store.StoreLog;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Does what a message of the queue hints at, after a look at the stored state. Thread-safe.
@ApplicationScoped
public class Worker {

    private static final Logger LOG = Logger.getLogger(Worker.class);

    private final JobStore jobs;
    private final ChunkQueue queue;
    private final BatchConfig config;
    private final Batches batches;
    private final Finisher finisher;
    private final ChunkRun.Shared shared;
    private final Meters meters;

    /// Twice as many as may run at once, so that those who back off keep nobody from running.
    private final int placesOfJob;

    private final Map<String, Running> running = new ConcurrentHashMap<>();

    private record Running(JobRun jobRun, int chunks) {}

    /// Set once this process is to end.
    private volatile Instant closing = Instant.MAX;

    Worker(
            JobStore jobs,
            Payloads payloads,
            ChunkQueue queue,
            BatchConfig config,
            FlowConfig flow,
            ItemReader items,
            Llm llm,
            Pipelines pipelines,
            Prices prices,
            Batches batches,
            Finisher finisher,
            StoreLog storeLog,
            Meters meters) {
        this.meters = meters;
        this.jobs = jobs;
        this.queue = queue;
        this.config = config.checked();
        this.batches = batches;
        this.finisher = finisher;
        this.placesOfJob = 2 * flow.checked().batchConcurrency();
        this.shared =
                new ChunkRun.Shared(
                        llm, pipelines, jobs, payloads, config, items, prices, batches, storeLog);
    }

    /// Handles one message.
    ///
    /// @param receipt by which its visibility is kept in step with the lease
    /// @param softStop when to start no more and hand the rest on
    /// @return whether the message has served; else it is to be delivered again
    public boolean handle(String body, String receipt, Instant softStop)
            throws InterruptedException {
        Optional<Task> task = Task.parse(body);
        if (task.isEmpty()) {
            LOG.warn("A message of the queue is none of Penstock's and is passed over");
            return true;
        }
        try {
            switch (task.get()) {
                case Task.RunChunk(String id, int index) -> {
                    Optional<Job> job = jobs.job(id);
                    if (job.isPresent() && !job.get().status().isTerminal()) {
                        runChunk(job.get(), index, body, receipt, softStop);
                    }
                }
                case Task.Finish(String id) -> finisher.finish(id);
                case Task.Split(String id) -> jobs.job(id).ifPresent(batches::split);
            }
            return true;
        } catch (StoreException failed) {
            shared.storeLog().failed("A message is left for later", failed.text());
            return false;
        } catch (RuntimeException unforeseen) {
            LOG.errorf(unforeseen, "%s failed in a way that nobody foresaw", body);
            return false;
        }
    }

    /// Crashes of a chunk before its dead letter is believed: far more than it takes to find an
    /// item that ends its worker.
    private static final int CRASHES_MAX = 50;

    /// Looks at what a dead letter stands for: a chunk that has crashed too often is given up, what
    /// is left of it recorded as failed. One that was only unlucky, as when processes are replaced
    /// again and again or the store is away, is queued anew.
    void bury(String body) throws InterruptedException {
        if (Task.parse(body).orElse(null) instanceof Task.RunChunk(String id, int index)) {
            Optional<Job> job = jobs.job(id).filter(found -> !found.status().isTerminal());
            Optional<Chunk> chunk = job.flatMap(found -> jobs.chunk(found.area(), index));
            if (job.isEmpty()
                    || chunk.isEmpty()
                    || chunk.get().done()
                    || chunk.get().isLeased(batches.now())) {
                return;
            }
            if (chunk.get().crashes() < CRASHES_MAX) {
                again(id, body, Duration.ZERO);
                return;
            }
            Chunk claimed = chunk.get().claimed(batches.now(), config.lease());
            if (!jobs.replace(claimed)) {
                return;
            }
            LOG.errorf(
                    "Job %s: chunk %d was delivered too often without coming to its end; what is left"
                            + " of it is recorded as failed",
                    id, index);
            new ChunkRun(shared, job.get(), claimed, new JobRun(1), () -> Instant.MAX)
                    .fail(
                            "dead_letter",
                            "This item's chunk was given up after too many deliveries.");
            done(job.get(), index);
        }
    }

    /// Starts nothing more: what runs comes to its end, is recorded, and the rest is handed on.
    public void close() {
        closing = batches.now();
    }

    private void runChunk(Job job, int index, String body, String receipt, Instant softStop)
            throws InterruptedException {
        Optional<Chunk> stored = jobs.chunk(job.area(), index);
        if (stored.isEmpty()) {
            return;
        }
        Chunk chunk = stored.get();
        if (chunk.done()) {
            done(job, index);
            return;
        }
        if (job.paused() != null && batches.now().isBefore(job.expiresAt())) {
            return;
        }
        Instant lease = chunk.leaseUntil();
        if (lease != null && chunk.isLeased(batches.now())) {
            // Whoever is at it may die: look again then.
            again(job.id(), body, Duration.between(batches.now(), lease).plusMillis(100));
            return;
        }
        Chunk claimed = chunk.claimed(batches.now(), config.lease());
        if (!jobs.replace(claimed)) {
            again(job.id(), body, config.lease());
            return;
        }
        Supplier<Instant> latest = () -> softStop.isBefore(closing) ? softStop : closing;
        JobRun jobRun = begin(job);
        ChunkRun.Stop stop;
        try (Visibility _ = new Visibility(queue, receipt, config.lease())) {
            stop = new ChunkRun(shared, job, claimed, jobRun, latest).run();
        } finally {
            end(job);
        }
        stopped(job, index, body, stop);
    }

    private JobRun begin(Job job) {
        JobRun jobRun =
                running.compute(
                                job.id(),
                                (_, present) ->
                                        present == null
                                                ? new Running(new JobRun(placesOfJob), 1)
                                                : new Running(present.jobRun, present.chunks + 1))
                        .jobRun;
        jobRun.seen(job, batches.now());
        return jobRun;
    }

    private void end(Job job) {
        running.computeIfPresent(
                job.id(),
                (_, present) ->
                        present.chunks == 1
                                ? null
                                : new Running(present.jobRun, present.chunks - 1));
    }

    private void stopped(Job job, int index, String body, ChunkRun.@Nullable Stop stop) {
        switch (stop) {
            case null -> done(job, index);
            case ChunkRun.Stop.Closing _ -> done(job, index);
            case ChunkRun.Stop.HandBack(Duration delay) -> again(job.id(), body, delay);
            case ChunkRun.Stop.Fenced _ -> again(job.id(), body, config.lease());
            case ChunkRun.Stop.Paused _ -> {
                // Resuming queues it again.
                Optional<Job> present = jobs.job(job.id());
                if (present.isPresent() && present.get().paused() == null) {
                    again(job.id(), body, Duration.ZERO);
                }
            }
            case ChunkRun.Stop.Park(String reason, String message) -> {
                Optional<Job> parked = batches.pause(job.id(), reason, message);
                meters.paused(reason);
                LOG.errorf("Job %s is paused: %s Resume it when that is done.", job.id(), message);
                if (parked.isPresent() && parked.get().paused() == null) {
                    again(job.id(), body, Duration.ZERO);
                }
            }
        }
    }

    private void done(Job job, int index) {
        if (jobs.close(job, index)) {
            if (job.input().chunkCount() == 1) {
                finisher.finish(job.id());
            } else {
                again(job.id(), new Task.Finish(job.id()).toJson(), Duration.ZERO);
            }
        }
    }

    private void again(String job, String body, Duration delay) {
        queue.send(job, List.of(body), delay);
    }
}
