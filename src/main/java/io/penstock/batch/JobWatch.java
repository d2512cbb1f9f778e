package io.penstock.batch;

import io.penstock.store.Job;
import io.penstock.store.JobStore;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// How a job stands while one of its chunks is run. Not thread-safe.
final class JobWatch {

    private final JobStore jobs;
    private final JobRun jobRun;
    private final Spending spending;
    private final Supplier<Progress> progress;
    private Job job;

    /// @param jobRun what the job's chunks in this process share
    /// @param progress of the whole job
    JobWatch(
            Job job, JobStore jobs, JobRun jobRun, Spending spending, Supplier<Progress> progress) {
        this.job = job;
        this.jobs = jobs;
        this.jobRun = jobRun;
        this.spending = spending;
        this.progress = progress;
    }

    String id() {
        return job.id();
    }

    /// @return why to stop; null to go on
    /// @throws io.penstock.store.StoreException when the job cannot be seen now
    @Nullable Stop look(Instant now) {
        Optional<Job> present = jobRun.look(now, () -> jobs.job(job.id()));
        if (present.isEmpty() || !present.get().area().equals(job.area())) {
            return new Stop.Fenced();
        }
        job = present.get();
        if (job.status() == Job.Status.CANCELLING) {
            return new Stop.Closing("batch_cancelled", "The batch was cancelled.");
        } else if (!now.isBefore(job.expiresAt())) {
            return new Stop.Closing(
                    "batch_expired", "The batch expired before this item was done.");
        } else if (job.paused() != null) {
            return new Stop.Paused();
        }
        return spending.look(now);
    }

    /// Whether the job has more items without an outcome than this chunk has.
    ///
    /// @param open items of this chunk without an outcome
    boolean hasMoreThan(int open) {
        return job.input().itemCount() - progress.get().counts().ended() > open;
    }

    /// Whether any item of the job was answered.
    boolean hasAnswers() {
        return progress.get().counts().completed() > 0;
    }
}
