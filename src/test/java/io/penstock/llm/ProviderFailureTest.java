package io.penstock.llm;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.MultiMap;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProviderFailureTest {

    private static final Instant NOW = Instant.parse("2026-11-23T10:00:00Z");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "retry-after    | 2                             | 2000",
                "retry-after    | 0.25                          | 250",
                "retry-after    | 0                             | 0",
                "retry-after    | Mon, 23 Nov 2026 10:00:30 GMT | 30000",
                "retry-after    | Mon, 23 Nov 2026 09:59:00 GMT | 0",
                "retry-after    | 1e30                          | 86400000",
                "retry-after-ms | 1500                          | 1500",
                "retry-after-ms | 0.5                           | 1",
            })
    void readsEveryFormOfRetryAfter(String header, String value, long millis) {
        assertThat(retryAfter(header, value)).isEqualTo(Duration.ofMillis(millis));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "soon", "-1", "NaN", "Infinity", "Mon, 99 Nov 2026 10:00:30 GMT"})
    void takesWhatItCannotReadForNothing(String value) {
        assertThat(retryAfter("retry-after", value)).isNull();
    }

    @Test
    void theFinerHeaderCounts() {
        MultiMap headers =
                MultiMap.caseInsensitiveMultiMap()
                        .add("retry-after", "2")
                        .add("retry-after-ms", "1200");

        assertThat(ProviderFailure.retryAfter(headers, NOW)).isEqualTo(Duration.ofMillis(1200));
    }

    @Test
    void oneHeaderThatCannotBeReadDoesNotHideTheOther() {
        MultiMap headers =
                MultiMap.caseInsensitiveMultiMap()
                        .add("retry-after-ms", "-1")
                        .add("retry-after", "5");

        assertThat(ProviderFailure.retryAfter(headers, NOW)).isEqualTo(Duration.ofSeconds(5));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Incorrect API key provided: sk-abcdefgh1234567890.",
                "Incorrect API key provided: wron****-key.",
                "Got Authorization: Bearer abc.def.ghi here",
                "key sk-proj-AbC_123-xyz is unknown",
                "Invalid API key: gsk_abcdefgh",
                "Invalid API key: own.key/123"
            })
    void leavesOutWhatLooksLikeAKey(String message) {
        assertThat(ProviderFailure.scrubbed(message, "own.key/123"))
                .contains("[removed]")
                .doesNotContain("own.key", "abcdefgh", "wron", "abc.def", "AbC_123");
    }

    @Test
    void leavesOrdinaryTextAloneAndBoundsIt() {
        assertThat(ProviderFailure.scrubbed("max_tokens must be below 4096.", null))
                .isEqualTo("max_tokens must be below 4096.");
        assertThat(ProviderFailure.scrubbed("x".repeat(10_000), "k")).hasSize(501);
    }

    private static @Nullable Duration retryAfter(String header, String value) {
        return ProviderFailure.retryAfter(
                MultiMap.caseInsensitiveMultiMap().add(header, value), NOW);
    }
}
