package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import io.penstock.llm.Running;
import io.penstock.store.Chunk;
import io.penstock.store.Counts;
import io.penstock.store.Job;
import io.penstock.store.Payloads;
import io.penstock.store.Tokens;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// A chunk's run against a model that is a function of the test's.
class ChunkRunTest {

    private static final Function<String, @Nullable Failure> ANSWERS = _ -> null;

    @TempDir Path directory;

    private final List<String> called = Collections.synchronizedList(new ArrayList<>());
    private final Semaphore stopped = new Semaphore(0);
    private final Semaphore cancelled = new Semaphore(0);
    private Function<String, String> models = _ -> "model";
    private Embedded store;

    @BeforeEach
    void open() {
        store = new Embedded(directory);
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

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
    void aProviderThatIsAwayFailsNoItem() throws InterruptedException {
        Job job = store.job(50);

        assertThat(run(job, _ -> failure(FailureKind.TRANSPORT)))
                .isEqualTo(new Stop.HandBack(Duration.ofSeconds(2)));

        assertThat(store.recorded(job, 0)).isEmpty();
        assertThat(store.chunk(job, 0).leaseUntil()).isNull();
    }

    @ParameterizedTest
    @CsvSource({"SERVER, 8", "TIMEOUT, 8", "TRANSPORT, 0", "OVERLOADED, 0"})
    void whatFailsAgainWhileOthersAreAnsweredHasFailedUnlessItCameOfTooMuchToDo(
            FailureKind kind, int failed) throws InterruptedException {
        Job job = store.job(10);
        JobRun oneByOne = oneByOne(job);

        assertThat(run(job, oneByOne, text -> text.equals("item 8") ? null : failure(kind)))
                .isEqualTo(new Stop.HandBack(Duration.ofSeconds(2)));
        assertThat(store.recorded(job, 0)).hasSize(1);
        Stop stop = run(job, oneByOne, text -> text.equals("item 9") ? null : failure(kind));

        assertThat(store.chunk(job, 0).counts()).isEqualTo(new Counts(2, failed, 0, 0));
        assertThat(store.recorded(job, 0))
                .filteredOn(line -> line.contains("error"))
                .allMatch(line -> line.contains("\"attempts\":2"));
        assertThat(stop == null).isEqualTo(failed > 0);
        assertThat(store.chunk(job, 0).inVain()).isEqualTo(failed > 0 ? 0 : 1);
    }

    @Test
    void aBrownOutOfHalfTheCallsFailsNothingAndPatienceEndsIt() throws InterruptedException {
        Job job = store.job(10);
        Function<String, @Nullable Failure> model =
                text -> text.compareTo("item 5") < 0 ? null : failure(FailureKind.OVERLOADED);

        for (int claims = 1; claims <= 60; claims++) {
            assertThat(run(job, model)).isInstanceOf(Stop.HandBack.class);
            assertThat(store.chunk(job, 0).inVain()).isEqualTo(claims);
        }
        assertThat(store.chunk(job, 0).counts()).isEqualTo(new Counts(5, 0, 0, 0));

        assertThat(run(job, model)).isNull();

        assertThat(store.chunk(job, 0).counts().failed()).isEqualTo(5);
    }

    /// Such as a pipeline's, of which one drafts and the other is away.
    @Test
    void oneModelsAnswersAreNoReasonToFailAnothersItems() throws InterruptedException {
        Job job = store.job(10);
        models = text -> text.compareTo("item 5") < 0 ? "b" : "a";
        JobRun oneByOne = oneByOne(job);

        // Those of a come last, and one more each time.
        for (int i = 6; i <= 10; i++) {
            String last = "item " + i;
            assertThat(
                            run(
                                    job,
                                    oneByOne,
                                    text ->
                                            text.compareTo("item 5") >= 0
                                                            && text.compareTo(last) < 0
                                                    ? null
                                                    : failure(FailureKind.SERVER)))
                    .isInstanceOf(Stop.HandBack.class);
        }
        assertThat(store.chunk(job, 0).counts().failed()).isZero();

        assertThat(run(job, ANSWERS)).isNull();

        assertThat(store.chunk(job, 0).counts().completed()).isEqualTo(10);
    }

    @ParameterizedTest
    @EnumSource(names = {"SERVER", "TIMEOUT", "OVERLOADED"})
    void anOutageNearTheEndFailsNothingForAllTheAnswersBefore(FailureKind kind)
            throws InterruptedException {
        Job job = store.job(30);
        JobRun oneByOne = oneByOne(job);
        int claims = kind == FailureKind.OVERLOADED ? 5 : 2;

        for (int i = 0; i < claims; i++) {
            assertThat(run(job, oneByOne, _ -> called.size() <= 20 ? null : failure(kind)))
                    .isInstanceOf(Stop.HandBack.class);
        }
        assertThat(store.chunk(job, 0).counts()).isEqualTo(new Counts(20, 0, 0, 0));

        assertThat(run(job, ANSWERS)).isNull();

        assertThat(store.chunk(job, 0).counts().completed()).isEqualTo(30);
    }

    @Test
    void outagesAreCountedAndOtherReasonsToHandAChunkBackAreNot() throws InterruptedException {
        Job job = store.job(50);

        run(job, _ -> failure(FailureKind.TRANSPORT));
        run(job, _ -> failure(FailureKind.REJECTED));
        run(job, _ -> failure(FailureKind.RATE_LIMITED));
        assertThat(store.chunk(job, 0).inVain()).isEqualTo(1);
        run(job, _ -> failure(FailureKind.SERVER));
        assertThat(store.chunk(job, 0).inVain()).isEqualTo(2);

        assertThat(run(job, ANSWERS)).isNull();

        assertThat(store.chunk(job, 0).inVain()).isZero();
        assertThat(store.chunk(job, 0).counts().completed()).isEqualTo(50);
    }

    @Test
    void aFewItemsOfWhichAllAreRefusedParkTheJob() throws InterruptedException {
        Job job = store.job(3);

        assertThat(run(job, _ -> failure(FailureKind.AUTHENTICATION)))
                .isEqualTo(new Stop.Park("authentication", "No."));
        assertThat(run(job, _ -> refusal(404)))
                .isInstanceOfSatisfying(
                        Stop.Park.class, park -> assertThat(park.reason()).isEqualTo("refused"));

        assertThat(store.recorded(job, 0)).isEmpty();
    }

    @Test
    void aRefusalAtTheEndIsTriedTwiceMoreAndThenIsTheItemsOwn() throws InterruptedException {
        Job job = store.job(10);
        JobRun oneByOne = oneByOne(job);
        Function<String, @Nullable Failure> model =
                text -> text.equals("item 9") ? refusal(403) : null;

        assertThat(run(job, oneByOne, model)).isEqualTo(new Stop.HandBack(Duration.ofSeconds(2)));
        assertThat(run(job, oneByOne, model)).isInstanceOf(Stop.HandBack.class);
        assertThat(store.chunk(job, 0).counts().failed()).isZero();
        assertThat(run(job, oneByOne, model)).isNull();

        assertThat(store.chunk(job, 0).counts().failed()).isEqualTo(1);
    }

    @Test
    void aModelThatIsNotThereIsTheItemsOwnAtItsSecondTry() throws InterruptedException {
        Job job = store.job(10);
        JobRun oneByOne = oneByOne(job);
        Function<String, @Nullable Failure> model =
                text ->
                        text.equals("item 9")
                                ? new Failure(
                                        FailureKind.INVALID_REQUEST,
                                        "No.",
                                        "model_not_found",
                                        null,
                                        404,
                                        null,
                                        null)
                                : null;

        assertThat(run(job, oneByOne, model)).isInstanceOf(Stop.HandBack.class);
        assertThat(run(job, oneByOne, model)).isNull();

        assertThat(store.chunk(job, 0).counts().failed()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"item 3", "item 9"})
    void aKeyThatIsRefusedParksTheJobWheneverOthersWereAnswered(String odd)
            throws InterruptedException {
        Job job = store.job(10);
        JobRun oneByOne = oneByOne(job);
        Function<String, @Nullable Failure> model =
                text -> text.equals(odd) ? failure(FailureKind.AUTHENTICATION) : null;

        assertThat(run(job, oneByOne, model)).isEqualTo(new Stop.Park("authentication", "No."));
        assertThat(run(job, oneByOne, model)).isEqualTo(new Stop.Park("authentication", "No."));
        assertThat(run(job, oneByOne, ANSWERS)).isNull();

        assertThat(store.chunk(job, 0).counts().completed()).isEqualTo(10);
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

    /// A suspect runs twice in a careful run: alone, and with others when it got no outcome.
    @Test
    void aSuspectThatCouldNotReachTheProviderAtFirstHasOneOutcome() throws InterruptedException {
        Job job = store.job(3);
        Claim crashed = store.claim(job, 0);
        for (int i = 0; i < 3; i++) {
            crashed.suspect(List.of(1));
            store.jobs.replace(crashed.chunk().lapsed());
            crashed = store.claim(job, 0);
        }
        store.jobs.replace(crashed.chunk().lapsed());

        assertThat(
                        run(
                                job,
                                _ ->
                                        Collections.frequency(called, "item 1") == 1
                                                        && called.size() == 1
                                                ? failure(FailureKind.TRANSPORT)
                                                : null))
                .isNull();

        assertThat(called).startsWith("item 1").hasSize(4);
        assertThat(store.recorded(job, 0)).hasSize(3);
        assertThat(store.chunk(job, 0).counts().completed()).isEqualTo(3);
        assertThat(store.chunk(job, 0).done()).isTrue();
    }

    @Test
    void aLongWaitHandsTheChunkBack() throws InterruptedException {
        Job job = store.job(2);

        assertThat(
                        run(
                                job,
                                _ ->
                                        new Failure(
                                                FailureKind.OVERLOADED,
                                                "Later.",
                                                null,
                                                Duration.ofSeconds(30))))
                .isEqualTo(new Stop.HandBack(Duration.ofSeconds(30)));
        assertThat(run(job, _ -> failure(FailureKind.REJECTED)))
                .isEqualTo(new Stop.HandBack(Duration.ofSeconds(1)));

        assertThat(store.recorded(job, 0)).isEmpty();
    }

    @Test
    void oneThatNamesALongWaitEachTimeIsNotWaitedForForEver() throws InterruptedException {
        Job job = store.job(1);
        Function<String, @Nullable Failure> model =
                _ -> new Failure(FailureKind.SERVER, "No.", null, Duration.ofSeconds(30));

        for (int i = 0; i < 30; i++) {
            assertThat(run(job, model))
                    .isEqualTo(new Stop.HandBack(Duration.ofSeconds(Math.max(30, 2 * (i + 1)))));
        }
        assertThat(run(job, model)).isNull();

        assertThat(store.chunk(job, 0).counts().failed()).isEqualTo(1);
    }

    @Test
    void anAccountWithoutCreditParksTheJob() throws InterruptedException {
        Job job = store.job(2);

        assertThat(run(job, _ -> failure(FailureKind.QUOTA_EXHAUSTED)))
                .isEqualTo(new Stop.Park("quota_exhausted", "No."));

        assertThat(store.recorded(job, 0)).isEmpty();
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
                                        store.clock)
                                .of(job, store.claimed(job, 0), new JobRun(5), Shift::endless)
                                .run())
                .isNull();

        assertThat(store.chunk(job, 0).done()).isTrue();
    }

    /// Until it ends a whole lease from now, or almost.
    private void awaitLease(Job job) {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!store.chunk(job, 0).isLeased(store.clock.now().plusSeconds(15))) {
            assertThat(System.nanoTime()).as("the lease is not kept").isLessThan(end);
            Thread.onSpinWait();
        }
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

    /// Claims a chunk whose run writes it at the same time.
    private void steal(Job job) {
        Chunk claimed;
        do {
            claimed = store.chunk(job, 0).claimed(store.clock.now(), store.config.lease());
        } while (!store.jobs.replace(claimed));
    }

    private JobRun oneByOne(Job job) {
        JobRun jobRun = new JobRun(1);
        jobRun.seen(job, store.clock.now());
        return jobRun;
    }

    private @Nullable Stop run(Job job, Function<String, @Nullable Failure> model)
            throws InterruptedException {
        JobRun jobRun = new JobRun(20);
        jobRun.seen(job, store.clock.now());
        return run(job, jobRun, model);
    }

    private @Nullable Stop run(Job job, JobRun jobRun, Function<String, @Nullable Failure> model)
            throws InterruptedException {
        return chunkRuns(model).of(job, store.claimed(job, 0), jobRun, Shift::endless).run();
    }

    /// @param model null for an answer
    private ChunkRuns chunkRuns(Function<String, @Nullable Failure> model) {
        return new ChunkRuns(
                calls(model),
                store.jobs,
                store.payloads,
                store.reader,
                store.config,
                store.storeLog,
                store.sums,
                store.clock);
    }

    private ChunkRuns.CallsOf calls(Function<String, @Nullable Failure> model) {
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

    private static Failure refusal(int status) {
        return new Failure(FailureKind.INVALID_REQUEST, "No.", null, null, status, null, null);
    }

    private static Failure failure(FailureKind kind) {
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
