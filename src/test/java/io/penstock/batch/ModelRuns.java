package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import io.penstock.llm.Running;
import io.penstock.store.Chunk;
import io.penstock.store.Job;
import io.penstock.store.Tokens;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Runs chunks against a model that is a function of the test's.
abstract class ModelRuns extends StoreTest {
    static final Function<String, @Nullable Failure> ANSWERS = _ -> null;

    final List<String> called = Collections.synchronizedList(new ArrayList<>());
    final Semaphore stopped = new Semaphore(0);
    final Semaphore cancelled = new Semaphore(0);
    Function<String, String> models = _ -> "model";

    /// When the first failed attempt of each call began; and what the calls were told of the one
    /// before.
    volatile long failedMicros;

    final List<Long> toldMicros = Collections.synchronizedList(new ArrayList<>());
    final List<String> heard = Collections.synchronizedList(new ArrayList<>());

    /// Until it ends a whole lease from now, or almost.
    void awaitLease(Job job) {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!store.chunk(job, 0).isLeased(store.clock.now().plusSeconds(15))) {
            assertThat(System.nanoTime()).as("the lease is not kept").isLessThan(end);
            Thread.onSpinWait();
        }
    }

    /// Claims a chunk whose run writes it at the same time.
    void steal(Job job) {
        Chunk claimed;
        do {
            claimed = store.chunk(job, 0).claimed(store.clock.now(), store.config.lease());
        } while (!store.jobs.replace(claimed));
    }

    JobRun oneByOne(Job job) {
        JobRun jobRun = new JobRun(1);
        jobRun.seen(job, store.clock.now());
        return jobRun;
    }

    @Nullable Stop run(Job job, Function<String, @Nullable Failure> model)
            throws InterruptedException {
        JobRun jobRun = new JobRun(20);
        jobRun.seen(job, store.clock.now());
        return run(job, jobRun, model);
    }

    @Nullable Stop run(Job job, JobRun jobRun, Function<String, @Nullable Failure> model)
            throws InterruptedException {
        return chunkRuns(model).of(job, store.claimed(job, 0), jobRun, Shift::endless).run();
    }

    /// @param model null for an answer
    ChunkRuns chunkRuns(Function<String, @Nullable Failure> model) {
        return new ChunkRuns(
                calls(model),
                store.jobs,
                store.payloads,
                store.reader,
                store.config,
                store.storeLog,
                store.sums,
                (known, _) -> heard.add(known),
                store.quarantine,
                _ -> null,
                store.clock);
    }

    ChunkRuns.CallsOf calls(Function<String, @Nullable Failure> model) {
        return (_, _, chunk) ->
                (place, item, before, _) ->
                        new Feed.Begun(
                                new Stoppable(models.apply(item.input())),
                                () -> ended(chunk.firstItem(), place, item, before, model));
    }

    private Happened.Ended ended(
            long first,
            int place,
            Item item,
            Feed.Before before,
            Function<String, @Nullable Failure> model) {
        called.add(item.input());
        toldMicros.add(before.failedMicros());
        Failure failure = model.apply(item.input());
        return failure == null
                ? new Happened.Answered(place, Embedded.result(first + place), Tokens.NONE)
                : new Happened.Failed(
                        place,
                        item.customId(),
                        failure,
                        null,
                        Tokens.NONE,
                        before.attempts() + 1,
                        false);
    }

    static Failure refusal(int status) {
        return new Failure(FailureKind.INVALID_REQUEST, "No.", null, null, status, null, null);
    }

    static Failure failure(FailureKind kind) {
        return new Failure(kind, "No.", null, null);
    }

    /// Tells the test that it was told to end.
    private final class Stoppable implements Running {

        private final String model;
        private final long begunNanos = System.nanoTime();

        Stoppable(String model) {
            this.model = model;
        }

        @Override
        public String asked() {
            return model;
        }

        @Override
        public long begunNanos() {
            return begunNanos;
        }

        @Override
        public long failedMicros() {
            return failedMicros;
        }

        @Override
        public @Nullable String providerRequestId() {
            return null;
        }

        @Override
        public void cancel() {
            stopped.release();
            cancelled.release();
        }

        @Override
        public void drain() {
            stopped.release();
        }

        @Override
        public boolean isDraining() {
            return false;
        }

        @Override
        public int attemptCount() {
            return 1;
        }

        @Override
        public Duration overhead() {
            return Duration.ZERO;
        }

        @Override
        public Map<String, String> rateHeaders() {
            return Map.of();
        }
    }
}
