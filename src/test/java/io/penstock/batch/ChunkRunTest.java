package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import io.penstock.store.Chunk;
import io.penstock.store.Counts;
import io.penstock.store.Job;
import io.penstock.store.Payloads;
import io.penstock.store.Tokens;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// What a chunk's run does with its items, its lease and its time.
class ChunkRunTest extends ModelRuns {

    @Test
    void everyItemGetsItsOutcomeWhateverOrderTheyEndIn() throws InterruptedException {
        Job job = store.job(300);

        assertThat(run(job, text -> text.endsWith("7") ? failure(FailureKind.TRUNCATED) : null))
                .isNull();

        assertThat(store.chunk(job, 0).done()).isTrue();
        assertThat(store.chunk(job, 0).counts().completed()).isEqualTo(270);
        assertThat(store.chunk(job, 0).counts().failed()).isEqualTo(30);
        assertThat(store.recorded(job, 0)).hasSize(300).doesNotHaveDuplicates();
        assertThat(called).hasSize(300).doesNotHaveDuplicates();
    }

    @Test
    void itemsWithAnOutcomeAreNotRunAgain() throws InterruptedException {
        Job job = store.job(10);
        Claim earlier = store.claim(job, 0);
        for (int i = 0; i < 4; i++) {
            earlier.add(Embedded.result(i), new Counts(1, 0, 0, 0), Tokens.NONE);
        }
        earlier.flush(true);
        earlier.release();

        assertThat(run(job, ANSWERS)).isNull();

        assertThat(called)
                .containsExactlyInAnyOrder(
                        "item 4", "item 5", "item 6", "item 7", "item 8", "item 9");
    }

    @Test
    void placesBoundHowManyRunAtOnce() throws InterruptedException {
        Job job = store.job(200);
        Semaphore free = new Semaphore(3);
        JobRun jobRun = new JobRun(3);
        jobRun.seen(job, store.clock.now());

        Stop stop =
                run(
                        job,
                        jobRun,
                        text -> {
                            assertThat(free.tryAcquire()).isTrue();
                            free.release();
                            return null;
                        });

        assertThat(stop).isNull();
        assertThat(jobRun.places.availablePermits()).isEqualTo(3);
    }

    @Test
    void neighboursOfALargeChunkAreNotRunOneAfterTheOther() {
        for (int size = 1; size <= 1000; size++) {
            List<Integer> all = IntStream.range(100, 100 + size).boxed().toList();
            assertThat(Spread.of(all)).hasSize(size).containsExactlyInAnyOrderElementsOf(all);
        }
        List<Integer> spread = Spread.of(IntStream.range(0, 230).boxed().toList());
        for (int i = 0; i + 12 < 230; i++) {
            assertThat(spread.subList(i, i + 12)).anyMatch(place -> place < 200);
        }
        assertThat(spread.subList(217, 230)).anyMatch(place -> place < 200);
    }

    @Test
    void aLargeChunkIsRunNearlyInTheOrderOfItsInput() {
        List<Integer> spread = Spread.of(IntStream.range(0, 1000).boxed().toList());
        for (int i = 1; i <= 10; i++) {
            int done = i * 100;
            assertThat(spread.subList(0, Math.min(1000, done * 4 / 3 + 50)))
                    .containsAll(IntStream.range(0, done).boxed().toList());
        }
    }

    @Test
    void aLongRowOfALargeChunkIsNotRunInARow() {
        List<Integer> spread = Spread.of(IntStream.range(0, 1000).boxed().toList());
        for (int i = 0; i + 12 < 1000; i++) {
            assertThat(spread.subList(i, i + 12)).anyMatch(place -> place < 300 || place >= 600);
        }
    }

    @Test
    void aCancelledJobsItemsAreRecordedAsCancelled() throws InterruptedException {
        Job job = store.job(4);
        Job cancelled = job.in(Job.Status.CANCELLING);
        store.jobs.replace(cancelled);

        assertThat(run(cancelled, ANSWERS)).isNull();

        assertThat(called).isEmpty();
        assertThat(store.chunk(job, 0).counts().cancelled()).isEqualTo(4);
        assertThat(store.recorded(job, 0).getFirst()).contains("\"custom_id\":\"id-0\"");
    }

    @Test
    void anExpiredJobsItemsAreRecordedAsExpired() throws InterruptedException {
        Job job = store.job(4);
        store.pass(Duration.ofHours(1));

        assertThat(run(job, ANSWERS)).isNull();

        assertThat(store.chunk(job, 0).counts().expired()).isEqualTo(4);
    }

    @Test
    void aPausedJobsChunkIsLeftWithoutALease() throws InterruptedException {
        Job job = store.job(4).paused("user", "Paused.");
        store.jobs.replace(job);

        assertThat(run(job, ANSWERS)).isEqualTo(new Stop.Paused());

        assertThat(called).isEmpty();
        assertThat(store.chunk(job, 0).leaseUntil()).isNull();
        assertThat(store.chunk(job, 0).done()).isFalse();
    }

    @Test
    void aPauseWhileItRunsLetsWhatIsUnderWayEnd() throws InterruptedException {
        Job job = store.job(100);
        JobRun jobRun = new JobRun(5);
        jobRun.seen(job, store.clock.now());
        CountDownLatch under = new CountDownLatch(5);

        Stop stop =
                run(
                        job,
                        jobRun,
                        _ -> {
                            under.countDown();
                            if (under.getCount() == 0 && called.size() == 5) {
                                store.jobs.replace(job.paused("user", "Paused."));
                                store.pass(Duration.ofSeconds(1));
                            }
                            // Until the run has seen the pause.
                            stopped.acquireUninterruptibly();
                            stopped.release();
                            return null;
                        });

        assertThat(stop).isEqualTo(new Stop.Paused());
        assertThat(called).hasSize(5);
        assertThat(store.chunk(job, 0).counts().completed()).isEqualTo(5);
    }

    @Test
    void anotherWorkersClaimCancelsTheItemsAndNothingMoreIsRecorded() throws InterruptedException {
        Job job = store.job(5);
        JobRun jobRun = new JobRun(1);
        jobRun.seen(job, store.clock.now());

        Stop stop =
                run(
                        job,
                        jobRun,
                        text -> {
                            if (text.equals("item 2")) {
                                steal(job);
                                stopped.acquireUninterruptibly();
                            }
                            return null;
                        });

        assertThat(stop).isEqualTo(new Stop.Fenced());
        assertThat(called).hasSize(3);
        assertThat(store.chunk(job, 0).epoch()).isEqualTo(2);
        assertThat(store.recorded(job, 0).size()).isLessThanOrEqualTo(2);
    }

    @Test
    void afterTheSoftStopNothingStarts() throws InterruptedException {
        Job job = store.job(5);
        JobRun jobRun = new JobRun(10);
        jobRun.seen(job, store.clock.now());

        Shift ending = Shift.ending(Duration.ofSeconds(25), Duration.ofSeconds(5));

        Stop stop = chunkRuns(ANSWERS).of(job, store.claimed(job, 0), jobRun, () -> ending).run();

        assertThat(stop).isEqualTo(new Stop.HandBack(Duration.ZERO));
        assertThat(called).isEmpty();
    }

    @Test
    void whatDoesNotEndInTimeIsCancelledAndTheChunkGivenBack() throws InterruptedException {
        Job job = store.job(10);
        JobRun jobRun = new JobRun(10);
        jobRun.seen(job, store.clock.now());
        long now = System.nanoTime();
        Shift shift =
                new Shift(
                        now + Duration.ofMillis(500).toNanos(),
                        now + Duration.ofMillis(700).toNanos(),
                        now + Duration.ofMinutes(5).toNanos());

        Stop stop =
                chunkRuns(
                                text -> {
                                    if (text.compareTo("item 5") < 0) {
                                        return null;
                                    }
                                    cancelled.acquireUninterruptibly();
                                    return failure(FailureKind.CANCELLED);
                                })
                        .of(job, store.claimed(job, 0), jobRun, () -> shift)
                        .run();

        assertThat(stop).isEqualTo(new Stop.HandBack(Duration.ZERO));
        assertThat(store.chunk(job, 0).counts()).isEqualTo(new Counts(5, 0, 0, 0));
        assertThat(store.chunk(job, 0).leaseUntil()).isNull();
        assertThat(store.claimed(job, 0).crashes()).isZero();
    }

    @Test
    void whatCannotEvenBeCancelledIsNotWaitedFor() throws InterruptedException {
        Job job = store.job(2);
        JobRun jobRun = new JobRun(10);
        jobRun.seen(job, store.clock.now());
        long now = System.nanoTime();
        Shift shift = new Shift(now, now, now + Duration.ofMillis(500).toNanos());
        Semaphore never = new Semaphore(0);

        Stop stop =
                chunkRuns(
                                _ -> {
                                    never.acquireUninterruptibly();
                                    return null;
                                })
                        .of(
                                job,
                                store.claimed(job, 0),
                                jobRun,
                                () -> called.size() < 2 ? Shift.endless() : shift)
                        .run();
        never.release(2);

        assertThat(stop).isEqualTo(new Stop.HandBack(Duration.ZERO));
        assertThat(store.recorded(job, 0)).isEmpty();
        assertThat(store.chunk(job, 0).leaseUntil()).isNull();
    }

    @Test
    void theLeaseIsKeptWhileAllPlacesAreTaken() throws InterruptedException {
        Job job = store.job(2);
        JobRun jobRun = new JobRun(1);
        jobRun.seen(job, store.clock.now());
        jobRun.places.acquire();
        Chunk claimed = store.claimed(job, 0);
        Thread worker =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                chunkRuns(ANSWERS).of(job, claimed, jobRun, Shift::endless).run();
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                        });

        for (int i = 0; i < 5; i++) {
            store.pass(Duration.ofSeconds(15));
            awaitLease(job);
        }
        jobRun.places.release();
        worker.join();

        assertThat(store.chunk(job, 0).done()).isTrue();
        assertThat(store.chunk(job, 0).epoch()).isEqualTo(1);
        assertThat(store.chunk(job, 0).crashes()).isZero();
    }

    /// Else it would be suspected before it has begun.
    @Test
    void aCarefulRunWaitsForNoOtherRunsPlaces() throws InterruptedException {
        Job job = store.job(20);
        for (int i = 0; i < 3; i++) {
            store.jobs.replace(store.claimed(job, 0).lapsed());
        }
        JobRun jobRun = new JobRun(1);
        jobRun.seen(job, store.clock.now());
        jobRun.places.acquire();

        assertThat(run(job, jobRun, ANSWERS)).isNull();

        assertThat(store.chunk(job, 0).counts().completed()).isEqualTo(20);
        assertThat(jobRun.places.availablePermits()).isZero();
    }

    /// A process that dies takes down whatever it works on.
    @Test
    void aSuspectRunsWhenNothingElseIsAtWorkInTheProcess() throws InterruptedException {
        Job job = store.job(2);
        Job other = store.job(3);
        for (int i = 0; i < 3; i++) {
            Claim crashed = store.claim(job, 0);
            crashed.suspect(List.of(1));
            store.jobs.replace(crashed.chunk().lapsed());
        }
        CountDownLatch atWork = new CountDownLatch(3);
        CountDownLatch goOn = new CountDownLatch(1);
        Thread others =
                Thread.ofVirtual()
                        .start(() ->
                                ran(
                                        other,
                                        _ -> {
                                            atWork.countDown();
                                            await(goOn);
                                            return null;
                                        }));
        await(atWork);
        called.clear();
        Thread suspected = Thread.ofVirtual().start(() -> ran(job, ANSWERS));
        long epoch = store.chunk(job, 0).epoch();
        while (store.chunk(job, 0).epoch() == epoch) {
            Thread.onSpinWait();
        }
        store.pass(Duration.ofSeconds(10));
        awaitLease(job);

        assertThat(called).doesNotContain("item 1");
        assertThat(store.chunk(job, 0).lapsed().suspectCrashes()).isEqualTo(3);
        goOn.countDown();
        others.join();
        suspected.join();
        assertThat(store.chunk(job, 0).done()).isTrue();
        assertThat(store.chunk(other, 0).done()).isTrue();
    }

    private void ran(Job job, Function<String, @Nullable Failure> model) {
        try {
            run(job, model);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void theLeaseIsKeptWhileTheChunkIsRead() throws InterruptedException {
        Job job = store.job(5);
        Payloads slow =
                (Payloads)
                        Proxy.newProxyInstance(
                                Payloads.class.getClassLoader(),
                                new Class<?>[] {Payloads.class},
                                (_, method, arguments) -> {
                                    if (method.getName().equals("read")) {
                                        for (int i = 0; i < 3; i++) {
                                            store.pass(Duration.ofSeconds(15));
                                            awaitLease(job);
                                        }
                                    }
                                    return method.invoke(store.payloads, arguments);
                                });

        assertThat(
                        new ChunkRuns(
                                        calls(ANSWERS),
                                        store.jobs,
                                        slow,
                                        store.reader,
                                        store.config,
                                        store.storeLog,
                                        store.sums,
                                        (_, _) -> {},
                                        store.quarantine,
                                        _ -> null,
                                        store.clock)
                                .of(job, store.claimed(job, 0), new JobRun(5), Shift::endless)
                                .run())
                .isNull();

        assertThat(store.chunk(job, 0).done()).isTrue();
    }

    @Test
    void aDeletedJobsChunkIsFenced() throws InterruptedException {
        Job job = store.job(5);
        Chunk claimed = store.claimed(job, 0);
        store.jobs.delete(job);

        assertThat(chunkRuns(ANSWERS).of(job, claimed, new JobRun(1), Shift::endless).run())
                .isEqualTo(new Stop.Fenced());
        assertThat(called).isEmpty();
    }

    @Test
    void aChunkThatIsGivenUpFailsWhatIsLeft() throws InterruptedException {
        Job job = store.job(5);

        chunkRuns(ANSWERS)
                .of(job, store.claimed(job, 0), new JobRun(1), Shift::endless)
                .fail("dead_letter", "Given up.");

        assertThat(called).isEmpty();
        assertThat(store.chunk(job, 0).counts().failed()).isEqualTo(5);
        assertThat(store.recorded(job, 0)).allMatch(line -> line.contains("dead_letter"));
    }
}
