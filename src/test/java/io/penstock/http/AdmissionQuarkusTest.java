package io.penstock.http;

import static io.penstock.testing.Caller.join;
import static io.penstock.testing.Caller.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Fifty permits and a little room to wait.
@QuarkusTest
@TestProfile(AdmissionQuarkusTest.Fifty.class)
class AdmissionQuarkusTest extends PenstockTest {

    public static class Fifty implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "penstock.flow.max-concurrency", "50",
                    "penstock.flow.max-waiting", "20",
                    "penstock.flow.max-wait", "5s",
                    "penstock.llm.timeout", "30s");
        }
    }

    private static final Duration SOON = Duration.ofSeconds(30);

    @Test
    void whoFindsNoRoomIsToldWhenToComeBackWhileTheOthersStillRun() throws InterruptedException {
        List<CompletableFuture<Answer>> answers = crowd("crowd", 1000);
        provider.await("in_flight=50", SOON);
        CountDownLatch refused = new CountDownLatch(950);
        answers.forEach(answer -> answer.thenRun(refused::countDown));
        assertThat(refused.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(provider.stats().path("in_flight").asInt()).isEqualTo(50);

        provider.open("crowd");

        List<Answer> all = answers.stream().map(Caller::join).toList();
        assertThat(all).filteredOn(answer -> answer.status() == 200).hasSize(50);
        assertThat(all)
                .filteredOn(answer -> answer.status() != 200)
                .hasSize(950)
                .allSatisfy(answer -> {
                    assertThat(answer.status()).isEqualTo(429);
                    assertThat(answer.code()).isEqualTo("rejected");
                    assertThat(Integer.parseInt(answer.header("retry-after"))).isBetween(1, 120);
                    assertThat(answer.header("x-penstock-attempts")).isEqualTo("0");
                });
        assertThat(provider.stats().path("peak_in_flight").asInt()).isEqualTo(50);
    }

    @Test
    void whoWaitsAShortWhileGetsAPermitThatComesFree() {
        List<CompletableFuture<Answer>> running = crowd("running", 50);
        provider.await("in_flight=50", SOON);
        List<CompletableFuture<Answer>> waiting = crowd("waiting", 10);
        awaitGauge("penstock_calls_waiting", 10);

        provider.open("crowd");

        assertThat(waiting).allSatisfy(answer -> assertThat(join(answer).status()).isEqualTo(200));
        assertThat(running).allSatisfy(answer -> assertThat(join(answer).status()).isEqualTo(200));
        assertThat(provider.stats().path("peak_in_flight").asInt()).isLessThanOrEqualTo(50);
    }

    private List<CompletableFuture<Answer>> crowd(String name, int size) {
        return IntStream.range(0, size)
                .mapToObj(i -> caller.completeAsync(prompt(name + i + " [[sim gate=crowd]]")))
                .toList();
    }
}
