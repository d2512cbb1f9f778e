package io.penstock.dev;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.dev.SimulatedProvider.Options;
import io.penstock.dev.SimulatedProviderTest.Client;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LimitsTest {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final Limits limits = new Limits();

    @Test
    void admitsRequestsUpToTheRateAndAgainWhenTheOldestIsAMinuteOld() {
        var behaviour = Behaviour.parse("rpm=2");

        assertThat(limits.admit(behaviour, 1, 0)).isNull();
        assertThat(limits.admit(behaviour, 1, 10 * SECOND)).isNull();
        Limits.Excess excess = requireNonNull(limits.admit(behaviour, 1, 15 * SECOND));
        assertThat(excess.retryAfter()).isEqualTo(Duration.ofSeconds(45));
        assertThat(excess.message()).contains("Limit 2, Used 2, Requested 1", "in 45s");
        assertThat(limits.admit(behaviour, 1, 60 * SECOND - 1)).isNotNull();
        assertThat(limits.admit(behaviour, 1, 60 * SECOND)).isNull();
        assertThat(limits.admit(behaviour, 1, 60 * SECOND)).isNotNull();
    }

    @Test
    void admitsTokensUpToTheRateAndSaysWhenThereIsRoom() {
        var behaviour = Behaviour.parse("tpm=100");

        assertThat(limits.admit(behaviour, 60, 0)).isNull();
        assertThat(limits.admit(behaviour, 30, SECOND)).isNull();
        Limits.Excess little = requireNonNull(limits.admit(behaviour, 20, 2 * SECOND));
        Limits.Excess much = requireNonNull(limits.admit(behaviour, 80, 2 * SECOND));
        assertThat(little.retryAfter()).isEqualTo(Duration.ofSeconds(58));
        assertThat(much.retryAfter()).isEqualTo(Duration.ofSeconds(59));
        assertThat(limits.admit(behaviour, 10, 2 * SECOND)).isNull();
    }

    @Test
    void neverMoreThanTheRateInAnyWindow() {
        var behaviour = Behaviour.parse("rpm=7 tpm=50");
        var random = new java.util.Random(42);
        record Admitted(long at, int tokens) {}
        var admitted = new java.util.ArrayList<Admitted>();
        long now = 0;
        for (int i = 0; i < 5_000; i++) {
            now += random.nextLong(5 * SECOND);
            int tokens = 1 + random.nextInt(12);
            if (limits.admit(behaviour, tokens, now) == null) {
                admitted.add(new Admitted(now, tokens));
            }
        }

        assertThat(admitted).hasSizeGreaterThan(500);
        for (Admitted last : admitted) {
            List<Admitted> window =
                    admitted.stream()
                            .filter(a -> a.at <= last.at && last.at - a.at < 60 * SECOND)
                            .toList();
            assertThat(window).hasSizeLessThanOrEqualTo(7);
            assertThat(window.stream().mapToInt(Admitted::tokens).sum()).isLessThanOrEqualTo(50);
        }
    }

    @Test
    void headersSayWhatRemainsAndWhenAllIsFree() {
        var behaviour = Behaviour.parse("rpm=10 tpm=1000");
        limits.admit(behaviour, 100, 0);

        assertThat(limits.headers(behaviour, SECOND / 2))
                .containsEntry("x-ratelimit-limit-requests", "10")
                .containsEntry("x-ratelimit-remaining-requests", "9")
                .containsEntry("x-ratelimit-reset-requests", "59.5s")
                .containsEntry("x-ratelimit-remaining-tokens", "900");
        assertThat(limits.headers(behaviour, 61 * SECOND))
                .containsEntry("x-ratelimit-reset-tokens", "0ms");
        assertThat(limits.headers(Behaviour.parse("max_in_flight=5"), 0)).isEmpty();
    }

    @Test
    void theProviderHoldsTheRequestsInFlightToItsLimit() {
        var behaviour = Behaviour.parse("max_in_flight=5 gate=g");
        try (var client = new Client(Options.defaults().withBehaviour(behaviour))) {
            List<CompletableFuture<HttpResponse<String>>> calls =
                    IntStream.range(0, 20)
                            .mapToObj(i -> client.later(Client.prompt("p" + i)))
                            .toList();
            JsonNode stats = client.await("requests=20");

            assertThat(stats.path("in_flight").asInt()).isEqualTo(5);
            assertThat(stats.path("over_limit").asInt()).isEqualTo(15);
            client.send(client.to("/admin/gates/g").POST(BodyPublishers.noBody()));

            List<Integer> statuses = calls.stream().map(c -> c.join().statusCode()).toList();
            assertThat(statuses).filteredOn(s -> s == 200).hasSize(5);
            assertThat(statuses).filteredOn(s -> s == 429).hasSize(15);
            assertThat(client.stats().path("peak_in_flight").asInt()).isEqualTo(5);
            assertThat(client.post(Client.prompt("again")).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void theProviderRefusesOverItsRateAndSaysWhenToComeBack() {
        try (var client = new Client(Options.defaults().withBehaviour(Behaviour.parse("rpm=1")))) {
            HttpResponse<String> first = client.post(Client.prompt("a"));
            HttpResponse<String> second = client.post(Client.prompt("b"));

            assertThat(first.statusCode()).isEqualTo(200);
            assertThat(first.headers().firstValue("x-ratelimit-remaining-requests")).contains("0");
            assertThat(first.headers().firstValue("x-ratelimit-limit-tokens")).isEmpty();
            assertThat(second.statusCode()).isEqualTo(429);
            JsonNode error = Client.read(second.body()).path("error");
            assertThat(error.path("code").asText()).isEqualTo("rate_limit_exceeded");
            assertThat(error.path("type").asText()).isEqualTo("requests");
            assertThat(second.headers().firstValue("retry-after")).contains("60");
            assertThat(client.lastEntry().path("limited").asBoolean()).isTrue();
            assertThat(client.lastEntry().path("retry_after_ms").asInt()).isBetween(50_000, 60_000);
        }
    }
}
