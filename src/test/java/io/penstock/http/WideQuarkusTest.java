package io.penstock.http;

import static io.penstock.testing.Caller.join;
import static io.penstock.testing.Caller.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// A thousand permits are a thousand calls in flight: no pool on the way is smaller.
@QuarkusTest
@TestProfile(WideQuarkusTest.Wide.class)
class WideQuarkusTest extends PenstockTest {

    public static class Wide implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "penstock.flow.max-concurrency", "1000",
                    "penstock.llm.timeout", "30s");
        }
    }

    @Test
    void aThousandCallsAreInFlightAtOnceAndAllSucceed() {
        List<CompletableFuture<Answer>> answers =
                IntStream.range(0, 1000)
                        .mapToObj(i ->
                                caller.completeAsync(prompt("wide" + i + ". [[sim gate=wide]]")))
                        .toList();
        provider.await("in_flight=1000", Duration.ofSeconds(30));
        provider.open("wide");

        for (int i = 0; i < 1000; i++) {
            Answer answer = join(answers.get(i));
            assertThat(answer.status()).isEqualTo(200);
            assertThat(answer.json().path("result").asText()).endsWith("wide" + i + ".");
        }
        assertThat(provider.stats().path("requests").asInt()).isEqualTo(1000);
    }
}
