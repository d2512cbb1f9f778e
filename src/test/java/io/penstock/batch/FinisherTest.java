package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.store.Chunk;
import io.penstock.store.Counts;
import io.penstock.store.Job;
import io.penstock.store.Job.Status;
import io.penstock.store.Tokens;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FinisherTest extends StoreTest {

    private Job job;
    private Finisher finisher;

    @BeforeEach
    void begin() {
        job = store.job(6, 2, "{}");
        finisher = store.finisher();
    }

    @Test
    void resultsAndErrorsComeInTheOrderOfTheInput() throws InterruptedException {
        endAll(List.of(1, 4));

        finish(finisher);

        Job ended = store.stored(job);
        assertThat(ended.status()).isEqualTo(Status.COMPLETED);
        Job.Totals totals = Objects.requireNonNull(ended.totals());
        assertThat(totals.counts()).isEqualTo(new Counts(4, 2, 0, 0));
        assertThat(totals.tokens().total()).isEqualTo(30);
        assertThat(indexes("output.jsonl")).containsExactly("0", "2", "3", "5");
        assertThat(indexes("errors.jsonl")).containsExactly("1", "4");
        assertThat(totals.outputBytes())
                .isEqualTo(store.payloads.size(job.file("output.jsonl")).orElseThrow());
    }

    @Test
    void aJobWithAnOpenChunkDoesNotEnd() throws InterruptedException {
        store.end(job, 0, List.of());
        store.end(job, 2, List.of());

        finish(finisher);

        assertThat(store.stored(job).status()).isEqualTo(Status.IN_PROGRESS);
    }

    @Test
    void theLastChunkOfSeveralQueuesTheEnd() throws InterruptedException {
        endAll(List.of());

        chunkDone(job, 0);
        chunkDone(job, 2);
        assertThat(store.queued()).isEmpty();
        chunkDone(job, 1);

        assertThat(store.queued()).containsExactly(new Task.Finish(job.id()));
        assertThat(store.stored(job).status()).isEqualTo(Status.IN_PROGRESS);
    }

    @Test
    void theOnlyChunkEndsItsJobAtOnce() throws InterruptedException {
        Job single = store.job(3);
        store.end(single, 0, List.of());

        chunkDone(single, 0);

        assertThat(store.stored(single).status()).isEqualTo(Status.COMPLETED);
        assertThat(store.queued()).isEmpty();
    }

    @Test
    void endingTwiceChangesNothing() throws InterruptedException {
        endAll(List.of(0));
        finish(finisher);
        Job ended = store.stored(job);
        store.pass(Duration.ofMinutes(1));

        finish(finisher);

        assertThat(store.stored(job)).isEqualTo(ended);
    }

    @Test
    void aCancelledJobEndsAsCancelledWithWhatIsFinished() throws InterruptedException {
        endAll(List.of());
        store.jobs.replace(job.in(Status.CANCELLING));

        finish(finisher);

        assertThat(store.stored(job).status()).isEqualTo(Status.CANCELLED);
        assertThat(indexes("output.jsonl")).hasSize(6);
    }

    @Test
    void countsThatDoNotAddUpEndNoJob() throws InterruptedException {
        store.end(job, 0, List.of());
        store.end(job, 2, List.of());
        Claim claim = store.claim(job, 1);
        claim.add(Embedded.result(2), new Counts(1, 0, 0, 0), Tokens.NONE);
        claim.add(Embedded.error(2), new Counts(0, 1, 0, 0), Tokens.NONE);
        claim.flush(true);

        assertThatThrownBy(claim::release)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("two outcomes");
        finish(finisher);

        assertThat(store.stored(job).status()).isEqualTo(Status.IN_PROGRESS);
    }

    @Test
    void twoAtOnceAreOneMerge() throws Exception {
        endAll(List.of(1));
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch left = new CountDownLatch(1);
        store.payloads.asked();
        store.payloads.before(what -> {
            if (what.startsWith("begin")) {
                begun.countDown();
                await(left);
            }
        });

        Thread first = Thread.ofVirtual().start(() -> finish(store.finisher()));
        await(begun);
        finish(finisher);
        assertThat(store.stored(job).status()).isEqualTo(Status.FINALIZING);
        left.countDown();
        first.join();

        assertThat(store.stored(job).status()).isEqualTo(Status.COMPLETED);
        assertThat(store.payloads.asked())
                .containsOnlyOnce("begin " + job.file("output.jsonl"))
                .containsOnlyOnce("publish " + job.file("output.jsonl"));
        // Only the one that found it taken looks again.
        assertThat(store.queued()).isEmpty();
        store.pass(Duration.ofSeconds(21));
        assertThat(store.queued()).containsExactly(new Task.Finish(job.id()));
        finish(finisher);
        assertThat(store.queued()).isEmpty();
    }

    /// Else nobody would come to it before the next sweep.
    @Test
    void aMessageThatFindsItTakenComesBackWhenItsHolderIsDead() throws InterruptedException {
        endAll(List.of());
        store.payloads.before(what -> {
            if (what.startsWith("begin")) {
                throw new AssertionError("The process dies");
            }
        });
        assertThatThrownBy(() -> finish(store.finisher())).isInstanceOf(AssertionError.class);
        store.payloads.before(_ -> {});

        finish(finisher);

        assertThat(store.stored(job).status()).isEqualTo(Status.FINALIZING);
        store.pass(Duration.ofSeconds(19));
        assertThat(store.queued()).isEmpty();
        store.pass(Duration.ofSeconds(2));
        assertThat(store.queued()).containsExactly(new Task.Finish(job.id()));
        finish(finisher);
        assertThat(store.stored(job).status()).isEqualTo(Status.COMPLETED);
    }

    @Test
    void whatDiesInTheMiddleIsTakenUpWhereItWas() throws InterruptedException {
        endAll(List.of(1, 4));
        String last = "read " + Segments.key(store.chunk(job, 2), compacted(2));
        store.payloads.before(what -> {
            if (what.equals(last)) {
                throw new AssertionError("The process dies");
            }
        });
        // A note after each chunk.
        Finisher dying = store.finisher(1);
        assertThatThrownBy(() -> finish(dying)).isInstanceOf(AssertionError.class);
        store.payloads.before(_ -> {});
        store.payloads.asked();

        finish(finisher);
        assertThat(store.payloads.asked()).as("The other's lease holds").isEmpty();
        store.pass(Duration.ofSeconds(21));
        finish(finisher);

        List<String> asked = store.payloads.asked();
        assertThat(asked).contains("resume " + job.file("output.jsonl"), last);
        assertThat(asked).doesNotContain("read " + Segments.key(store.chunk(job, 0), compacted(0)));
        assertThat(store.stored(job).status()).isEqualTo(Status.COMPLETED);
        assertThat(indexes("output.jsonl")).containsExactly("0", "2", "3", "5");
        assertThat(indexes("errors.jsonl")).containsExactly("1", "4");
    }

    @Test
    void aStopEndsItBetweenChunksAndTheNextGoesOn() throws InterruptedException {
        endAll(List.of(4));
        AtomicInteger looks = new AtomicInteger();

        finisher.finish(job.id(), () -> looks.incrementAndGet() > 1 ? over() : Shift.endless());

        assertThat(store.queued()).containsExactly(new Task.Finish(job.id()));
        assertThat(store.stored(job).status()).isEqualTo(Status.FINALIZING);
        assertThat(store.jobs.merge(job.area()).next()).isEqualTo(1);
        finish(finisher);
        assertThat(store.stored(job).status()).isEqualTo(Status.COMPLETED);
        assertThat(indexes("output.jsonl")).containsExactly("0", "1", "2", "3", "5");
    }

    @Test
    void aStopBeforeTheFirstChunkSpoilsNoPage() throws InterruptedException {
        endAll(List.of(4));

        finisher.finish(job.id(), FinisherTest::over);
        finisher.finish(job.id(), FinisherTest::over);
        finish(finisher);

        Job ended = store.stored(job);
        assertThat(ended.status()).isEqualTo(Status.COMPLETED);
        Results results = new Results(store.payloads, ended, () -> store.jobs.chunks(ended.area()));
        for (Results.Order order : Results.Order.values()) {
            String lines =
                    new String(results.page(order, null, 10).lines(), StandardCharsets.UTF_8);
            assertThat(lines.lines())
                    .map(line -> Embedded.field(line, "/index"))
                    .containsExactlyInAnyOrder("0", "1", "2", "3", "4", "5");
        }
    }

    /// Nothing is left to be paused, and nobody would go on if its worker died.
    @Test
    void aJobThatIsPausedAsItsLastChunkEndsIsNoMorePaused() throws InterruptedException {
        endAll(List.of());
        store.changes.pause(job.id(), "user", "Paused by its owner.");

        finisher.finish(job.id(), FinisherTest::over);

        assertThat(store.stored(job).status()).isEqualTo(Status.FINALIZING);
        assertThat(store.stored(job).paused()).isNull();
    }

    @Test
    void whatWasWrittenAndIsGoneIsWrittenAnew() throws Exception {
        endAll(List.of());
        AtomicInteger looks = new AtomicInteger();
        finisher.finish(job.id(), () -> looks.incrementAndGet() > 1 ? over() : Shift.endless());
        store.queued();
        try (Stream<Path> files =
                java.nio.file.Files.list(directory.resolve("jobs").resolve(job.area()))) {
            for (Path part : files.filter(file -> file.toString().endsWith(".part")).toList()) {
                java.nio.file.Files.delete(part);
            }
        }

        finish(finisher);
        assertThat(store.queued()).containsExactly(new Task.Finish(job.id()));
        finish(finisher);

        assertThat(store.stored(job).status()).isEqualTo(Status.COMPLETED);
        assertThat(indexes("output.jsonl")).hasSize(6);
    }

    @Test
    void whoOutlivesTheJobPublishesNothing() throws InterruptedException {
        endAll(List.of());
        store.payloads.before(what -> {
            if (what.startsWith("begin " + job.file("index"))) {
                // Meanwhile another has ended it, and its owner has deleted it.
                store.jobs.deleteMerge(job.area());
                store.jobs.delete(job);
            }
        });

        finish(finisher);
        store.payloads.before(_ -> {});
        finish(finisher);
        assertThat(store.payloads.size(job.file("output.jsonl"))).isEmpty();
        assertThat(store.jobs.job(job.id())).isEmpty();
    }

    /// What it costs depends on the number of chunks, and not on how often results were recorded.
    @Test
    void endingReadsEachChunkOnceHoweverManySegmentsItHas() throws InterruptedException {
        Job many = store.job(2_000, 100, "{}");
        for (int chunk = 0; chunk < 20; chunk++) {
            Claim claim = store.claim(many, chunk);
            for (int place = 0; place < 100; place++) {
                claim.add(
                        Embedded.result(chunk * 100L + place), new Counts(1, 0, 0, 0), Tokens.NONE);
                claim.flush(true);
            }
            claim.release();
        }
        store.payloads.asked();
        store.payloads.before(_ -> LockSupport.parkNanos(15_000_000));

        long began = System.nanoTime();
        finisher.finish(many.id(), Shift::endless);
        Duration took = Duration.ofNanos(System.nanoTime() - began);

        assertThat(store.stored(many).status()).isEqualTo(Status.COMPLETED);
        assertThat(store.payloads.asked()).hasSizeLessThanOrEqualTo(20 + 10);
        assertThat(took).isLessThan(Duration.ofSeconds(5));
    }

    private void finish(Finisher by) {
        by.finish(job.id(), Shift::endless);
    }

    private void chunkDone(Job done, int chunk) {
        finisher.chunkDone(done, chunk, Shift::endless);
    }

    private Chunk.Compacted compacted(int chunk) {
        return Objects.requireNonNull(store.chunk(job, chunk).compacted());
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void endAll(List<Integer> failed) throws InterruptedException {
        for (int chunk = 0; chunk < 3; chunk++) {
            store.end(job, chunk, failed);
        }
    }

    private List<String> indexes(String file) {
        return store.lines(job.file(file)).stream()
                .map(line -> Embedded.field(line, "/index"))
                .toList();
    }

    /// There is no time left.
    private static Shift over() {
        return Shift.ending(Duration.ZERO, Duration.ZERO);
    }
}
