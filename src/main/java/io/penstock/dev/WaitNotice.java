package io.penstock.dev;

import com.fasterxml.jackson.annotation.JsonValue;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How a refused client is told when to come back. Immutable.
///
/// @param sentence for the end of the error's message; empty where it says nothing of the wait
/// @param millis the wait as it was told; null where it was not
record WaitNotice(Map<String, String> headers, String sentence, @Nullable Long millis) {
    private static final DateTimeFormatter HTTP_DATE =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH)
                    .withZone(ZoneOffset.UTC);

    /// Where the wait of a limit is written.
    enum Place {
        /// In both headers and in the message, as OpenAI does.
        ALL,
        /// `retry-after-ms`.
        MS,
        /// `Retry-After` in whole seconds, rounded up.
        SECONDS,
        /// `Retry-After` as a date, whose whole seconds are rounded up.
        DATE,
        /// The message alone.
        BODY,
        /// Nowhere.
        NOTHING;

        @JsonValue
        String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static final WaitNotice NONE = new WaitNotice(Map.of(), "", null);

    /// The wait until a limit has room again.
    static WaitNotice of(Place place, Duration wait) {
        long millis = Math.ceilDiv(wait.toNanos(), 1_000_000L);
        String ms = Long.toString(millis);
        long seconds = Math.ceilDiv(millis, 1_000L);
        String sentence = " Please try again in " + written(wait.toNanos()) + ".";
        return switch (place) {
            case ALL ->
                    new WaitNotice(
                            Map.of("retry-after", Long.toString(seconds), "retry-after-ms", ms),
                            sentence,
                            millis);
            case MS -> new WaitNotice(Map.of("retry-after-ms", ms), "", millis);
            case SECONDS ->
                    new WaitNotice(
                            Map.of("retry-after", Long.toString(seconds)), "", seconds * 1_000);
            case DATE -> {
                Instant now = Instant.now();
                Instant date = wholeSecond(now.plus(wait));
                yield new WaitNotice(
                        Map.of("retry-after", HTTP_DATE.format(date)),
                        "",
                        Duration.between(now, date).toMillis());
            }
            case BODY -> new WaitNotice(Map.of(), sentence, millis);
            case NOTHING -> NONE;
        };
    }

    /// The wait that is sent with a fault; `retry-after-ms` is the one that counts when several are
    /// set.
    static WaitNotice of(Behaviour behaviour) {
        Long millis = null;
        var headers = new LinkedHashMap<String, String>();
        if (behaviour.retryAfterDate() != null) {
            Instant now = Instant.now();
            Instant date = wholeSecond(now.plusSeconds(behaviour.retryAfterDate()));
            millis = Duration.between(now, date).toMillis();
            headers.put("retry-after", HTTP_DATE.format(date));
        }
        if (behaviour.retryAfter() != null) {
            millis = behaviour.retryAfter() * 1_000L;
            headers.put("retry-after", behaviour.retryAfter().toString());
        }
        if (behaviour.retryAfterMs() != null) {
            millis = behaviour.retryAfterMs().longValue();
            headers.put("retry-after-ms", behaviour.retryAfterMs().toString());
        }
        return new WaitNotice(headers, "", millis);
    }

    /// A time as OpenAI writes it: `250ms`, `1.5s`, `6m0s`.
    static String written(long nanos) {
        long millis = Math.ceilDiv(nanos, 1_000_000);
        if (millis < 1_000) {
            return millis + "ms";
        }
        String seconds = Double.toString(millis % 60_000 / 1_000.0).replaceFirst("\\.0$", "") + "s";
        return millis < 60_000 ? seconds : millis / 60_000 + "m" + seconds;
    }

    /// The next one, so as not to ask for less.
    private static Instant wholeSecond(Instant time) {
        return time.plusNanos(999_999_999).truncatedTo(ChronoUnit.SECONDS);
    }
}
