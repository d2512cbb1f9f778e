package io.penstock.batch;

import io.penstock.store.Chunk;
import io.penstock.store.Job;
import io.penstock.store.Job.Status;
import io.penstock.store.JobStore;
import io.penstock.store.Payloads;
import jakarta.enterprise.context.ApplicationScoped;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What callers do with batches that they have [submitted][Submissions]. Thread-safe.
///
/// Every method throws [StoreException] when the store cannot be reached; nothing that was answered
/// before is lost then, and trying again makes sense.
@ApplicationScoped
public class Batches {

    private static final int PAGE = 100;

    private final JobStore jobs;
    private final JobChanges changes;
    private final Payloads payloads;
    private final Messages messages;
    private final OutputFiles outputs;
    private final JobSums sums;
    private final MillisClock clock;

    Batches(
            JobStore jobs,
            JobChanges changes,
            Payloads payloads,
            Messages messages,
            OutputFiles outputs,
            JobSums sums,
            MillisClock clock) {
        this.jobs = jobs;
        this.changes = changes;
        this.payloads = payloads;
        this.messages = messages;
        this.outputs = outputs;
        this.sums = sums;
        this.clock = clock;
    }

    public Optional<Job> find(String id) {
        return Ids.isPossible(id) ? jobs.job(id) : Optional.empty();
    }

    /// Jobs, newest first, after the one with that id.
    ///
    /// @param wanted says of a job whether it counts
    public List<Job> list(@Nullable String after, int limit, Predicate<Job> wanted) {
        return new Listing<Job>(PAGE, last -> jobs.jobs(last, PAGE), Job::id)
                .find(after, limit, wanted);
    }

    /// How far a job is, from what is recorded; of a large one that still runs, up to a second ago.
    public Progress progress(Job job) {
        return sums.of(job);
    }

    /// The time of the clock by which all times of jobs are set.
    public Instant now() {
        return clock.now();
    }

    /// The results that are recorded so far.
    public Results results(Job job) {
        return new Results(payloads, job, () -> chunks(job));
    }

    private List<Chunk> chunks(Job job) {
        return job.input().chunkCount() == 0 ? List.of() : jobs.chunks(job.area());
    }

    /// Ends a job: what is finished stays, what is not is recorded as cancelled. Repeating it
    /// changes nothing.
    ///
    /// @return the job, which has ended or is about to; empty when there is none
    public Optional<Job> cancel(String id) {
        Optional<Job> cancelled =
                changes.change(
                        id,
                        job ->
                                job.status().isTerminal() || job.status() == Status.CANCELLING
                                        ? null
                                        : job.paused(null, null)
                                                .inSameVersion(Status.CANCELLING)
                                                .since(clock.now()));
        cancelled.filter(job -> job.status() == Status.CANCELLING).ifPresent(this::announce);
        return cancelled;
    }

    /// Stops a job where it is until it is resumed.
    public Optional<Job> pause(String id) {
        return changes.pause(id, "user", "Paused by its owner; resume it to go on.");
    }

    /// Lets a paused job go on.
    ///
    /// @param maxCost what the job may cost in all; null to keep its earlier limit
    public Optional<Job> resume(String id, @Nullable BigDecimal maxCost) {
        // Should this process end before the messages are sent, the next sweep sends them.
        find(id).filter(job -> job.paused() != null).ifPresent(jobs::unannounced);
        Optional<Job> resumed =
                changes.change(
                        id,
                        job ->
                                job.paused() == null || job.status().isTerminal()
                                        ? null
                                        : job.resumed(options(job, maxCost)));
        resumed.filter(job -> job.runs(clock.now())).ifPresent(this::announce);
        return resumed;
    }

    private static String options(Job job, @Nullable BigDecimal maxCost) {
        return maxCost == null ? job.options() : JobOptions.costing(job, maxCost);
    }

    /// Whether any of a job's chunks is being run.
    public boolean isHeld(Job job) {
        Instant now = clock.now();
        return chunks(job).stream().anyMatch(chunk -> chunk.isLeased(now));
    }

    /// Takes a job over from a process that is known to be gone: nobody waits for the end of its
    /// leases. Only where no other process can be at work on the store.
    public void takeOver(Job job) {
        Instant now = clock.now();
        for (Chunk chunk : chunks(job)) {
            if (chunk.isLeased(now)) {
                jobs.replace(chunk.lapsed());
            }
        }
        if (job.runs(now) || job.status() == Status.FINALIZING) {
            announce(job);
        }
    }

    private void announce(Job job) {
        messages.announceAgain(job);
    }

    /// Forgets a job that has ended, with its results.
    public void delete(Job job) {
        jobs.deleteMerge(job.area());
        outputs.forget(job);
        payloads.deleteAll(job.prefix());
        jobs.delete(job);
    }
}
