package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.flow.FlowConfig;
import io.penstock.llm.Call;
import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import io.penstock.llm.Prompt;
import io.penstock.store.ChunkQueue;
import io.penstock.store.Job;
import io.penstock.store.Job.Status;
import io.penstock.store.Tokens;
import io.penstock.testing.Settings;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WorkerTest extends StoreTest {

    private final List<String> paused = new ArrayList<>();
    private final AtomicInteger calls = new AtomicInteger();
    private @Nullable FailureKind failing;
    private Worker worker;
    private DeadLetters deadLetters;

    @BeforeEach
    void begin() {
        Finisher finisher = store.finisher();
        ChunkRuns runs =
                store.runs((_, _, chunk) ->
                        (place, _, _, _) ->
                                new Feed.Begun(
                                        Call.of(Prompt.of("x"), null),
                                        () -> ended(place, chunk.firstItem() + place)));
        deadLetters =
                new DeadLetters(
                        store.jobs, store.messages, runs, finisher, store.config, store.clock);
        worker =
                new Worker(
                        store.jobs,
                        store.queue,
                        store.messages,
                        store.config,
                        runs,
                        new JobRuns(Settings.of(FlowConfig.class, Map.of()), store.clock),
                        store.sums,
                        store.changes,
                        store.splitting(),
                        finisher,
                        store.storeLog,
                        paused::add,
                        store.clock);
    }

    @Test
    void aMessageForEachChunkAndOneForTheEndDoAJob() throws InterruptedException {
        Job job = store.job(5, 2, "{}");

        assertThat(handle(new Task.RunChunk(job.id(), 2))).isTrue();
        assertThat(handle(new Task.RunChunk(job.id(), 0))).isTrue();
        assertThat(handle(new Task.RunChunk(job.id(), 1))).isTrue();
        assertThat(store.queued()).containsExactly(new Task.Finish(job.id()));
        assertThat(handle(new Task.Finish(job.id()))).isTrue();

        assertThat(store.stored(job).status()).isEqualTo(Status.COMPLETED);
        assertThat(calls).hasValue(5);
    }

    @Test
    void aMessageThatComesTwiceCountsOnce() throws InterruptedException {
        Job job = store.job(2);

        handle(new Task.RunChunk(job.id(), 0));
        handle(new Task.RunChunk(job.id(), 0));

        assertThat(calls).hasValue(2);
        assertThat(store.stored(job).status()).isEqualTo(Status.COMPLETED);
    }

    @Test
    void messagesThatLeadNowhereHaveServed() throws InterruptedException {
        Job job = store.job(2);

        assertThat(worker.handle("nonsense", "r", Shift.endless())).isTrue();
        assertThat(handle(new Task.RunChunk("batch_of_nobody", 0))).isTrue();
        assertThat(handle(new Task.RunChunk(job.id(), 7))).isTrue();
        assertThat(handle(new Task.Finish(job.id()))).isTrue();

        assertThat(store.stored(job)).isEqualTo(job);
        assertThat(store.queued()).isEmpty();
    }

    @Test
    void aChunkThatAnotherHoldsIsLookedAtWhenItsLeaseHasLapsed() throws InterruptedException {
        Job job = store.job(2);
        store.claimed(job, 0);

        assertThat(handle(new Task.RunChunk(job.id(), 0))).isTrue();

        assertThat(calls).hasValue(0);
        assertThat(store.queued()).isEmpty();
        store.pass(Duration.ofMillis(20_100));
        assertThat(store.queued()).containsExactly(new Task.RunChunk(job.id(), 0));
    }

    /// Its message may have become a dead letter, whose new one waits behind all others.
    @Test
    void aChunkThatADeadWorkerLeftComesBeforeThoseThatNobodyHasBegun() throws InterruptedException {
        Job job = store.job(24, 2, "{}");
        store.messages.announce(job, Task.chunks(job));
        ChunkQueue.Delivery received = store.queue.receive(1, Duration.ZERO).getFirst();
        for (int deaths = 0; deaths < 10; deaths++) {
            store.claimed(job, 0);
            store.pass(Duration.ofSeconds(31));
            store.queue.extend(received.receipt(), Duration.ZERO);
            received = store.queue.receive(1, Duration.ZERO).getFirst();
        }
        ChunkQueue.Delivery dead = store.queue.receiveDead().getFirst();
        assertThat(Task.parse(dead.body())).contains(new Task.RunChunk(job.id(), 0));
        deadLetters.bury(dead.body());
        assertThat(Task.parse(received.body())).contains(new Task.RunChunk(job.id(), 1));

        assertThat(worker.handle(received.body(), received.receipt(), Shift.endless())).isTrue();

        assertThat(store.chunk(job, 0).done()).isTrue();
        assertThat(store.chunk(job, 1).epoch()).isZero();
        store.queue.delete(received);
        assertThat(store.queued())
                .startsWith(new Task.RunChunk(job.id(), 2))
                .endsWith(new Task.RunChunk(job.id(), 0), new Task.RunChunk(job.id(), 1));
    }

    /// That some are left is known to be so as of 10 s ago, so that not each message costs a look
    /// at all chunks.
    @Test
    void itComesSoonAlsoWhereTheChunksWereLookedAtBefore() throws InterruptedException {
        Job job = store.job(24, 2, "{}");
        store.claimed(job, 5);
        handle(new Task.RunChunk(job.id(), 0));
        assertThat(store.chunk(job, 0).done()).isTrue();
        store.pass(store.config.lease());

        handle(new Task.RunChunk(job.id(), 1));

        assertThat(store.chunk(job, 5).done()).isTrue();
        assertThat(store.chunk(job, 1).done()).isFalse();
    }

    @Test
    void aPausedJobsMessagesAreDropped() throws InterruptedException {
        Job job = store.job(2).paused("user", "Paused.");
        store.jobs.replace(job);

        assertThat(handle(new Task.RunChunk(job.id(), 0))).isTrue();

        assertThat(calls).hasValue(0);
        assertThat(store.queued()).isEmpty();
    }

    @Test
    void anAccountWithoutCreditPausesTheJob() throws InterruptedException {
        Job job = store.job(2);
        failing = FailureKind.QUOTA_EXHAUSTED;

        assertThat(handle(new Task.RunChunk(job.id(), 0))).isTrue();

        assertThat(store.stored(job).paused()).isEqualTo("quota_exhausted");
        assertThat(paused).containsExactly("quota_exhausted");
        assertThat(store.queued()).isEmpty();
    }

    @Test
    void aChunkThatIsHandedBackIsQueuedAgain() throws InterruptedException {
        Job job = store.job(2);
        failing = FailureKind.REJECTED;

        assertThat(handle(new Task.RunChunk(job.id(), 0))).isTrue();

        assertThat(store.queued()).isEmpty();
        store.pass(Duration.ofSeconds(1));
        assertThat(store.queued()).containsExactly(new Task.RunChunk(job.id(), 0));
        assertThat(store.chunk(job, 0).crashes()).isZero();
    }

    @Test
    void aClosedWorkerStartsNothing() throws InterruptedException {
        Job job = store.job(2);
        worker.close(Duration.ofSeconds(25));

        assertThat(handle(new Task.RunChunk(job.id(), 0))).isTrue();

        assertThat(calls).hasValue(0);
        assertThat(store.queued()).containsExactly(new Task.RunChunk(job.id(), 0));
    }

    @Test
    void aMessageIsLeftForLaterWhenTheStoreIsAway() throws InterruptedException, IOException {
        Job job = store.job(2);
        store.close();

        assertThat(handle(new Task.RunChunk(job.id(), 0))).isFalse();
    }

    @Test
    void aFileThatIsGoneFailsItsJob() throws InterruptedException {
        Job job =
                new Job(
                        "batch_unread",
                        "unread",
                        0,
                        Status.VALIDATING,
                        null,
                        null,
                        store.clock.now(),
                        null,
                        null,
                        store.clock.now().plusSeconds(60),
                        store.clock.now().plusSeconds(60),
                        new Job.Input(0, 0, null, "s3://bucket/key", null),
                        "{}",
                        null,
                        null,
                        null);
        store.jobs.create(job);

        assertThat(handle(new Task.Split(job.id()))).isTrue();

        assertThat(store.stored(job).status()).isEqualTo(Status.FAILED);
        assertThat(store.stored(job).reason()).isNotBlank();
    }

    private boolean handle(Task task) throws InterruptedException {
        return worker.handle(task.toJson(), "no-receipt", Shift.endless());
    }

    private Happened.Ended ended(int place, long index) {
        calls.incrementAndGet();
        return failing == null
                ? new Happened.Answered(place, Embedded.result(index), Tokens.NONE)
                : new Happened.Failed(
                        place,
                        null,
                        new Failure(failing, "No.", null, null),
                        null,
                        Tokens.NONE,
                        1,
                        false);
    }
}
