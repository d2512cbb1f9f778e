package io.penstock.batch;

import io.penstock.store.Announced;
import io.penstock.store.Chunk;
import io.penstock.store.ChunkQueue;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import io.penstock.store.StoreException;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jboss.logging.Logger;

/// Queues the [tasks][Task] of jobs. Thread-safe.
@ApplicationScoped
class Messages {

    private static final Logger LOG = Logger.getLogger(Messages.class);

    private final ChunkQueue queue;
    private final JobStore jobs;
    private final MillisClock clock;

    Messages(ChunkQueue queue, JobStore jobs, MillisClock clock) {
        this.queue = queue;
        this.jobs = jobs;
        this.clock = clock;
    }

    /// Queues tasks of a job that is stored. When the queue is away, the job is there all the same
    /// and the sweep finds it.
    ///
    /// @return whether they are queued
    boolean announce(Job job, List<Task> tasks) {
        try {
            send(job.id(), tasks, Duration.ZERO);
            return true;
        } catch (StoreException later) {
            LOG.warnf(
                    "Job %s is stored but not queued yet; the next sweep queues it: %s",
                    job.id(), later.getMessage());
            note(job, Instant.EPOCH);
            return false;
        }
    }

    /// Queues what is left to do for a job that was stopped, as [#announce] does.
    void announceAgain(Job job) {
        Instant now = clock.now();
        if (announce(job, pending(job))) {
            note(job, now);
        }
    }

    private void note(Job job, Instant queued) {
        try {
            jobs.announced(job, new Announced(queued, 0));
        } catch (StoreException unnoted) {
            LOG.debugf("When job %s was queued is not noted", job.id());
        }
    }

    /// Queues a task again, or the one that comes after it.
    void send(Task task, Duration delay) {
        send(task.job(), List.of(task), delay);
    }

    /// Queues tasks of one job.
    void send(String jobId, List<Task> tasks, Duration delay) {
        queue.send(jobId, tasks.stream().map(Task::toJson).toList(), delay);
    }

    /// All that is left to do for a job and that no worker is doing.
    List<Task> pending(Job job) {
        if (job.input().chunkCount() == 0) {
            return List.of(new Task.Split(job.id()));
        }
        Instant now = clock.now();
        List<Task> tasks = new ArrayList<>();
        boolean open = false;
        for (Chunk chunk : jobs.chunks(job.area())) {
            if (!chunk.done()) {
                open = true;
                if (!chunk.isLeased(now)) {
                    tasks.add(new Task.RunChunk(job.id(), chunk.index()));
                }
            }
        }
        return open ? tasks : List.of(new Task.Finish(job.id()));
    }
}
