package io.penstock.flow;

import org.jspecify.annotations.Nullable;

/// The pace that a provider's `x-ratelimit-*` headers ask for, where no budget is configured.
/// Guarded by the lock of [Admission]. Times are microseconds.
///
/// Calls start evenly at the limit's rate, and more slowly when little is left of it: then others
/// use the same limit. How long it takes until all is there again, which the headers tell too, says
/// nothing about when the next call may start.
final class Pace {

    /// With less than this share left it slows down.
    private static final double LOW = 0.05;

    private static final double SLOWEST = 0.05;

    /// Calls may catch up with so much of what they did not use.
    private static final long CATCH_UP = 100_000;

    private double unit;
    private long next;

    /// @param limit a minute, as far as it is known
    /// @param left of it
    void learned(@Nullable Long limit, @Nullable Long left) {
        // Some servers send 0 or -1 for what they do not know.
        if (limit == null || limit <= 0) {
            return;
        }
        double share = left == null || left < 0 ? 1 : left / (double) limit;
        unit = 60_000_000.0 / limit / Math.clamp(share / LOW, SLOWEST, 1);
    }

    boolean isKnown() {
        return unit > 0;
    }

    long readyAt() {
        return next;
    }

    void take(double units, long now) {
        next = Math.max(next, now - CATCH_UP) + Math.round(units * unit);
    }
}
