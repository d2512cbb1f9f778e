package io.penstock.batch;

import io.penstock.store.Chunk;
import io.penstock.store.Counts;
import io.penstock.store.Job;
import io.penstock.store.Job.Status;
import io.penstock.store.JobStore;
import io.penstock.store.LostAssembly;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/// Ends a job whose chunks are all done: puts their files together, checks that each input has
/// exactly one outcome, and gives the job its last status. One worker does it at a time; another
/// that takes over goes on where the first one was. Thread-safe.
@ApplicationScoped
class Finisher {

    private static final Logger LOG = Logger.getLogger(Finisher.class);

    private static final Duration AFTER_LEASE = Duration.ofMillis(100);

    private final JobStore jobs;
    private final JobChanges changes;
    private final Payloads payloads;
    private final OutputFiles outputs;
    private final Messages messages;
    private final BatchConfig config;
    private final MillisClock clock;
    private final long noteBytes;

    @Inject
    Finisher(
            JobStore jobs,
            JobChanges changes,
            Payloads payloads,
            OutputFiles outputs,
            Messages messages,
            BatchConfig config,
            MillisClock clock) {
        this(jobs, changes, payloads, outputs, messages, config, clock, Merging.NOTE_BYTES);
    }

    /// @param noteBytes written between two notes of how far a merge is
    Finisher(
            JobStore jobs,
            JobChanges changes,
            Payloads payloads,
            OutputFiles outputs,
            Messages messages,
            BatchConfig config,
            MillisClock clock,
            long noteBytes) {
        this.jobs = jobs;
        this.changes = changes;
        this.payloads = payloads;
        this.outputs = outputs;
        this.messages = messages;
        this.config = config;
        this.clock = clock;
        this.noteBytes = noteBytes;
    }

    /// Notes that a chunk is done; the last one ends its job. The end of a job with a single chunk
    /// needs no message of its own.
    ///
    /// @param shift when to leave the rest to another
    void chunkDone(Job job, int index, Supplier<Shift> shift) {
        if (jobs.close(job, index)) {
            if (job.input().chunkCount() == 1) {
                finish(job.id(), shift);
            } else {
                messages.send(new Task.Finish(job.id()), Duration.ZERO);
            }
        }
    }

    /// Ends a job if all its chunks are done and no other worker is ending it.
    ///
    /// @param shift when to leave the rest to another
    void finish(String id, Supplier<Shift> shift) {
        Optional<Job> job = jobs.job(id).filter(this::isToEnd);
        if (job.isEmpty()) {
            return;
        }
        Optional<MergeClaim> claim = MergeClaim.of(job.get().area(), jobs, config.lease(), clock);
        if (claim.isEmpty()) {
            LOG.debugf("Job %s is being ended by another worker", id);
            // That worker may die, and its own message may not come back.
            messages.send(new Task.Finish(id), untilFree(job.get()));
            return;
        }
        try {
            finish(id, claim.get(), shift);
        } catch (MergeClaim.Lost lost) {
            LOG.debugf("Job %s is ended by another worker", id);
        }
    }

    /// How long to wait for another worker's claim to lapse.
    private Duration untilFree(Job job) {
        Instant now = clock.now();
        Instant lease = jobs.merge(job.area()).leaseUntil();
        Duration left =
                lease == null || lease.isBefore(now) ? Duration.ZERO : Duration.between(now, lease);
        return left.plus(AFTER_LEASE);
    }

    private boolean isToEnd(Job job) {
        return switch (job.status()) {
            case FINALIZING -> true;
            case IN_PROGRESS, CANCELLING -> allDone(job);
            default -> false;
        };
    }

    private static void sayUncounted(Job job, Job.Totals totals) {
        long uncounted = totals.tokens().uncounted();
        if (uncounted > 0) {
            LOG.warnf(
                    "Job %s: %d answers told no usage, or their model has no price while others have"
                            + " one (penstock.llm.prices): what it has used and cost is not known"
                            + " exactly.",
                    job.id(), uncounted);
        }
    }

    private boolean allDone(Job job) {
        return job.input().chunkCount() > 0
                && jobs.chunks(job.area()).stream().allMatch(Chunk::done);
    }

    private void finish(String id, MergeClaim claim, Supplier<Shift> shift) throws MergeClaim.Lost {
        // As it is now: another may have ended it, and its owner forgotten it, before the claim.
        Optional<Job> job =
                changes.change(
                                id,
                                now ->
                                        now.status() == Status.IN_PROGRESS
                                                // Nothing is left to be paused.
                                                ? now.paused(null, null)
                                                        .inSameVersion(Status.FINALIZING)
                                                        .since(clock.now())
                                                : null)
                        .filter(now -> now.area().equals(claim.merge().area()))
                        .filter(now -> !now.status().isTerminal());
        try {
            if (job.isEmpty() || end(job.get(), claim, shift)) {
                claim.done();
            } else {
                claim.release();
                messages.send(new Task.Finish(id), Duration.ZERO);
            }
        } catch (LostAssembly gone) {
            LOG.warnf("Job %s: %s; its results are put together anew", id, gone.text());
            claim.done();
            messages.send(new Task.Finish(id), Duration.ZERO);
        } catch (StoreException away) {
            giveBack(claim);
            throw away;
        }
    }

    /// Lets the message's next delivery go on; if the store does not take this, the lease lapses.
    private static void giveBack(MergeClaim claim) throws MergeClaim.Lost {
        try {
            claim.release();
        } catch (StoreException away) {
            LOG.debugf("A merge is not given back: %s", away.getMessage());
        }
    }

    /// @return whether it has ended; else it was stopped before
    private boolean end(Job job, MergeClaim claim, Supplier<Shift> shift) throws MergeClaim.Lost {
        List<Chunk> chunks = jobs.chunks(job.area());
        Job.Totals totals = totals(job, chunks);
        boolean isLinked = payloads.link(job.file("all.jsonl"), Duration.ofMinutes(1)).isPresent();
        try (Merging merging =
                new Merging(payloads, job, chunks, totals, claim, isLinked, noteBytes)) {
            if (!merging.run(() -> !shift.get().startsMore())) {
                return false;
            }
            merging.publish();
        }
        if (job.openAi() != null) {
            outputs.publish(job, job.openAi(), totals, clock.now());
        }
        // From whatever status it has by now: it may have been cancelled.
        if (changes.isMade(
                job.id(),
                now ->
                        now.status().isTerminal() || !now.area().equals(job.area())
                                ? null
                                : now.ended(last(now, totals), clock.now(), null, totals))) {
            LOG.infof(
                    "Job %s has ended: %d completed, %d failed, %d expired, %d cancelled.",
                    job.id(),
                    totals.counts().completed(),
                    totals.counts().failed(),
                    totals.counts().expired(),
                    totals.counts().cancelled());
            sayUncounted(job, totals);
        } else if (jobs.job(job.id()).filter(now -> now.area().equals(job.area())).isEmpty()) {
            // Ended by another and forgotten by its owner, while this worker was frozen.
            outputs.retract(job);
            payloads.discard(job.prefix());
        }
        return true;
    }

    private static Status last(Job job, Job.Totals totals) {
        if (job.status() == Status.CANCELLING) {
            return Status.CANCELLED;
        }
        return totals.counts().expired() > 0 ? Status.EXPIRED : Status.COMPLETED;
    }

    private static Job.Totals totals(Job job, List<Chunk> chunks) {
        Progress sums = Progress.of(chunks);
        long items = 0;
        long output = 0;
        long errors = 0;
        for (Chunk chunk : chunks) {
            Chunk.Compacted compacted = chunk.compacted();
            if (compacted == null) {
                throw inconsistent(job, "chunk " + chunk.index() + " is not done");
            }
            items += chunk.itemCount();
            output += compacted.outputBytes();
            errors += compacted.errorBytes();
        }
        Counts counts = sums.counts();
        if (items != job.input().itemCount() || counts.ended() != items) {
            throw inconsistent(job, counts + " for " + job.input().itemCount() + " items");
        }
        return new Job.Totals(counts, sums.tokens(), output, errors);
    }

    /// Happens only when something other than Penstock has changed the store: better a job that
    /// does not end than one that ends wrong.
    private static IllegalStateException inconsistent(Job job, String what) {
        return new IllegalStateException("Job " + job.id() + " does not add up: " + what);
    }
}
