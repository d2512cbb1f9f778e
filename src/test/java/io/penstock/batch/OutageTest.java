package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import io.penstock.store.Tokens;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class OutageTest {

    private static final String MODEL = "model";

    private final Answers answers = new Answers();
    private final Outage outage = new Outage(0, answers);

    @ParameterizedTest
    @EnumSource(names = {"SERVER", "TIMEOUT"})
    void anItemThatFailsWhileOthersAreAnsweredHasFailed(FailureKind kind) {
        Outage.Sign sign = new Outage.Sign(MODEL, 1, true, 0);

        assertThat(outage.judge(failed(0, kind, 0), sign)).isEqualTo(Outage.Verdict.ITS_OWN);
    }

    @ParameterizedTest
    @CsvSource({"TRANSPORT, 0", "OVERLOADED, 503", "OVERLOADED, 529", "SERVER, 502", "SERVER, 504"})
    void noAnswerToOthersMakesTooMuchToDoAnItemsOwnFailure(FailureKind kind, int status) {
        Outage.Sign sign = new Outage.Sign(MODEL, 1, true, 5);

        assertThat(outage.judge(failed(0, kind, status), sign)).isEqualTo(Outage.Verdict.OPEN);
        assertThat(outage.answered(MODEL, 2)).isEmpty();
        assertThat(outage.judge(failed(1, kind, status), sign)).isEqualTo(Outage.Verdict.OPEN);

        assertThat(outage.isUnexplained(0)).isFalse();
        assertThat(outage.isAway()).isTrue();
        assertThat(outage.inVain()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(names = {"SERVER", "TIMEOUT"})
    void oneThatFailsWhileNobodyIsAnsweredIsInDoubtAndTriedAgain(FailureKind kind) {
        assertThat(judge(outage, 3, kind)).isEqualTo(Outage.Verdict.OPEN);

        // An answer to what had begun before tells nothing of now.
        assertThat(outage.answered(MODEL, 0)).isEmpty();
        assertThat(outage.isUnexplained(3)).isFalse();
        assertThat(outage.answered(MODEL, 2)).isEmpty();

        assertThat(outage.isUnexplained(3)).isTrue();
        assertThat(judge(outage, 4, kind)).isEqualTo(Outage.Verdict.OPEN);
        assertThat(outage.isUnexplained(4)).isTrue();
        assertThat(outage.isAway()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(names = {"SERVER", "TIMEOUT"})
    void oneThatComesAgainHasFailedOnceOthersAreAnsweredAfterItThisTimeToo(FailureKind kind) {
        Outage.Sign again = new Outage.Sign(MODEL, 1, false, 1);

        assertThat(outage.judge(failed(0, kind, 0), again)).isEqualTo(Outage.Verdict.OPEN);
        assertThat(outage.answered(MODEL, 1)).isEmpty();
        assertThat(outage.answered(MODEL, 2)).extracting(Happened.Failed::place).containsExactly(0);
        assertThat(outage.judge(failed(1, kind, 0), again)).isEqualTo(Outage.Verdict.ITS_OWN);
        assertThat(outage.isAway()).isFalse();
    }

    @Test
    void whatIsLeftAloneAndFailsAgainAndAgainIsItsOwnAfterThreeClaimsInVainOrTwo() {
        Outage early = new Outage(2, answers);
        judge(early, 0, FailureKind.SERVER);
        judge(early, 1, FailureKind.TIMEOUT);
        assertThat(early.ownFailures()).extracting(Happened.Failed::place).containsExactly(1);
        assertThat(early.isAway()).isTrue();
        Outage earlier = new Outage(1, answers);
        judge(earlier, 1, FailureKind.TIMEOUT);
        assertThat(earlier.ownFailures()).isEmpty();

        Outage late = new Outage(3, answers);
        judge(late, 0, FailureKind.SERVER);
        late.judge(failed(2, FailureKind.SERVER, 502), new Outage.Sign(MODEL, 1, false, 0));

        assertThat(late.ownFailures()).extracting(Happened.Failed::place).containsExactly(0);
        assertThat(late.isAway()).isTrue();
    }

    @Test
    void anAnswerOfOneModelTellsNothingOfAnother() {
        Outage.Sign other = new Outage.Sign("other", 1, false, 1);

        outage.judge(failed(0, FailureKind.SERVER, 500), other);

        assertThat(outage.answered(MODEL, 2)).isEmpty();
        assertThat(outage.isUnexplained(0)).isFalse();
        assertThat(outage.answered("other", 2)).hasSize(1);
    }

    @Test
    void anAnswerToAnotherChunkOfTheJobIsProofToo() {
        outage.judge(failed(0, FailureKind.SERVER, 500), new Outage.Sign(MODEL, 1, false, 1));

        answers.add(MODEL, 2);

        assertThat(outage.settled()).hasSize(1);
        assertThat(outage.hasAnswered()).isFalse();
    }

    @Test
    void manyFailuresWithNoAnswerBetweenMeanThatTheProviderIsAway() {
        for (int i = 0; i < 19; i++) {
            assertThat(judge(outage, i, FailureKind.TRANSPORT)).isEqualTo(Outage.Verdict.OPEN);
        }

        assertThat(judge(outage, 19, FailureKind.TRANSPORT)).isEqualTo(Outage.Verdict.AWAY);
        assertThat(outage.inVain()).isEqualTo(1);
    }

    @Test
    void theyDoNotWhereTheirModelHasAnsweredJustBefore() {
        long second = Duration.ofSeconds(1).toNanos();
        outage.answered(MODEL, 0);
        for (int i = 0; i < 40; i++) {
            assertThat(judge(i, FailureKind.SERVER, 4 * second)).isEqualTo(Outage.Verdict.OPEN);
        }
        assertThat(outage.awaitsWord()).isTrue();
        for (int i = 40; i < 59; i++) {
            assertThat(judge(i, FailureKind.SERVER, 6 * second)).isEqualTo(Outage.Verdict.OPEN);
        }
        assertThat(judge(59, FailureKind.SERVER, 6 * second)).isEqualTo(Outage.Verdict.AWAY);

        Outage unreachable = new Outage(0, answers);
        for (int i = 0; i < 19; i++) {
            judge(unreachable, i, FailureKind.TRANSPORT);
        }
        assertThat(judge(unreachable, 19, FailureKind.TRANSPORT)).isEqualTo(Outage.Verdict.AWAY);
        assertThat(unreachable.awaitsWord()).isFalse();
    }

    private Outage.Verdict judge(int place, FailureKind kind, long begunNanos) {
        return outage.judge(failed(place, kind, 500), new Outage.Sign(MODEL, begunNanos, false, 0));
    }

    @Test
    void manyRefusalsOfDifferentItemsWithNoAnswerBetweenAreForAll() {
        outage.answered(MODEL, 0);
        for (int i = 0; i < 19; i++) {
            assertThat(refuse(i, 404, 0)).isEqualTo(Outage.Verdict.OPEN);
        }

        assertThat(refuse(18, 404, 0)).isEqualTo(Outage.Verdict.OPEN);
        assertThat(refuse(19, 302, 0)).isEqualTo(Outage.Verdict.REFUSED);
    }

    @Test
    void aRefusalIsTheItemsOwnOnceAnotherIsAnswered() {
        refuse(0, 403, 0);
        refuse(1, 404, 0);

        assertThat(outage.answered("other", 0)).isEmpty();
        assertThat(outage.answered("other", 2))
                .extracting(Happened.Failed::place)
                .containsExactly(0, 1);
        assertThat(outage.refused()).isEmpty();
        assertThat(refuse(2, 403, 0)).isEqualTo(Outage.Verdict.ITS_OWN);
    }

    /// While a new key comes into use, some calls meet with the old one.
    @Test
    void aRefusedKeyIsTheItemsOwnOnlyWhereItComesAgain() {
        refuse(0, 401, 0);
        refuse(1, 401, 1);

        assertThat(outage.answered(MODEL, 2)).extracting(Happened.Failed::place).containsExactly(1);
        assertThat(refuse(2, 401, 0)).isEqualTo(Outage.Verdict.OPEN);
        assertThat(refuse(3, 401, 1)).isEqualTo(Outage.Verdict.ITS_OWN);

        assertThat(outage.ownRefusals()).isEmpty();
        assertThat(outage.end(true)).isEqualTo(Outage.End.PARK);
        assertThat(outage.isUnexplained(0)).isTrue();
        assertThat(outage.isUnexplained(2)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "401, 0, true, PARK, 0", "401, 7, true, PARK, 0",
        "403, 0, false, PARK, 0", "403, 0, true, HAND_BACK, 0",
        "403, 1, true, HAND_BACK, 0", "403, 2, true, NOTHING, 1",
    })
    void whatFollowsFromARefusalAtTheEnd(
            int status, int again, boolean others, Outage.End end, int own) {
        refuse(0, status, again);

        assertThat(outage.ownRefusals()).hasSize(own);
        assertThat(outage.end(others)).isEqualTo(end);
        assertThat(outage.isUnexplained(0)).isEqualTo(others && own == 0 && status != 401);
    }

    @Test
    void anItemThatIsRunAgainIsNoLongerInDoubt() {
        judge(outage, 0, FailureKind.TRANSPORT);
        refuse(1, 404, 0);

        outage.again(0);
        outage.again(1);

        assertThat(outage.isAway()).isFalse();
        assertThat(outage.refused()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 60, 1_000_000})
    void aLimitNeverSaysAnythingOfAnItem(int inVain) {
        Outage limited = new Outage(inVain, answers);

        assertThat(judge(limited, 0, FailureKind.RATE_LIMITED)).isEqualTo(Outage.Verdict.OPEN);
        assertThat(limited.isAway()).isFalse();
    }

    @ParameterizedTest
    @EnumSource(names = {"TRUNCATED", "LENGTH", "INVALID_REQUEST", "CONTENT_FILTER"})
    void anAnswerOfTheProvidersIsTheItemsOwn(FailureKind kind) {
        assertThat(judge(outage, 0, kind)).isEqualTo(Outage.Verdict.ITS_OWN);
    }

    @ParameterizedTest
    @CsvSource({
        "TRANSPORT, 0, 60",
        "OVERLOADED, 503, 60",
        "SERVER, 502, 60",
        "SERVER, 500, 30",
        "SERVER, 0, 30",
        "TIMEOUT, 0, 30"
    })
    void patienceEnds(FailureKind kind, int status, int claims) {
        Outage.Sign sign = new Outage.Sign(MODEL, 1, false, 0);

        assertThat(new Outage(claims - 1, answers).judge(failed(0, kind, status), sign))
                .isNotEqualTo(Outage.Verdict.ITS_OWN);
        assertThat(new Outage(claims, answers).judge(failed(0, kind, status), sign))
                .isEqualTo(Outage.Verdict.ITS_OWN);
    }

    @Test
    void onlyWhatWasGivenUpIsCountedAndAnAnswerEndsTheRow() {
        assertThat(new Outage(7, answers).inVain()).isEqualTo(7);

        Outage away = new Outage(7, answers);
        judge(away, 0, FailureKind.TRANSPORT);
        away.isAway();
        assertThat(away.inVain()).isEqualTo(8);

        Outage well = new Outage(7, answers);
        well.answered(MODEL, 1);
        assertThat(well.inVain()).isZero();
    }

    @Test
    void eachTryComesAfterALongerWait() {
        assertThat(outage.untilNextTry()).isEqualTo(Duration.ofSeconds(2));
        assertThat(new Outage(6, answers).untilNextTry()).isEqualTo(Duration.ofSeconds(14));
        assertThat(new Outage(1000, answers).untilNextTry()).isEqualTo(Duration.ofMinutes(2));
    }

    private Outage.Verdict refuse(int place, int status, int again) {
        return outage.judge(
                failed(
                        place,
                        status == 401 ? FailureKind.AUTHENTICATION : FailureKind.INVALID_REQUEST,
                        status),
                new Outage.Sign(MODEL, 1, false, again));
    }

    /// As where a model is left alone after its first failures: no call comes to its last attempt.
    @Test
    void whatIsCutShortIsInVainUnlessOthersWereAnsweredAndFailsWhenPatienceEnds() {
        Happened.Failed failure = failed(0, FailureKind.SERVER, 0);
        Outage.Sign sign = new Outage.Sign(MODEL, 1, false, 0);
        Outage away = new Outage(28, answers);
        assertThat(away.cutShort(failure, sign)).isFalse();
        assertThat(away.isAway()).isTrue();
        assertThat(away.inVain()).isEqualTo(29);

        Outage limited = new Outage(28, answers);
        limited.cutShort(failed(0, FailureKind.RATE_LIMITED, 429), sign);
        assertThat(limited.isAway()).isFalse();

        Outage well = new Outage(28, answers);
        well.cutShort(failure, sign);
        well.answered(MODEL, 2);
        assertThat(well.isAway()).isFalse();
        assertThat(well.inVain()).isZero();

        assertThat(new Outage(30, answers).cutShort(failure, sign)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"SERVER, 500, 4, true", "SERVER, 500, 3, false", "OVERLOADED, 503, 9, false"})
    void whatIsCutShortHasFailedWithEnoughAttemptsIfOthersWereAnsweredBetween(
            FailureKind kind, int status, int attempts, boolean own) {
        Failure failure = failed(0, kind, status).failure();
        Happened.Failed cut =
                new Happened.Failed(0, null, failure, null, Tokens.NONE, attempts, true);

        assertThat(outage.cutShort(cut, new Outage.Sign(MODEL, 1, true, 0))).isEqualTo(own);
        assertThat(outage.cutShort(cut, new Outage.Sign(MODEL, 1, false, 0))).isFalse();
    }

    private static Outage.Verdict judge(Outage outage, int place, FailureKind kind) {
        return outage.judge(failed(place, kind, 0), new Outage.Sign(MODEL, 1, false, 0));
    }

    private static Happened.Failed failed(int place, FailureKind kind, int status) {
        Failure failure = new Failure(kind, "No.", null, null, status, null, null);
        return new Happened.Failed(place, null, failure, null, Tokens.NONE, 4, false);
    }
}
