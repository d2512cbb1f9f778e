package io.penstock.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.flow.Turns;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What one round of attempts returns, throws, and has counted when it does.
@QuarkusTest
class AttemptsQuarkusTest extends PenstockTest {

    private static final Duration MINUTE = Duration.ofMinutes(1);

    /// Long enough for a request to arrive.
    private static final Duration SHORT = Duration.ofSeconds(2);

    @Inject Attempts attempts;

    @AfterEach
    void forget() {
        Thread.interrupted();
    }

    @Test
    void theAnswerComesBackAfterTheAttemptsThatFailed() throws InterruptedException {
        Call call = started(Call.of(Prompt.of("Hi [[sim fault=server_error times=2]]"), MINUTE));

        Completion answer = attempts.complete(call);

        assertThat(answer.text()).isNotEmpty();
        assertThat(call.attemptCount()).isEqualTo(3).isEqualTo(provider.wholeLog().size());
    }

    @Test
    void aFailureThatLastsIsThrownWithWhatFollowsFromIt() {
        Call call = started(Call.of(Prompt.of("Hi [[sim fault=bad_request]]"), MINUTE));

        LlmException failed = failed(call);

        assertThat(failed.failure().kind()).isEqualTo(FailureKind.INVALID_REQUEST);
        assertThat(failed.isOpen()).isTrue();
        assertThat(failed.longestPause()).isNull();
        assertThat(call.attemptCount()).isEqualTo(1);
    }

    @Test
    void nothingFollowsOnceADeltaHasReachedTheCaller() {
        List<String> deltas = new ArrayList<>();
        Call call =
                started(
                        Call.streaming(
                                Prompt.of("one two three [[sim fault=cut_after_first]]"),
                                MINUTE,
                                deltas::add));

        LlmException failed = failed(call);

        assertThat(deltas).isNotEmpty();
        assertThat(failed.isOpen()).isFalse();
        assertThat(call.attemptCount()).isEqualTo(1);
    }

    @Test
    void aRetryAfterBeyondTheDeadlineIsToldAtOnce() {
        Call call =
                started(
                        Call.of(
                                Prompt.of("Hi [[sim fault=unavailable retry_after=300]]")
                                        .withModel("far-away"),
                                MINUTE));

        LlmException failed = failed(call);

        assertThat(failed.failure().retryAfter()).isGreaterThan(MINUTE);
        assertThat(failed.longestPause()).isNull();
        assertThat(call.attemptCount()).isEqualTo(1);
    }

    @Test
    void anAttemptThatTakesTooLongIsOneAndHasFailed() {
        Call call = Call.of(Prompt.of("Hi [[sim latency=60s]]"), SHORT);
        call.start(SHORT, Duration.ZERO, "attempts");

        LlmException failed = failed(call);

        assertThat(failed.failure().kind())
                .isIn(FailureKind.TIMEOUT, FailureKind.DEADLINE_EXCEEDED);
        assertThat(call.attemptCount()).isEqualTo(1);
        provider.await("ended=1", MINUTE);
    }

    @Test
    void aCallWhoseTimeIsUpMakesNoRequest() {
        Call call = Call.of(Prompt.of("Hi"), Duration.ZERO);
        call.start(Duration.ZERO, Duration.ZERO, "attempts");

        LlmException failed = failed(call);

        assertThat(failed.failure().kind()).isEqualTo(FailureKind.DEADLINE_EXCEEDED);
        assertThat(call.attemptCount()).isZero();
        assertThat(provider.wholeLog()).isEmpty();
    }

    @Test
    void whoHasNoTurnInTimeIsRefusedBeforeARequest() throws InterruptedException {
        Turns turns = new Turns(1);
        Call.StageTerms stage = new Call.StageTerms(turns, true);
        try (Turns.Turn _ = turns.await(null, 1, MINUTE)) {
            Call call = Call.of(new Ask(Prompt.of("Hi"), Duration.ofMillis(50), null, null, stage));
            call.start(Duration.ofMillis(50), Duration.ZERO, "attempts");

            assertThat(failed(call).failure().kind()).isEqualTo(FailureKind.DEADLINE_EXCEEDED);
        }
        assertThat(provider.wholeLog()).isEmpty();
    }

    @Test
    void aCallThatIsCancelledBeforeMakesNoRequest() {
        Call call = started(Call.of(Prompt.of("Hi"), MINUTE));
        call.cancel();

        assertThatThrownBy(call::runsHere).isInstanceOf(InterruptedException.class);

        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> attempts.complete(call)).isInstanceOf(InterruptedException.class);
        assertThat(provider.wholeLog()).isEmpty();
    }

    private static Call started(Call call) {
        call.start(MINUTE, Duration.ZERO, "attempts");
        return call;
    }

    private LlmException failed(Call call) {
        try {
            Completion answer = attempts.complete(call);
            throw new AssertionError("No failure but " + answer);
        } catch (LlmException failed) {
            return failed;
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }
}
