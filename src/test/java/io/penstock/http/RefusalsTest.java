package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What callers' own retries do with each kind of failure.
class RefusalsTest {

    /// All of Penstock's attempts came before.
    private static final Set<FailureKind> SPENT =
            EnumSet.of(
                    FailureKind.OVERLOADED,
                    FailureKind.SERVER,
                    FailureKind.TRANSPORT,
                    FailureKind.TIMEOUT,
                    FailureKind.TRUNCATED,
                    FailureKind.DEADLINE_EXCEEDED);

    @ParameterizedTest
    @EnumSource(FailureKind.class)
    void spentAttemptsAreFinalUnlessATimeIsKnown(FailureKind kind) {
        Failure unknown = new Failure(kind, "m", null, null);
        Failure known = new Failure(kind, "m", null, Duration.ofMillis(2500));
        for (Problem problem : List.of(Refusals.of(unknown), Refusals.openAi(unknown))) {
            if (SPENT.contains(kind)) {
                assertThat(problem.isFinal()).isTrue();
                assertThat(problem.retryAfterSeconds()).isNull();
            }
        }
        for (Problem problem : List.of(Refusals.of(known), Refusals.openAi(known))) {
            if (SPENT.contains(kind)) {
                assertThat(problem.isFinal()).isFalse();
                assertThat(problem.retryAfterSeconds()).isEqualTo(3);
            }
            if (problem.status() == 429) {
                assertThat(problem.retryAfterSeconds()).isNotNull();
            }
        }
    }

    /// LangChain, the AI SDK and others retry by the status alone: 408, 409, 429 and from 500.
    @Test
    void whatNoRetryCanCureHasAStatusThatEveryClientOfOpenAiTakesForFinal() {
        for (FailureKind kind :
                List.of(
                        FailureKind.AUTHENTICATION,
                        FailureKind.LENGTH,
                        FailureKind.INVALID_REQUEST,
                        FailureKind.CONTENT_FILTER,
                        FailureKind.CANCELLED)) {
            Problem problem = Refusals.openAi(new Failure(kind, "m", null, null));

            assertThat(problem.status()).as(kind.name()).isBetween(400, 499);
            assertThat(problem.status()).as(kind.name()).isNotIn(401, 408, 409, 429);
            assertThat(problem.isFinal()).as(kind.name()).isTrue();
        }
        Problem own = Refusals.of(new Failure(FailureKind.AUTHENTICATION, "m", null, null));
        assertThat(own.status()).isEqualTo(502);
        assertThat(own.isFinal()).isTrue();
        assertThat(own.code()).isEqualTo("provider_authentication");
    }

    @Test
    void noWaitIsTooOddForAHeader() {
        for (Duration wait :
                List.of(
                        Duration.ZERO,
                        Duration.ofSeconds(-5),
                        Duration.ofSeconds(Long.MIN_VALUE),
                        Duration.ofSeconds(Long.MAX_VALUE, 999_999_999),
                        Duration.ofNanos(1))) {
            Problem problem = Refusals.of(new Failure(FailureKind.RATE_LIMITED, "m", null, wait));

            assertThat(problem.retryAfterSeconds()).isBetween(1L, 120L);
        }
    }
}
