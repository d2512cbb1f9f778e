package io.penstock.batch;

import io.penstock.store.Job;
import io.penstock.store.Job.Status;
import io.penstock.store.JobStore;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Changes jobs, each from whatever it is in the meantime. Thread-safe.
@ApplicationScoped
class JobChanges {

    private final JobStore jobs;

    JobChanges(JobStore jobs) {
        this.jobs = jobs;
    }

    /// @param change gives the next version, or null for no change
    /// @return the job as it is then; empty when there is none
    Optional<Job> change(String id, Function<Job, @Nullable Job> change) {
        return make(id, change).job;
    }

    /// Makes a change that only one may make.
    ///
    /// @param change gives the next version, or null for no change
    /// @return whether it was made here
    boolean isMade(String id, Function<Job, @Nullable Job> change) {
        return make(id, change).isMade;
    }

    private record Effect(Optional<Job> job, boolean isMade) {}

    private Effect make(String id, Function<Job, @Nullable Job> change) {
        while (true) {
            Optional<Job> stored = Ids.isPossible(id) ? jobs.job(id) : Optional.empty();
            Job next = stored.map(change).orElse(null);
            if (next == null) {
                return new Effect(stored, false);
            }
            if (jobs.replace(next)) {
                return new Effect(Optional.of(next), true);
            }
        }
    }

    /// Pauses a job that runs.
    ///
    /// @param why one word
    /// @param sentence that says what to do
    /// @return the job as it is then; empty when there is none
    Optional<Job> pause(String id, String why, String sentence) {
        return change(
                id,
                job ->
                        job.status() == Status.IN_PROGRESS && job.paused() == null
                                ? job.paused(why, sentence)
                                : null);
    }
}
