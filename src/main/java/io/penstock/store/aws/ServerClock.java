package io.penstock.store.aws;

import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;

/// The time of a server, as far as its answers' `Date` headers tell. Thread-safe.
///
/// A header names the second in which the answer was written, which was between the request and its
/// answer: that bounds how wrong the local clock is, and many answers bound it closely. The local
/// clock is believed as long as it is within the bounds.
final class ServerClock extends Clock {

    /// A clock of a computer drifts less (RFC 5905, section 7.2, allows for 500 ppm).
    private static final double DRIFT = 500e-6;

    private final Clock local;
    private double leastMillis = Double.NEGATIVE_INFINITY;
    private double mostMillis = Double.POSITIVE_INFINITY;
    private long boundedAtMillis;
    private volatile long offsetMillis;

    ServerClock(Clock local) {
        this.local = local;
    }

    /// @param date the answer's `Date` header (RFC 9110, section 6.6.1)
    synchronized void answered(String date, Instant asked, Instant answered) {
        long second;
        try {
            second =
                    ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME)
                            .toInstant()
                            .toEpochMilli();
        } catch (DateTimeException notADate) {
            return;
        }
        double drift = Math.max(0, answered.toEpochMilli() - boundedAtMillis) * DRIFT;
        boundedAtMillis = answered.toEpochMilli();
        double least = second - answered.toEpochMilli();
        double most = second + 1000 - asked.toEpochMilli();
        leastMillis = Math.max(leastMillis - drift, least);
        mostMillis = Math.min(mostMillis + drift, most);
        if (leastMillis > mostMillis) {
            // One of the clocks was set.
            leastMillis = least;
            mostMillis = most;
        }
        offsetMillis = Math.round(Math.clamp(0.0, leastMillis, mostMillis));
    }

    @Override
    public Instant instant() {
        return local.instant().plus(Duration.ofMillis(offsetMillis));
    }

    @Override
    public ZoneId getZone() {
        return local.getZone();
    }

    @Override
    public Clock withZone(ZoneId zone) {
        return this;
    }
}
