package io.penstock.llm;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.LongSummaryStatistics;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RetryAfterBackoffTest {

    private static final String CAP = "penstock.llm.max-backoff";
    private static final int SAMPLES = 20_000;

    @BeforeEach
    void cap() {
        System.setProperty(CAP, "1S");
    }

    @AfterEach
    void uncap() {
        System.clearProperty(CAP);
    }

    @Test
    void waitsAreSpreadEvenlyOverAnIntervalThatDoublesUpToTheCap() {
        long[] ceilings = {100, 200, 400, 800, 1000, 1000};
        for (int attempt = 0; attempt < ceilings.length; attempt++) {
            LongSummaryStatistics waits = waits(attempt);

            assertThat(waits.getMin()).isBetween(0L, ceilings[attempt] / 50);
            assertThat(waits.getMax()).isBetween(ceilings[attempt] * 49 / 50, ceilings[attempt]);
            assertThat(waits.getAverage())
                    .isBetween(ceilings[attempt] * 0.48, ceilings[attempt] * 0.52);
        }
    }

    @Test
    void theProvidersRetryAfterIsTheLeastWait() {
        Call call = call(Duration.ofMinutes(5));

        LongSummaryStatistics waits =
                LongStream.range(0, SAMPLES)
                        .map(_ -> backoff().nextDelayInMillis(limited(call, Duration.ofSeconds(7))))
                        .summaryStatistics();

        assertThat(waits.getMin()).isGreaterThan(7000);
        assertThat(waits.getMax()).isLessThanOrEqualTo(7101);
    }

    @Test
    void noWaitGoesBeyondTheDeadline() {
        long wait =
                backoff()
                        .nextDelayInMillis(
                                limited(call(Duration.ofSeconds(2)), Duration.ofSeconds(7)));

        assertThat(wait).isLessThanOrEqualTo(2000);
    }

    @Test
    void aBatchsCallWaitsForTheProviderInNoTimeOfItsOwn() {
        Duration limit = Duration.ofSeconds(2);
        Call call = batchs(limit, Duration.ofSeconds(1));

        LlmException limited = limited(call, Duration.ofSeconds(50));

        assertThat(new Retryable().test(limited)).isTrue();
        assertThat(backoff().nextDelayInMillis(limited)).isGreaterThan(50_000);
    }

    @Test
    void aBatchsCallMakesNoAttemptThatItsDeadlineMightCut() {
        Duration limit = Duration.ofSeconds(2);
        Call whole = batchs(limit, limit);
        Call small = batchs(limit, Duration.ofSeconds(3));

        // A moment of its time has passed already.
        assertThat(new Retryable().test(limited(whole, null))).isFalse();
        // Whose limit has no room for a whole one asked for that.
        assertThat(new Retryable().test(limited(small, null))).isTrue();
    }

    @Test
    void nothingIsTriedAgainThatHasReachedTheCallerOrThatNobodyWaitsFor() {
        Failure failure = new Failure(FailureKind.SERVER, "Broken.", null, null);
        Call left = call(Duration.ofMinutes(5));
        left.cancel();
        Call draining = call(Duration.ofMinutes(5));
        draining.drain();

        assertThat(call(Duration.ofMinutes(5)).failed(failure, false)).matches(new Retryable());
        assertThat(call(Duration.ofMinutes(5)).failed(failure, true))
                .matches(new Retryable().negate());
        assertThat(left.failed(failure, false)).matches(new Retryable().negate());
        assertThat(draining.failed(failure, false)).matches(new Retryable().negate());
    }

    private static Call batchs(Duration limit, Duration attempt) {
        Call call =
                Call.of(
                        Prompt.of("text"),
                        limit,
                        new Call.JobTerms("job", 1, Duration.ofSeconds(60)));
        call.start(limit, attempt, "model");
        return call;
    }

    private static LongSummaryStatistics waits(int attempt) {
        return LongStream.range(0, SAMPLES)
                .map(_ -> {
                    RetryAfterBackoff backoff = backoff();
                    Call call = call(Duration.ofMinutes(5));
                    for (int i = 0; i < attempt; i++) {
                        backoff.nextDelayInMillis(limited(call, null));
                    }
                    return backoff.nextDelayInMillis(limited(call, null));
                })
                .summaryStatistics();
    }

    private static RetryAfterBackoff backoff() {
        RetryAfterBackoff backoff = new RetryAfterBackoff();
        backoff.init(100);
        return backoff;
    }

    private static Call call(Duration limit) {
        Call call = Call.of(Prompt.of("text"), limit);
        call.start(limit, Duration.ZERO, "model");
        return call;
    }

    private static LlmException limited(Call call, @Nullable Duration retryAfter) {
        return call.failed(
                new Failure(FailureKind.RATE_LIMITED, "Later.", null, retryAfter), false);
    }
}
