package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import io.penstock.store.Counts;
import io.penstock.store.Job;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What a chunk's run makes of calls that fail.
class ChunkFailuresTest extends ModelRuns {

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
        assertThat(
                        run(
                                job,
                                _ ->
                                        new Failure(
                                                FailureKind.REJECTED,
                                                "The budget is used up.",
                                                null,
                                                Duration.ofSeconds(40))))
                .isEqualTo(new Stop.HandBack(Duration.ofSeconds(40)));
        assertThat(store.chunk(job, 0).crashes()).isZero();
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

    /// As where the process leaves the model alone after a few failures: the rest of the chunk is
    /// refused, and yet the claim was in vain.
    @Test
    void failuresAreCountedThoughTheRestOfTheChunkIsToldToWait() throws InterruptedException {
        Job job = store.job(2);

        for (int i = 0; i < 30; i++) {
            assertThat(run(job, oneByOne(job), failsAndIsLeftAlone()))
                    .isEqualTo(new Stop.HandBack(Duration.ofSeconds(Math.max(30, 2 * (i + 1)))));
            assertThat(store.chunk(job, 0).inVain()).isEqualTo(i + 1);
        }
        run(job, oneByOne(job), failsAndIsLeftAlone());

        assertThat(store.chunk(job, 0).counts().failed()).isEqualTo(1);
    }

    private static Function<String, @Nullable Failure> failsAndIsLeftAlone() {
        AtomicInteger calls = new AtomicInteger();
        return _ ->
                calls.getAndIncrement() == 0
                        ? failure(FailureKind.SERVER)
                        : new Failure(FailureKind.REJECTED, "Later.", null, Duration.ofSeconds(30));
    }

    @Test
    void anAccountWithoutCreditParksTheJob() throws InterruptedException {
        Job job = store.job(2);

        assertThat(run(job, _ -> failure(FailureKind.QUOTA_EXHAUSTED)))
                .isEqualTo(new Stop.Park("quota_exhausted", "No."));

        assertThat(store.recorded(job, 0)).isEmpty();
    }

    @Test
    void aChunkThatFailsWholeHasFailedWhereOthersOfItsJobAreAnsweredElsewhere()
            throws InterruptedException {
        Job job = store.job(100, 50, "{}");
        Function<String, @Nullable Failure> always = _ -> failure(FailureKind.SERVER);

        assertThat(run(job, always)).isEqualTo(new Stop.HandBack(Duration.ofSeconds(2)));
        JobRun another = new JobRun(20);
        another.seen(job, store.clock.now());
        chunkRuns(text -> text.equals("item 99") ? failure(FailureKind.RATE_LIMITED) : null)
                .of(job, store.claimed(job, 1), another, Shift::endless)
                .run();
        // Now it is known that the provider is there, and each of them gets a second chance.
        assertThat(run(job, always)).isInstanceOf(Stop.HandBack.class);
        assertThat(store.chunk(job, 0).counts().failed()).isZero();
        assertThat(run(job, always)).isNull();

        assertThat(store.chunk(job, 0).counts().failed()).isEqualTo(50);
        assertThat(heard).contains("model");
    }

    /// Others may be answered between the two claims, which speaks against the item then.
    @ParameterizedTest
    @CsvSource({"SERVER, 77", "TIMEOUT, 77", "OVERLOADED, 0", "TRANSPORT, 0"})
    void theNextClaimKnowsWhenAnItemFailedInTheOneBefore(FailureKind kind, long told)
            throws InterruptedException {
        Job job = store.job(1);
        failedMicros = 77;

        run(job, _ -> failure(kind));
        run(job, _ -> failure(FailureKind.REJECTED));
        run(job, ANSWERS);

        assertThat(toldMicros).hasSize(3).startsWith(0L, told);
    }
}
