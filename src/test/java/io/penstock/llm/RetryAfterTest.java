package io.penstock.llm;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Caller;
import io.vertx.core.MultiMap;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RetryAfterTest {

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
                "retry-after    | Monday, 23-Nov-26 10:00:30 GMT | 30000",
                "retry-after    | Mon Nov 23 10:00:30 2026      | 30000",
                "retry-after    | Sun Nov  6 08:49:37 1994      | 0",
                "retry-after    | Sunday, 06-Nov-94 08:49:37 GMT | 0",
                "retry-after    | 2026-11-23T10:00:30Z          | 30000",
                "retry-after    | 1795428030                    | 30000",
                "retry-after    | 1m26.4s                       | 86400",
                "retry-after    | 3 seconds                     | 3000",
                "retry-after    | 1e30                          | 86400000",
                "retry-after-ms | 1500                          | 1500",
                "retry-after-ms | 0.5                           | 1",
            })
    void readsEveryFormOfRetryAfter(String header, String value, long millis) {
        assertThat(retryAfter(header, value)).isEqualTo(Duration.ofMillis(millis));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "soon",
                "-1",
                "NaN",
                "Infinity",
                "Mon, 99 Nov 2026 10:00:30 GMT",
                "Mon, 23 Nox 2026 10:00:30 GMT",
                "2abc"
            })
    void takesWhatItCannotReadForNothing(String value) {
        assertThat(retryAfter("retry-after", value)).isNull();
    }

    @Test
    void theFinerHeaderCounts() {
        MultiMap headers =
                MultiMap.caseInsensitiveMultiMap()
                        .add("retry-after", "2")
                        .add("retry-after-ms", "1200");

        assertThat(RetryAfter.of(headers, null, NOW)).isEqualTo(Duration.ofMillis(1200));
    }

    @Test
    void oneHeaderThatCannotBeReadDoesNotHideTheOther() {
        MultiMap headers =
                MultiMap.caseInsensitiveMultiMap()
                        .add("retry-after-ms", "-1")
                        .add("retry-after", "5");

        assertThat(RetryAfter.of(headers, null, NOW)).isEqualTo(Duration.ofSeconds(5));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'details':[{'@type':'x'},{'retryDelay':'4.837906927s'}]}           | 4838",
                "{'retry_after':2}                                                   | 2000",
                "{'retry_after':'2.5'}                                               | 2500",
                "{'retry_after_ms':1500}                                             | 1500",
                "{'message':'Rate limit reached. Please try again in 7.66s. Thanks'} | 7660",
                "{'message':'Please try again in 20ms.'}                             | 20",
                "{'message':'Please retry after 3 seconds.'}                         | 3000",
                "{'message':'Please try again in 1 minute.'}                         | 60000",
                "{'message':'Please retry in 1m26.4s.'}                              | 86400",
            })
    void readsTheWaitsThatABodyTells(String error, long millis) {
        assertThat(inBody(error)).isEqualTo(Duration.ofMillis(millis));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{'details':[{'retryDelay':'soon'}]}",
                "{'details':'x','retry_after':{}}",
                "{'retry_after':-1}",
                "{'message':'Try again in 5 days, or in 3samples.'}",
                "{'message':'try again in 99999999999999999999s'}",
            })
    void aBodyWithoutAWaitHasNone(String error) {
        assertThat(inBody(error)).isNull();
    }

    @Test
    void aHeadersWaitCountsBeforeABodys() {
        assertThat(
                        RetryAfter.of(
                                MultiMap.caseInsensitiveMultiMap().add("retry-after", "2"),
                                Caller.parse("{\"retry_after\":9}"),
                                NOW))
                .isEqualTo(Duration.ofSeconds(2));
    }

    private static @Nullable Duration inBody(String error) {
        return RetryAfter.of(
                MultiMap.caseInsensitiveMultiMap(), Caller.parse(error.replace('\'', '"')), NOW);
    }

    private static @Nullable Duration retryAfter(String header, String value) {
        return RetryAfter.of(MultiMap.caseInsensitiveMultiMap().add(header, value), null, NOW);
    }
}
