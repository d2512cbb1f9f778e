package io.penstock.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Whom the end of a call interrupts.
class CallTest {

    private static final Completion ANSWER =
            new Completion("Hello", null, "m", "stop", null, null, null);

    private final Call call = Call.of(Prompt.of("Hi"), Duration.ofSeconds(10));

    @AfterEach
    void forget() {
        Thread.interrupted();
    }

    @Test
    void drainingInterruptsACallThatWaits() throws InterruptedException {
        call.runsHere();

        call.drain();

        assertThat(Thread.interrupted()).isTrue();
        assertThatThrownBy(call::begin).isInstanceOf(InterruptedException.class);
    }

    @Test
    void drainingLetsAnAttemptEndAndItsAnswerPass() throws InterruptedException {
        List<Boolean> interrupted = new ArrayList<>();
        call.runsHere();

        try (Attempt attempt = call.begin()) {
            call.drain();
            interrupted.add(Thread.interrupted());
            attempt.answered(ANSWER);
        }
        call.drain();

        interrupted.add(Thread.interrupted());
        assertThat(interrupted).containsExactly(false, false);
    }

    @Test
    void drainingAfterAnAttemptWithoutAnAnswerStartsNoOther() throws InterruptedException {
        call.runsHere();
        call.begin().close();

        call.drain();

        assertThat(Thread.interrupted()).isTrue();
        assertThatThrownBy(call::begin).isInstanceOf(InterruptedException.class);
    }

    @Test
    void cancellingInterruptsAnAttempt() throws InterruptedException {
        List<Boolean> interrupted = new ArrayList<>();
        call.runsHere();

        try (Attempt _ = call.begin()) {
            call.cancel();
            interrupted.add(Thread.interrupted());
        }

        assertThat(interrupted).containsExactly(true);
    }

    @Test
    void aReaderWhoTakesADeltaNoMoreEndsTheCall() throws InterruptedException {
        Call streamed =
                Call.streaming(
                        Prompt.of("Hi"),
                        null,
                        _ -> {
                            throw new IllegalStateException("gone");
                        });
        streamed.runsHere();

        try (Attempt attempt = streamed.begin()) {
            assertThatThrownBy(() -> attempt.delta("H")).hasMessage("gone");
            assertThat(attempt.streamed()).isTrue();
        }

        assertThat(Thread.interrupted()).isTrue();
        assertThat(streamed.isCancelled()).isTrue();
    }
}
