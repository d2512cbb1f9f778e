package io.penstock.dev;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A limit on requests or tokens as a provider states it, and as it enforces it. Immutable.
///
/// Written `6000/1m`, `6000/1m:bucket:1s` or `100/1s:fixed`: so many in a period, then the shape
/// and the grain in which it is enforced. Without them it is any period of that length.
///
/// @param count how many the provider says it allows in a period
/// @param grain the length of time that is enforced, with its share of `count`; the period unless
///   given
record Quota(long count, Duration period, Enforcement shape, Duration grain) {
    private static final Pattern FORM =
            Pattern.compile("(\\d{1,12})/([0-9a-z]+)(?::([a-z]+)(?::([0-9a-z]+))?)?");

    /// How a limit is enforced.
    enum Enforcement {
        /// In any time as long as the grain.
        SLIDING,
        /// A bucket that holds a grain's worth and refills evenly.
        BUCKET,
        /// In windows of a grain that begin anew one after the other, the first one with the first
        /// request.
        FIXED
    }

    Quota {
        if (count < 1 || period.isZero() || grain.isZero()) {
            throw new IllegalArgumentException("A limit must be above 0.");
        }
        if (share(count, period, grain) < 1) {
            throw new IllegalArgumentException("The limit's grain has room for nothing.");
        }
    }

    static Quota perMinute(int count) {
        var minute = Duration.ofMinutes(1);
        return new Quota(count, minute, Enforcement.SLIDING, minute);
    }

    @JsonCreator
    static Quota parse(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no limit; write it like 6000/1m or 6000/1m:bucket:1s.");
        }
        Duration period = WireJson.duration(form.group(2));
        String shape = form.group(3);
        String grain = form.group(4);
        return new Quota(
                Long.parseLong(form.group(1)),
                period,
                shape == null
                        ? Enforcement.SLIDING
                        : Enforcement.valueOf(shape.toUpperCase(Locale.ROOT)),
                grain == null ? period : WireJson.duration(grain));
    }

    @JsonValue
    String text() {
        return count
                + "/"
                + WireJson.written(period)
                + ":"
                + shape.name().toLowerCase(Locale.ROOT)
                + ":"
                + WireJson.written(grain);
    }

    /// How many the grain has room for.
    long share() {
        return share(count, period, grain);
    }

    private static long share(long count, Duration period, Duration grain) {
        return (long) ((double) count * grain.toNanos() / period.toNanos());
    }

    /// The period in the words of an error.
    String per() {
        return period.equals(Duration.ofMinutes(1)) ? "min" : WireJson.written(period);
    }

    /// Nanoseconds in which one more is allowed.
    double nanosEach() {
        return (double) period.toNanos() / count;
    }

    /// An account of this limit, of which nothing is used.
    Account open(long now) {
        return switch (shape) {
            case SLIDING -> new SlidingAccount(share(), grain.toNanos());
            case BUCKET -> new BucketAccount(nanosEach(), grain.toNanos(), now);
            case FIXED -> new FixedAccount(share(), grain.toNanos(), now);
        };
    }
}
