package io.penstock.batch;

import io.penstock.store.Heard;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import io.penstock.store.Sums;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;

/// Adds up what a job's chunks have come to. Of a large job, whose chunks take many reads, this is
/// done once a second at most, however many ask and in however many processes; what others are told
/// meanwhile is up to a second old, and never goes back. Thread-safe.
@ApplicationScoped
class JobSums {

    /// The chunks of a job with so few are read each time: that is a single small request.
    private static final int FEW = 10;

    private static final Duration FRESH = Duration.ofSeconds(1);

    /// How long others wait for the process that adds up; it may have died.
    private static final Duration SUMMING = Duration.ofSeconds(5);

    private final JobStore jobs;
    private final MillisClock clock;

    JobSums(JobStore jobs, MillisClock clock) {
        this.jobs = jobs;
        this.clock = clock;
    }

    Progress of(Job job) {
        Job.Totals totals = job.totals();
        if (totals != null) {
            return new Progress(totals.counts(), totals.tokens(), Heard.NOTHING);
        }
        if (job.input().chunkCount() == 0) {
            return Progress.NONE;
        }
        return job.input().chunkCount() <= FEW ? now(job) : recent(job);
    }

    private Progress now(Job job) {
        return Progress.of(jobs.chunks(job.area()));
    }

    private Progress recent(Job job) {
        Sums known = jobs.sums(job.area());
        Instant now = clock.now();
        Instant at = known.at();
        boolean isFresh = at != null && now.isBefore(at.plus(FRESH));
        Instant others = known.summingUntil();
        boolean isSummed = others != null && now.isBefore(others);
        Sums mine = known.summing(now.plus(SUMMING));
        boolean isMine = !isFresh && !isSummed && jobs.replace(mine);
        if (at != null && !isMine) {
            return new Progress(known.counts(), known.tokens(), known.heard());
        }
        Progress sums = now(job);
        if (isMine) {
            jobs.replace(mine.summed(sums.counts(), sums.tokens(), sums.heard(), clock.now()));
        }
        return sums;
    }
}
