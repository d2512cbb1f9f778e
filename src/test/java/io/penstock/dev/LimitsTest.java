package io.penstock.dev;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.dev.SimulatedProvider.Options;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
        assertThat(excess.message()).contains("per min: Limit 2, Used 2, Requested 1");
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
    void aBucketHoldsAGrainAndRefillsEvenly() {
        var behaviour = Behaviour.parse("requests=6000/1m:bucket:500ms");

        assertThat(admitted(behaviour, 0)).isEqualTo(50);
        Limits.Excess excess = requireNonNull(limits.admit(behaviour, 1, 0));
        assertThat(excess.retryAfter()).isEqualTo(Duration.ofMillis(10));
        assertThat(excess.message()).contains("per min: Limit 6000, Used 50, Requested 1");
        assertThat(admitted(behaviour, SECOND / 100 - 1)).isZero();
        assertThat(admitted(behaviour, SECOND / 100)).isEqualTo(1);
        assertThat(admitted(behaviour, SECOND / 4)).isEqualTo(24);
        assertThat(admitted(behaviour, 90 * SECOND)).isEqualTo(50);
    }

    @Test
    void aBucketOfTokensIsHonestAboutItself() {
        var behaviour = Behaviour.parse("tokens=300000/1m:bucket:1s");
        limits.admit(behaviour, 4_000, 0);

        assertThat(limits.headers(behaviour, SECOND / 10))
                .containsEntry("x-ratelimit-limit-tokens", "300000")
                .containsEntry("x-ratelimit-remaining-tokens", "1500")
                .containsEntry("x-ratelimit-reset-tokens", "700ms");
        Limits.Excess excess = requireNonNull(limits.admit(behaviour, 2_000, SECOND / 10));
        assertThat(excess.retryAfter()).isEqualTo(Duration.ofMillis(100));
        assertThat(limits.admit(behaviour, 2_000, SECOND / 5)).isNull();
    }

    @Test
    void aWindowBeginsAnewWithAllOfIt() {
        var behaviour = Behaviour.parse("requests=600/1m:fixed:10s");

        assertThat(admitted(behaviour, 3 * SECOND)).isEqualTo(100);
        Limits.Excess excess = requireNonNull(limits.admit(behaviour, 1, 12 * SECOND));
        assertThat(excess.retryAfter()).isEqualTo(Duration.ofSeconds(1));
        assertThat(admitted(behaviour, 13 * SECOND)).isEqualTo(100);
        assertThat(admitted(behaviour, 60 * SECOND)).isEqualTo(100);
        assertThat(limits.headers(behaviour, 62 * SECOND))
                .containsEntry("x-ratelimit-remaining-requests", "0")
                .containsEntry("x-ratelimit-reset-requests", "1s");
    }

    @Test
    void whatFitsRequestsButNotTokensUsesNeither() {
        var behaviour = Behaviour.parse("requests=2/1s tokens=10/1s:fixed:1s");

        assertThat(limits.admit(behaviour, 8, 0)).isNull();
        Limits.Excess excess = requireNonNull(limits.admit(behaviour, 8, 0));
        assertThat(excess.type()).isEqualTo("tokens");
        assertThat(limits.admit(behaviour, 2, 0)).isNull();
    }

    @Test
    void requestsAtOnceChangeOnTheirSchedule() {
        var behaviour = Behaviour.parse("max_in_flight=1,3/30s");

        assertThat(admitted(behaviour, SECOND)).isEqualTo(1);
        assertThat(admitted(behaviour, 30 * SECOND)).isZero();
        assertThat(admitted(behaviour, 31 * SECOND)).isEqualTo(2);
        limits.release();
        assertThat(admitted(behaviour, 61 * SECOND)).isZero();
        assertThat(admitted(behaviour, 91 * SECOND)).isEqualTo(1);
    }

    @Test
    void headersMayBeMissingOrWrong() {
        String limit = "requests=6000/1m:bucket:1s headers=";

        assertThat(wrong(limit + "none")).isEmpty();
        assertThat(wrong(limit + "zero")).containsSubsequence("0", "0");
        assertThat(wrong(limit + "minus_one")).containsSubsequence("-1", "-1");
        assertThat(wrong(limit + "thousands")).containsExactly("6", "0", "10ms");
        // Eight hours' worth; one used comes back in 86,400 s / 48,000.
        assertThat(wrong("requests=6000/1m headers=day"))
                .containsExactly("2880000", "2879999", "30ms");
    }

    @Test
    void aChangedLimitBeginsAnew() {
        assertThat(admitted(Behaviour.parse("rpm=2"), 0)).isEqualTo(2);
        assertThat(admitted(Behaviour.parse("rpm=3"), 0)).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource({
        "ALL, 2, 1500, true, 1500",
        "MS,, 1500, false, 1500",
        "SECONDS, 2,, false, 2000",
        "BODY,,, true, 1500",
        "NOTHING,,, false,",
    })
    void aWaitIsToldWhereItIsAskedFor(
            WaitNotice.Place place, String seconds, String ms, boolean said, Long told) {
        var notice = WaitNotice.of(place, Duration.ofMillis(1_500));

        assertThat(notice.headers().get("retry-after")).isEqualTo(seconds);
        assertThat(notice.headers().get("retry-after-ms")).isEqualTo(ms);
        assertThat(notice.sentence()).isEqualTo(said ? " Please try again in 1.5s." : "");
        assertThat(notice.millis()).isEqualTo(told);
    }

    @Test
    void aWaitToldAsADateIsNeverTooShort() {
        var notice = WaitNotice.of(WaitNotice.Place.DATE, Duration.ofMillis(1_500));

        String date = requireNonNull(notice.headers().get("retry-after"));
        assertThat(ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant())
                .isAfter(Instant.now());
        assertThat(requireNonNull(notice.millis())).isBetween(1_499L, 2_500L);
    }

    private int admitted(Behaviour behaviour, long now) {
        int admitted = 0;
        while (limits.admit(behaviour, 1, now) == null) {
            admitted++;
        }
        return admitted;
    }

    private List<String> wrong(String words) {
        limits.forget();
        var behaviour = Behaviour.parse(words);
        limits.admit(behaviour, 1, 0);
        return List.copyOf(limits.headers(behaviour, 0).values());
    }

    @Test
    void theProviderHoldsTheRequestsInFlightToItsLimit() {
        var behaviour = Behaviour.parse("max_in_flight=5 gate=g");
        try (var client = new ProviderClient(Options.defaults().withBehaviour(behaviour))) {
            List<CompletableFuture<HttpResponse<String>>> calls =
                    IntStream.range(0, 20)
                            .mapToObj(i -> client.later(ProviderClient.prompt("p" + i)))
                            .toList();
            JsonNode stats = client.await("requests=20");

            assertThat(stats.path("in_flight").asInt()).isEqualTo(5);
            assertThat(stats.path("over_limit").asInt()).isEqualTo(15);
            client.send(client.to("/admin/gates/g").POST(BodyPublishers.noBody()));

            List<Integer> statuses = calls.stream().map(c -> c.join().statusCode()).toList();
            assertThat(statuses).filteredOn(s -> s == 200).hasSize(5);
            assertThat(statuses).filteredOn(s -> s == 429).hasSize(15);
            assertThat(client.stats().path("peak_in_flight").asInt()).isEqualTo(5);
            assertThat(client.post(ProviderClient.prompt("again")).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void theProviderRefusesOverItsRateAndSaysWhenToComeBack() {
        try (var client =
                new ProviderClient(Options.defaults().withBehaviour(Behaviour.parse("rpm=1")))) {
            HttpResponse<String> first = client.post(ProviderClient.prompt("a"));
            HttpResponse<String> second = client.post(ProviderClient.prompt("b"));

            assertThat(first.statusCode()).isEqualTo(200);
            assertThat(first.headers().firstValue("x-ratelimit-remaining-requests")).contains("0");
            assertThat(first.headers().firstValue("x-ratelimit-limit-tokens")).isEmpty();
            assertThat(second.statusCode()).isEqualTo(429);
            JsonNode error = ProviderClient.read(second.body()).path("error");
            assertThat(error.path("code").asText()).isEqualTo("rate_limit_exceeded");
            assertThat(error.path("type").asText()).isEqualTo("requests");
            assertThat(second.headers().firstValue("retry-after")).contains("60");
            assertThat(client.lastEntry().path("limited").asBoolean()).isTrue();
            assertThat(client.lastEntry().path("retry_after_ms").asInt()).isBetween(50_000, 60_000);
        }
    }
}
