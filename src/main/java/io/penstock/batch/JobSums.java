package io.penstock.batch;

import io.penstock.store.Chunk;
import io.penstock.store.Heard;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import io.penstock.store.Sums;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// Adds up what a job's chunks have come to. Of a large job, whose chunks take many reads, this is
/// done once a second at most, however many ask and in however many processes; what others are told
/// meanwhile is up to a second old, and never goes back. Thread-safe.
@ApplicationScoped
class JobSums {

    /// The chunks of a job with so few are read each time: that is a single small request.
    private static final int FEW = 10;

    private static final Duration FRESH = Duration.ofSeconds(1);

    private static final Duration FRESH_LEFT = Duration.ofSeconds(10);

    /// Chunks that are named as left at a time: more than workers come free until they are added up
    /// anew.
    private static final int LEFT_MAX = 20;

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
        if (job.input().chunkCount() <= FEW) {
            return Progress.of(jobs.chunks(job.area()));
        }
        Sums sums = recent(job, FRESH);
        return new Progress(sums.counts(), sums.tokens(), sums.heard());
    }

    /// Some of the chunks that dead workers have left, by their indexes, as of 10 s ago or later.
    List<Integer> left(Job job) {
        int chunks = job.input().chunkCount();
        if (chunks < 2) {
            return List.of();
        }
        return chunks <= FEW
                ? left(jobs.chunks(job.area()), clock.now())
                : recent(job, FRESH_LEFT).left();
    }

    private static List<Integer> left(List<Chunk> chunks, Instant now) {
        return chunks.stream()
                .filter(chunk -> !chunk.done() && chunk.isLeft(now))
                .map(Chunk::index)
                .limit(LEFT_MAX)
                .toList();
    }

    private Sums recent(Job job, Duration fresh) {
        Sums known = jobs.sums(job.area());
        Instant now = clock.now();
        Instant at = known.at();
        boolean isFresh = at != null && now.isBefore(at.plus(fresh));
        Instant others = known.summingUntil();
        boolean isSummed = others != null && now.isBefore(others);
        Sums mine = known.summing(now.plus(SUMMING));
        boolean isMine = !isFresh && !isSummed && jobs.replace(mine);
        if (at != null && !isMine) {
            return known;
        }
        List<Chunk> chunks = jobs.chunks(job.area());
        Progress sums = Progress.of(chunks);
        Instant then = clock.now();
        Sums summed =
                mine.summed(sums.counts(), sums.tokens(), sums.heard(), left(chunks, then), then);
        if (isMine) {
            jobs.replace(summed);
        }
        return summed;
    }
}
