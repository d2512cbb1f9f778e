package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import io.penstock.store.Tokens;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OutageTest {

    private final Outage outage = new Outage(1);

    @Test
    void failuresAreInDoubtUntilSomethingIsAnswered() {
        assertThat(judge(outage, 3, FailureKind.TRANSPORT)).isEqualTo(Outage.Verdict.IN_DOUBT);
        assertThat(judge(outage, 1, FailureKind.OVERLOADED)).isEqualTo(Outage.Verdict.IN_DOUBT);
        assertThat(outage.isLikely()).isTrue();

        assertThat(outage.answered()).extracting(Happened.Failed::place).containsExactly(3, 1);
        assertThat(outage.answered()).isEmpty();
        assertThat(outage.isLikely()).isFalse();
        assertThat(outage.hasAnswered()).isTrue();
    }

    @Test
    void manyFailuresWithNoAnswerBetweenMeanThatTheProviderIsAway() {
        for (int i = 0; i < 19; i++) {
            assertThat(judge(outage, i, FailureKind.TRANSPORT)).isEqualTo(Outage.Verdict.IN_DOUBT);
        }

        assertThat(judge(outage, 19, FailureKind.TRANSPORT)).isEqualTo(Outage.Verdict.AWAY);
        assertThat(outage.answered()).isEmpty();
    }

    @Test
    void anItemThatIsRunAgainIsNoLongerInDoubt() {
        judge(outage, 0, FailureKind.TRANSPORT);
        judge(outage, 1, FailureKind.TRANSPORT);

        outage.again(0);

        assertThat(outage.answered()).extracting(Happened.Failed::place).containsExactly(1);
    }

    @Test
    void nothingIsKeptInDoubtOnceTheRunStops() {
        assertThat(outage.judge(failed(0, FailureKind.TRANSPORT), true))
                .isEqualTo(Outage.Verdict.NOTHING);
        assertThat(outage.answered()).isEmpty();
    }

    @Test
    void aLimitSaysNothingOfAnItem() {
        assertThat(judge(outage, 0, FailureKind.RATE_LIMITED)).isEqualTo(Outage.Verdict.NOTHING);
    }

    @ParameterizedTest
    @EnumSource(names = {"SERVER", "TIMEOUT", "TRUNCATED", "INVALID_REQUEST", "CONTENT_FILTER"})
    void anAnswerOfTheProvidersIsTheItemsOwn(FailureKind kind) {
        assertThat(judge(outage, 0, kind)).isEqualTo(Outage.Verdict.ITS_OWN);
    }

    @ParameterizedTest
    @EnumSource(names = {"TRANSPORT", "OVERLOADED", "RATE_LIMITED"})
    void patienceEnds(FailureKind kind) {
        assertThat(judge(new Outage(60), 0, kind)).isNotEqualTo(Outage.Verdict.ITS_OWN);
        assertThat(judge(new Outage(61), 0, kind)).isEqualTo(Outage.Verdict.ITS_OWN);
    }

    @Test
    void eachTryComesAfterALongerWait() {
        assertThat(outage.untilNextTry()).isEqualTo(Duration.ofSeconds(2));
        assertThat(new Outage(7).untilNextTry()).isEqualTo(Duration.ofSeconds(14));
        assertThat(new Outage(1000).untilNextTry()).isEqualTo(Duration.ofMinutes(2));
    }

    private static Outage.Verdict judge(Outage outage, int place, FailureKind kind) {
        return outage.judge(failed(place, kind), false);
    }

    private static Happened.Failed failed(int place, FailureKind kind) {
        return new Happened.Failed(
                place, null, new Failure(kind, "No.", null, null), null, Tokens.NONE, 4, false);
    }
}
