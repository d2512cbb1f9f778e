package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.MultiMap;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The wait that a provider asks for, in any of the places and forms where one is said:
/// `retry-after-ms` (OpenAI, Azure); `Retry-After` in seconds or as a date (RFC 9110, sections
/// 10.2.3 and 5.6.7, with the two obsolete forms of dates); `retryDelay` in the body (Google APIs,
/// "RetryInfo"), `retry_after` there, or the error's sentence ("Please try again in 1.2s").
final class RetryAfter {

    /// A wait beyond this is taken for this.
    private static final Duration MAX = Duration.ofHours(24);

    /// More seconds than anybody waits: a number of this size is a time since 1970.
    private static final double EPOCH = 1e9;

    private static final List<String> MONTHS =
            List.of(
                    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov",
                    "dec");

    /// `Sun, 06 Nov 1994 08:49:37 GMT` and `Sunday, 06-Nov-94 08:49:37 GMT`
    private static final Pattern DATE =
            Pattern.compile(
                    "[a-z]+, (\\d{1,2})[ -]([a-z]{3})[ -](\\d{4}|\\d{2}) (\\d\\d):(\\d\\d):(\\d\\d) (?:gmt|utc|z|\\+0000)");

    /// `Sun Nov 6 08:49:37 1994`
    private static final Pattern ASCTIME =
            Pattern.compile(
                    "[a-z]{3} ([a-z]{3}) {1,2}(\\d{1,2}) (\\d\\d):(\\d\\d):(\\d\\d) (\\d{4})");

    /// `1m26.4s`, `250ms`, `4.8s`
    private static final String SPAN = "(?:\\d{1,9}(?:\\.\\d{1,9})?(?:ms|h|m|s)){1,4}";

    private static final Pattern PART = Pattern.compile("(\\d+(?:\\.\\d+)?)(ms|h|m|s)");
    private static final Pattern UNIT =
            Pattern.compile(
                    "(\\d) ?(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?)(?![a-z])");
    private static final Pattern WHOLE_SPAN = Pattern.compile(SPAN);
    private static final Pattern SENTENCE =
            Pattern.compile("(?:try again|retry) (?:in|after) (" + SPAN + ")(?![a-z0-9])");

    private RetryAfter() {}

    /// The first wait that can be read: the headers' count before the body's, and that before the
    /// sentence's.
    ///
    /// @param error the body's error object; null for none
    /// @return null when there is none; 24 hours at most
    static @Nullable Duration of(MultiMap headers, @Nullable JsonNode error, Instant now) {
        Duration wait =
                Stream.of(
                                number(headers.get("retry-after-ms"), 1, now),
                                header(headers.get("retry-after"), now),
                                error == null ? null : inBody(error, now))
                        .filter(Objects::nonNull)
                        .findFirst()
                        .orElse(null);
        if (wait == null || wait.isNegative()) {
            return null;
        }
        return wait.compareTo(MAX) > 0 ? MAX : wait;
    }

    /// A time that a header tells as `6m0s`, in seconds or as a date.
    ///
    /// @return null when it tells none
    static @Nullable Duration header(@Nullable String value, Instant now) {
        if (value == null) {
            return null;
        }
        Duration seconds = number(value, 1000, now);
        if (seconds != null) {
            return seconds;
        }
        Duration span = span(plain(value.trim()));
        return span != null ? span : untilDate(value.trim().toLowerCase(Locale.ROOT), now);
    }

    private static @Nullable Duration inBody(JsonNode error, Instant now) {
        for (JsonNode detail : error.path("details")) {
            Duration delay = span(detail.path("retryDelay").asText());
            if (delay != null) {
                return delay;
            }
        }
        for (String name : List.of("retry_after", "retryAfter", "retry_after_seconds")) {
            Duration seconds = number(error.path(name).asText(null), 1000, now);
            if (seconds != null) {
                return seconds;
            }
        }
        Duration millis = number(error.path("retry_after_ms").asText(null), 1, now);
        if (millis != null) {
            return millis;
        }
        Duration delay = span(error.path("retryDelay").asText());
        return delay != null ? delay : inSentence(error.path("message").asText());
    }

    private static @Nullable Duration inSentence(String sentence) {
        String bounded = sentence.length() > 2_000 ? sentence.substring(0, 2_000) : sentence;
        Matcher found = SENTENCE.matcher(plain(bounded));
        return found.find() ? span(found.group(1)) : null;
    }

    /// A text whose units are their short forms, right behind their numbers: `3 seconds` is `3s`.
    private static String plain(String text) {
        Matcher words = UNIT.matcher(text.toLowerCase(Locale.ROOT));
        return words.replaceAll(found -> found.group(1) + shortened(found.group(2)));
    }

    private static String shortened(String unit) {
        return unit.startsWith("milli") || unit.equals("ms") ? "ms" : unit.substring(0, 1);
    }

    private static @Nullable Duration span(String text) {
        if (!WHOLE_SPAN.matcher(text).matches()) {
            return null;
        }
        double millis = 0;
        Matcher part = PART.matcher(text);
        while (part.find()) {
            double unit =
                    switch (part.group(2)) {
                        case "h" -> 3_600_000;
                        case "m" -> 60_000;
                        case "s" -> 1_000;
                        default -> 1;
                    };
            millis += Double.parseDouble(part.group(1)) * unit;
        }
        return millis(millis);
    }

    private static @Nullable Duration number(@Nullable String text, int unit, Instant now) {
        if (text == null) {
            return null;
        }
        try {
            double value = Double.parseDouble(text.trim());
            if (!Double.isFinite(value) || value < 0) {
                return null;
            }
            if (value * unit >= EPOCH * 1000 && value * unit < 10 * EPOCH * 1000) {
                return positive(Duration.between(now, Instant.ofEpochMilli((long) (value * unit))));
            }
            return millis(value * unit);
        } catch (NumberFormatException notANumber) {
            return null;
        }
    }

    private static Duration millis(double millis) {
        return Duration.ofMillis((long) Math.ceil(Math.min(millis, Integer.MAX_VALUE)));
    }

    private static Duration positive(Duration wait) {
        return wait.isNegative() ? Duration.ZERO : wait;
    }

    private static @Nullable Duration untilDate(String date, Instant now) {
        try {
            Matcher usual = DATE.matcher(date);
            if (usual.matches()) {
                return until(usual, new int[] {3, 2, 1, 4, 5, 6}, now);
            }
            Matcher asctime = ASCTIME.matcher(date);
            if (asctime.matches()) {
                return until(asctime, new int[] {6, 1, 2, 3, 4, 5}, now);
            }
            return positive(Duration.between(now, Instant.parse(date.toUpperCase(Locale.ROOT))));
        } catch (DateTimeException notADate) {
            return null;
        }
    }

    /// @param groups of year, month, day, hour, minute and second
    private static @Nullable Duration until(Matcher date, int[] groups, Instant now) {
        int month = MONTHS.indexOf(date.group(groups[1])) + 1;
        int year = Integer.parseInt(date.group(groups[0]));
        if (year < 100) {
            // Of two digits, never more than 50 years ahead (RFC 9110, section 5.6.7).
            int century = now.atOffset(ZoneOffset.UTC).getYear() / 100 * 100;
            year +=
                    year + century > now.atOffset(ZoneOffset.UTC).getYear() + 50
                            ? century - 100
                            : century;
        }
        LocalDateTime time =
                LocalDateTime.of(
                        year,
                        month,
                        Integer.parseInt(date.group(groups[2])),
                        Integer.parseInt(date.group(groups[3])),
                        Integer.parseInt(date.group(groups[4])),
                        Integer.parseInt(date.group(groups[5])));
        return positive(Duration.between(now, time.toInstant(ZoneOffset.UTC)));
    }
}
