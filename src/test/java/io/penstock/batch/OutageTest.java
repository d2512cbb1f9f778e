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

    private final Outage outage = new Outage(0);

    @ParameterizedTest
    @EnumSource(names = {"TRANSPORT", "OVERLOADED", "SERVER", "TIMEOUT"})
    void anItemThatFailsWhileOthersAreAnsweredHasFailed(FailureKind kind) {
        Outage.Sign sign = new Outage.Sign(1, true);

        assertThat(outage.judge(failed(0, kind, 0), sign, false)).isEqualTo(Outage.Verdict.ITS_OWN);
        assertThat(outage.judge(failed(1, kind, 0), sign, true)).isEqualTo(Outage.Verdict.ITS_OWN);
    }

    @ParameterizedTest
    @EnumSource(names = {"TRANSPORT", "OVERLOADED", "SERVER", "TIMEOUT"})
    void oneThatFailsWhileNobodyIsAnsweredIsInDoubtAndTriedAgain(FailureKind kind) {
        assertThat(judge(outage, 3, kind)).isEqualTo(Outage.Verdict.IN_DOUBT);
        assertThat(outage.isAway()).isTrue();

        // An answer to what had begun before tells nothing of now.
        assertThat(outage.answered(0)).isEmpty();
        assertThat(outage.isAway()).isTrue();
        assertThat(outage.answered(2)).isEmpty();

        assertThat(outage.isAway()).isFalse();
        assertThat(outage.isUnexplained(3)).isTrue();
        assertThat(judge(outage, 4, kind)).isEqualTo(Outage.Verdict.NOTHING);
        assertThat(outage.isUnexplained(4)).isTrue();
    }

    @Test
    void manyFailuresWithNoAnswerBetweenMeanThatTheProviderIsAway() {
        for (int i = 0; i < 19; i++) {
            assertThat(judge(outage, i, FailureKind.TRANSPORT)).isEqualTo(Outage.Verdict.IN_DOUBT);
        }

        assertThat(judge(outage, 19, FailureKind.TRANSPORT)).isEqualTo(Outage.Verdict.AWAY);
        assertThat(outage.inVain()).isEqualTo(1);
    }

    @Test
    void manyRefusalsOfDifferentItemsWithNoAnswerBetweenAreForAll() {
        outage.answered(0);
        for (int i = 0; i < 19; i++) {
            assertThat(refuse(i, 404)).isEqualTo(Outage.Verdict.IN_DOUBT);
        }

        assertThat(refuse(18, 404)).isEqualTo(Outage.Verdict.IN_DOUBT);
        assertThat(refuse(19, 302)).isEqualTo(Outage.Verdict.REFUSED);
    }

    @Test
    void aRefusalIsTheItemsOwnOnceAnotherIsAnswered() {
        refuse(0, 403);
        refuse(1, 401);

        assertThat(outage.answered(0)).isEmpty();
        assertThat(outage.answered(2)).extracting(Happened.Failed::place).containsExactly(0, 1);
        assertThat(outage.refused()).isEmpty();
        assertThat(refuse(2, 403)).isEqualTo(Outage.Verdict.ITS_OWN);
    }

    @Test
    void anItemThatIsRunAgainIsNoLongerInDoubt() {
        judge(outage, 0, FailureKind.TRANSPORT);
        refuse(1, 404);

        outage.again(0);
        outage.again(1);

        assertThat(outage.isAway()).isFalse();
        assertThat(outage.refused()).isEmpty();
    }

    @Test
    void nothingIsKeptInDoubtOnceTheRunStops() {
        Outage.Sign sign = new Outage.Sign(1, false);

        assertThat(outage.judge(failed(0, FailureKind.TRANSPORT, 0), sign, true))
                .isEqualTo(Outage.Verdict.NOTHING);
        assertThat(outage.judge(failed(0, FailureKind.INVALID_REQUEST, 404), sign, true))
                .isEqualTo(Outage.Verdict.NOTHING);
        assertThat(outage.isAway()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 60, 1_000_000})
    void aLimitNeverSaysAnythingOfAnItem(int inVain) {
        assertThat(judge(new Outage(inVain), 0, FailureKind.RATE_LIMITED))
                .isEqualTo(Outage.Verdict.NOTHING);
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
        Outage.Sign sign = new Outage.Sign(1, false);

        assertThat(new Outage(claims - 1).judge(failed(0, kind, status), sign, false))
                .isNotEqualTo(Outage.Verdict.ITS_OWN);
        assertThat(new Outage(claims).judge(failed(0, kind, status), sign, false))
                .isEqualTo(Outage.Verdict.ITS_OWN);
    }

    @Test
    void aFewThatFailLastAtAProviderThatIsThereHaveFailed() {
        outage.answered(0);
        judge(outage, 0, FailureKind.TIMEOUT);
        judge(outage, 1, FailureKind.SERVER);
        judge(outage, 2, FailureKind.TRANSPORT);

        assertThat(outage.own()).extracting(Happened.Failed::place).containsExactly(0, 1);
        assertThat(outage.isAway()).isTrue();

        Outage silent = new Outage(0);
        judge(silent, 0, FailureKind.TIMEOUT);
        assertThat(silent.own()).isEmpty();
    }

    @Test
    void onlyWhatWasGivenUpIsCountedAndAnAnswerEndsTheRow() {
        assertThat(new Outage(7).inVain()).isEqualTo(7);

        Outage away = new Outage(7);
        judge(away, 0, FailureKind.TRANSPORT);
        away.isAway();
        assertThat(away.inVain()).isEqualTo(8);

        Outage well = new Outage(7);
        well.answered(1);
        assertThat(well.inVain()).isZero();
    }

    @Test
    void eachTryComesAfterALongerWait() {
        assertThat(outage.untilNextTry()).isEqualTo(Duration.ofSeconds(2));
        assertThat(new Outage(6).untilNextTry()).isEqualTo(Duration.ofSeconds(14));
        assertThat(new Outage(1000).untilNextTry()).isEqualTo(Duration.ofMinutes(2));
    }

    private Outage.Verdict refuse(int place, int status) {
        return outage.judge(
                failed(
                        place,
                        status == 401 ? FailureKind.AUTHENTICATION : FailureKind.INVALID_REQUEST,
                        status),
                new Outage.Sign(1, false),
                false);
    }

    private static Outage.Verdict judge(Outage outage, int place, FailureKind kind) {
        return outage.judge(failed(place, kind, 0), new Outage.Sign(1, false), false);
    }

    private static Happened.Failed failed(int place, FailureKind kind, int status) {
        Failure failure = new Failure(kind, "No.", null, null, status, null, null);
        return new Happened.Failed(place, null, failure, null, Tokens.NONE, 4, false);
    }
}
