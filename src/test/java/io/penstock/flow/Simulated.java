package io.penstock.flow;

import java.time.Duration;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/// A provider of the simulation: takes a call or refuses it, by limits of one shape. Times are
/// microseconds.
final class Simulated {

    static final long SECOND = 1_000_000;

    /// How the wait is told.
    enum Told {
        MILLIS,
        SECONDS,
        NOT
    }

    /// What the headers say.
    enum Headers {
        HONEST,
        NONE,
        ZERO,
        DAY,
        UNIT
    }

    /// What becomes of a call.
    ///
    /// @param retryAfter null for none, or for a call that is taken
    record Verdict(boolean taken, boolean accident, @Nullable Duration retryAfter, Rates rates) {}

    private final Random random;
    private final double perSecond;
    private final long bucket;
    private final long window;
    private final int unit;
    private final Told told;
    private final Headers headers;
    private final long[] levels;
    private final double scattered;
    private final long stormFrom;
    private final long stormTo;

    private double left;
    private long at;
    private int inFlight;

    /// @param perSecond calls that it takes; 0 for any
    /// @param bucket the time in which its bucket is full again; 0 for a window
    /// @param window that begins anew; 0 for a bucket
    /// @param unit tokens of a call, by which it counts; 1 for requests
    /// @param levels calls in flight that it takes, each for 30 s; empty for any
    Simulated(
            Random random,
            double perSecond,
            long bucket,
            long window,
            int unit,
            Told told,
            Headers headers,
            long[] levels,
            double scattered,
            long stormFrom,
            long stormTo) {
        this.random = random;
        this.perSecond = perSecond;
        this.bucket = bucket;
        this.window = window;
        this.unit = unit;
        this.told = told;
        this.headers = headers;
        this.levels = levels;
        this.scattered = scattered;
        this.stormFrom = stormFrom;
        this.stormTo = stormTo;
        this.left = size();
    }

    private double size() {
        return perSecond * unit * Math.max(bucket, window) / SECOND;
    }

    int level(long now) {
        return levels.length == 0
                ? Integer.MAX_VALUE
                : (int) levels[(int) (now / (30 * SECOND)) % levels.length];
    }

    Verdict arrive(long now) {
        if (now >= stormFrom && now < stormTo) {
            return new Verdict(false, false, Duration.ofSeconds(1), Rates.UNKNOWN);
        }
        if (random.nextDouble() < scattered) {
            return new Verdict(false, true, Duration.ofSeconds(1), Rates.UNKNOWN);
        }
        if (inFlight >= level(now)) {
            return new Verdict(false, false, told(SECOND), Rates.UNKNOWN);
        }
        if (perSecond > 0) {
            refill(now);
            if (left < unit) {
                long micros =
                        window > 0
                                ? window - now % window
                                : (long) ((unit - left) / (perSecond * unit) * SECOND);
                return new Verdict(false, false, told(micros), rates(now));
            }
            left -= unit;
        }
        inFlight++;
        return new Verdict(true, false, null, rates(now));
    }

    void ended() {
        inFlight--;
    }

    private void refill(long now) {
        if (window > 0) {
            if (now / window != at / window) {
                left = size();
            }
        } else {
            left = Math.min(size(), left + (now - at) * perSecond * unit / SECOND);
        }
        at = now;
    }

    private @Nullable Duration told(long micros) {
        return switch (told) {
            case MILLIS -> Duration.ofMillis(Math.ceilDiv(micros, 1000));
            case SECONDS -> Duration.ofSeconds(Math.ceilDiv(micros, SECOND));
            case NOT -> null;
        };
    }

    private Rates rates(long now) {
        if (perSecond == 0) {
            return Rates.UNKNOWN;
        }
        long limit = Math.round(perSecond * unit * (window > 0 ? window / (double) SECOND : 60));
        Duration reset =
                Duration.ofMillis(
                        window > 0
                                ? (window - now % window) / 1000
                                : (long) ((size() - left) / (perSecond * unit) * 1000));
        return switch (headers) {
            case HONEST ->
                    unit == 1
                            ? new Rates(limit, (long) left, reset, null, null, null)
                            : new Rates(null, null, null, limit, (long) left, reset);
            case NONE -> Rates.UNKNOWN;
            case ZERO -> new Rates(limit, 0L, null, null, null, null);
            case DAY -> new Rates(14_400L, 9_000L, Duration.ofHours(9), null, null, null);
            case UNIT -> new Rates(limit * 200, (long) left * 200, reset, null, null, null);
        };
    }

    @Override
    public String toString() {
        return "%s of %d s/1000, counting %d, waits %s, headers %s"
                .formatted(
                        window > 0 ? "window" : "bucket",
                        Math.max(window, bucket) / 1000,
                        unit,
                        told,
                        headers);
    }
}
