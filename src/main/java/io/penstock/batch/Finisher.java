package io.penstock.batch;

import io.penstock.store.Chunk;
import io.penstock.store.Counts;
import io.penstock.store.Job;
import io.penstock.store.Job.Status;
import io.penstock.store.JobStore;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;

/// Ends a job whose chunks are all done: puts its results together in input order, checks that each
/// input has exactly one, and gives it its last status. Doing it twice, or by two at once, comes to
/// the same. Thread-safe.
@ApplicationScoped
class Finisher {

    private static final Logger LOG = Logger.getLogger(Finisher.class);

    private final JobStore jobs;
    private final JobChanges changes;
    private final Payloads payloads;
    private final OutputFiles outputs;
    private final Messages messages;
    private final MillisClock clock;

    Finisher(
            JobStore jobs,
            JobChanges changes,
            Payloads payloads,
            OutputFiles outputs,
            Messages messages,
            MillisClock clock) {
        this.jobs = jobs;
        this.changes = changes;
        this.payloads = payloads;
        this.outputs = outputs;
        this.messages = messages;
        this.clock = clock;
    }

    /// Notes that a chunk is done; the last one ends its job. The end of a job with a single chunk
    /// needs no message of its own.
    void chunkDone(Job job, int index) {
        if (jobs.close(job, index)) {
            if (job.input().chunkCount() == 1) {
                finish(job.id());
            } else {
                messages.send(new Task.Finish(job.id()), Duration.ZERO);
            }
        }
    }

    void finish(String id) {
        Optional<Job> found =
                changes.change(
                        id,
                        job ->
                                job.status() == Status.IN_PROGRESS && allDone(job)
                                        ? job.in(Status.FINALIZING).since(clock.now())
                                        : null);
        if (found.isEmpty()
                || !(found.get().status() == Status.FINALIZING
                        || (found.get().status() == Status.CANCELLING && allDone(found.get())))) {
            return;
        }
        Job job = found.get();
        List<Chunk> chunks = jobs.chunks(job.area());
        Job.Totals totals = putTogether(job, chunks);
        if (job.openAi() != null) {
            outputs.write(job, job.openAi(), chunks, totals, clock.now());
        }
        // Whatever it is in the meantime: it may have been cancelled.
        if (changes.isMade(
                id,
                now ->
                        now.status().isTerminal()
                                ? null
                                : now.ended(last(now, totals), clock.now(), null, totals))) {
            LOG.infof(
                    "Job %s has ended: %d completed, %d failed, %d expired, %d cancelled.",
                    id,
                    totals.counts().completed(),
                    totals.counts().failed(),
                    totals.counts().expired(),
                    totals.counts().cancelled());
        }
    }

    private static Status last(Job job, Job.Totals totals) {
        if (job.status() == Status.CANCELLING) {
            return Status.CANCELLED;
        }
        return totals.counts().expired() > 0 ? Status.EXPIRED : Status.COMPLETED;
    }

    private boolean allDone(Job job) {
        return job.input().chunkCount() > 0
                && jobs.chunks(job.area()).stream().allMatch(Chunk::done);
    }

    private Job.Totals putTogether(Job job, List<Chunk> chunks) {
        Progress sums = Progress.of(chunks);
        // A third file only where one of the two is not the whole and somebody may link to it.
        boolean isMixed =
                sums.counts().completed() > 0
                        && sums.counts().completed() < job.input().itemCount()
                        && payloads.link(job.file("all.jsonl"), Duration.ofMinutes(1)).isPresent();
        long outputBytes = 0;
        long errorBytes = 0;
        long completed = 0;
        long items = 0;
        try (Payloads.Draft output = payloads.create(job.file("output.jsonl"));
                Payloads.Draft errors = payloads.create(job.file("errors.jsonl"));
                Payloads.Draft all = isMixed ? payloads.create(job.file("all.jsonl")) : null) {
            for (Chunk chunk : chunks) {
                for (byte[] line : Segments.byItem(payloads, chunk)) {
                    if (line == null) {
                        throw inconsistent(job, "chunk " + chunk.index() + " lacks an outcome");
                    }
                    items++;
                    boolean error = ResultLine.isError(line);
                    Payloads.Draft target = error ? errors : output;
                    target.write(line);
                    target.write('\n');
                    if (all != null) {
                        all.write(line);
                        all.write('\n');
                    }
                    if (error) {
                        errorBytes += line.length + 1L;
                    } else {
                        outputBytes += line.length + 1L;
                        completed++;
                    }
                }
            }
            Counts counts = sums.counts();
            if (items != job.input().itemCount()
                    || counts.ended() != items
                    || counts.completed() != completed) {
                throw inconsistent(
                        job,
                        items + " outcomes for " + job.input().itemCount() + " items, " + counts);
            }
            output.publish();
            errors.publish();
            if (all != null && outputBytes + errorBytes > Results.PAGE_BYTES) {
                all.publish();
            }
        } catch (IOException e) {
            throw new StoreException("The results of job " + job.id() + " cannot be written", e);
        }
        return new Job.Totals(sums.counts(), sums.tokens(), outputBytes, errorBytes);
    }

    /// Never seen but when something outside has changed the store: better a job that does not end
    /// than one that ends wrong.
    private static IllegalStateException inconsistent(Job job, String what) {
        return new IllegalStateException("Job " + job.id() + " does not add up: " + what);
    }
}
