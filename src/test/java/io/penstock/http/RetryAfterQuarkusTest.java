package io.penstock.http;

import static io.penstock.testing.Caller.join;
import static io.penstock.testing.Caller.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The provider's `Retry-After` binds the call that it was told; and the others to that model, as
/// long as none was taken that could tell otherwise.
@QuarkusTest
class RetryAfterQuarkusTest extends PenstockTest {

    @ParameterizedTest
    @CsvSource({"retry_after=1, 1000", "retry_after_ms=400, 400", "retry_after_date=2, 1000"})
    void noAttemptComesBeforeIt(String asked, long millis) {
        Answer answer =
                caller.complete(
                        prompt("wait [[sim fault=rate_limit times=1 " + asked + "]]")
                                .put("model", asked));

        assertThat(answer.status()).isEqualTo(200);
        List<JsonNode> log = provider.log("wait");
        assertThat(log).hasSize(2);
        assertThat(log.get(1).path("at").asDouble() - log.get(0).path("ended_at").asDouble())
                .isGreaterThanOrEqualTo(millis);
    }

    @Test
    void itHoldsBackEveryOtherCallToThatModelAndNoneToAnother() {
        Answer refused =
                caller.complete(
                        prompt("first [[sim fault=rate_limit retry_after_ms=900]]")
                                .put("model", "held")
                                .put("timeout_ms", 500));
        List<CompletableFuture<Answer>> held =
                IntStream.range(0, 20)
                        .mapToObj(i ->
                                caller.completeAsync(prompt("later " + i).put("model", "held")))
                        .toList();
        Answer other = caller.complete(prompt("other").put("model", "free"));

        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.header("x-penstock-attempts")).isEqualTo("1");
        assertThat(other.status()).isEqualTo(200);
        assertThat(held).allSatisfy(answer -> assertThat(join(answer).status()).isEqualTo(200));
        double mark = provider.log("first").getFirst().path("ended_at").asDouble() + 900;
        assertThat(provider.log("other").getFirst().path("at").asDouble()).isLessThan(mark);
        assertThat(provider.log("later"))
                .hasSize(20)
                .allSatisfy(entry ->
                        assertThat(entry.path("at").asDouble()).isGreaterThanOrEqualTo(mark));
    }

    @Test
    void aCallerWhoCannotWaitThatLongIsToldSoAtOnce() {
        caller.complete(
                prompt("mark [[sim fault=rate_limit retry_after=100]]")
                        .put("model", "far")
                        .put("timeout_ms", 1000));

        Answer answer = caller.complete(prompt("too soon").put("model", "far"));

        assertThat(answer.status()).isEqualTo(429);
        assertThat(answer.code()).isEqualTo("rejected");
        assertThat(Integer.parseInt(answer.header("retry-after"))).isBetween(80, 100);
        assertThat(answer.header("x-penstock-attempts")).isEqualTo("0");
        assertThat(provider.log("too soon")).isEmpty();
    }

    @Test
    void aWaitBeyondTheDeadlineEndsTheCallWithTheProvidersWord() {
        Answer answer =
                caller.complete(
                        prompt("short [[sim fault=rate_limit retry_after=20]]")
                                .put("model", "slow")
                                .put("timeout_ms", 5000));

        assertThat(answer.status()).isEqualTo(429);
        assertThat(answer.code()).isEqualTo("rate_limited");
        assertThat(answer.header("retry-after")).isEqualTo("20");
        assertThat(answer.header("retry-after-ms")).isEqualTo("20000");
    }
}
