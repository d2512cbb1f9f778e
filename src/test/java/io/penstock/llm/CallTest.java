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
        assertThatThrownBy(() -> call.attempt(() -> call.completed(ANSWER)))
                .isInstanceOf(InterruptedException.class);
        assertThat(call.completion()).isNull();
    }

    @Test
    void drainingLetsAnAttemptEndAndItsAnswerPass() throws InterruptedException {
        List<Boolean> interrupted = new ArrayList<>();
        call.runsHere();

        call.attempt(() -> {
            call.drain();
            interrupted.add(Thread.interrupted());
            call.completed(ANSWER);
        });
        call.drain();

        interrupted.add(Thread.interrupted());
        assertThat(interrupted).containsExactly(false, false);
        assertThat(call.completion()).isEqualTo(ANSWER);
    }

    @Test
    void drainingAfterAnAttemptWithoutAnAnswerStartsNoOther() throws InterruptedException {
        call.runsHere();
        call.attempt(() -> {});

        call.drain();

        assertThat(Thread.interrupted()).isTrue();
        assertThatThrownBy(() -> call.attempt(() -> call.completed(ANSWER)))
                .isInstanceOf(InterruptedException.class);
    }

    @Test
    void cancellingInterruptsAnAttempt() throws InterruptedException {
        List<Boolean> interrupted = new ArrayList<>();
        call.runsHere();

        call.attempt(() -> {
            call.cancel();
            interrupted.add(Thread.interrupted());
        });

        assertThat(interrupted).containsExactly(true);
    }
}
