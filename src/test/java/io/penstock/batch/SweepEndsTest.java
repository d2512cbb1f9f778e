package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.store.Chunk;
import io.penstock.store.Counts;
import io.penstock.store.Job;
import io.penstock.store.Job.Status;
import io.penstock.store.Merge;
import io.penstock.store.Tokens;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What a sweep does for jobs that are to end.
class SweepEndsTest extends StoreTest {

    private Sweep sweep;

    @BeforeEach
    void begin() {
        ChunkRuns runs =
                store.runs((_, _, _) -> {
                    throw new AssertionError("A sweep runs nothing");
                });
        sweep =
                new Sweep(
                        store.jobs,
                        store.queue,
                        new DeadLetters(
                                store.jobs,
                                store.messages,
                                runs,
                                store.finisher(),
                                store.config,
                                store.clock),
                        store.messages,
                        store.outlived(),
                        store.config,
                        store.clock);
    }

    @Test
    void theEndIsQueuedOnlyWhereNobodyIsAtIt() throws InterruptedException {
        Job job = store.job(4, 2, "{}");
        store.end(job, 0, List.of());
        store.end(job, 1, List.of());
        store.pass(Duration.ofMinutes(2));
        Merge held =
                store.jobs
                        .merge(job.area())
                        .leasedUntil(store.clock.now().plus(store.config.lease()));
        store.jobs.replace(held);

        sweep.sweep();
        assertThat(store.queued()).isEmpty();
        store.pass(store.config.lease());
        sweep.sweep();

        assertThat(store.queued()).containsExactly(new Task.Finish(job.id()));
    }

    @Test
    void aJobThatExpiresBeforeItsItemsAreReadIsEnded() throws InterruptedException {
        Job job = store.job(2).in(Status.VALIDATING);
        Job unread =
                new Job(
                        job.id(),
                        job.area(),
                        job.version(),
                        Status.VALIDATING,
                        null,
                        null,
                        job.createdAt(),
                        null,
                        null,
                        job.expiresAt(),
                        job.retainedUntil(),
                        new Job.Input(0, 0, null, "s3://bucket/key", null),
                        "{}",
                        null,
                        null,
                        null);
        store.jobs.replace(unread);
        store.pass(Duration.ofHours(1));

        sweep.sweep();

        assertThat(store.queued()).containsExactly(new Task.Split(job.id()));
    }

    /// Its worker has recorded all and has died before it was compacted.
    @Test
    void aChunkThatOnlyLacksItsFileIsQueuedAtOnce() throws InterruptedException {
        Job job = store.job(1);
        Claim claim = store.claim(job, 0);
        claim.add(Embedded.result(0), new Counts(1, 0, 0, 0), Tokens.NONE);
        claim.flush(true);
        claim.giveBack();
        Chunk chunk = store.chunk(job, 0);
        assertThat(chunk.done()).isFalse();
        store.pass(Duration.ofSeconds(40));

        sweep.sweep();

        assertThat(store.queued()).containsExactly(new Task.RunChunk(job.id(), 0));
    }
}
