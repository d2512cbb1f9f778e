package io.penstock.dev;

import com.fasterxml.jackson.annotation.JsonValue;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;

/// What the `x-ratelimit-*` headers say of a limit.
enum LimitHeaders {
    /// The limit, what may be taken now, and when nothing counts as used any more.
    HONEST,
    /// No such headers.
    NONE,
    /// Limit and remainder are always 0.
    ZERO,
    /// Limit and remainder are always -1.
    MINUS_ONE,
    /// For requests a day's limit, eight hours' worth, under the usual name, as Groq has it.
    DAY,
    /// Limit and remainder in thousands.
    THOUSANDS;

    private static final Duration A_DAY = Duration.ofDays(1);
    private static final Duration WORTH = Duration.ofHours(8);

    /// What there is to say.
    ///
    /// @param unit `requests` or `tokens`
    record Stated(String unit, Quota quota, Account account) {}

    @JsonValue
    String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Adds the headers of one limit.
    ///
    /// @param taken all that was ever taken of it
    void write(Stated standing, long taken, long now, Map<String, String> headers) {
        Quota quota = standing.quota;
        long room = Math.max(0, standing.account.room(now));
        String reset = WaitNotice.written(standing.account.untilUnused(now));
        switch (this) {
            case HONEST -> put(headers, standing, quota.count(), room, reset);
            case NONE -> {}
            case ZERO -> put(headers, standing, 0, 0, reset);
            case MINUS_ONE -> put(headers, standing, -1, -1, reset);
            case THOUSANDS -> put(headers, standing, quota.count() / 1_000, room / 1_000, reset);
            case DAY -> {
                if (!standing.unit.equals("requests")) {
                    put(headers, standing, quota.count(), room, reset);
                    return;
                }
                long day = (long) (WORTH.toNanos() / quota.nanosEach());
                long left = Math.max(0, day - taken);
                long refilled = A_DAY.toNanos() / day * (day - left);
                put(headers, standing, day, left, WaitNotice.written(refilled));
            }
        }
    }

    private static void put(
            Map<String, String> headers, Stated of, long limit, long remaining, String reset) {
        headers.put("x-ratelimit-limit-" + of.unit, Long.toString(limit));
        headers.put("x-ratelimit-remaining-" + of.unit, Long.toString(remaining));
        headers.put("x-ratelimit-reset-" + of.unit, reset);
    }
}
