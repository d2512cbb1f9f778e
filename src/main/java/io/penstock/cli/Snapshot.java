package io.penstock.cli;

import io.penstock.store.Counts;
import io.penstock.store.Tokens;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// How a run stands at one moment.
///
/// @param total of its prompts
/// @param inFlight calls; null where that is not known
/// @param rate results a second over the last seconds; 0 while none comes
/// @param sentence what it does or waits for
record Snapshot(
        long total,
        Counts counts,
        Tokens tokens,
        @Nullable Integer inFlight,
        double rate,
        Duration elapsed,
        String sentence,
        ResultsTally tally) {

    long done() {
        return counts.ended();
    }

    /// Results without an answer.
    long failed() {
        return counts.ended() - counts.completed();
    }

    /// How long it takes at the present rate; null when that cannot be said.
    @Nullable Duration left() {
        return rate <= 0 ? null : Duration.ofMillis((long) ((total - done()) / rate * 1000));
    }

    /// What it has cost; null where nothing has a price.
    @Nullable BigDecimal cost() {
        return tokens.costNanos() == 0 ? null : cost(tokens.costNanos());
    }

    /// What all will have cost if the rest costs as much as what is done; null where that cannot be
    /// said.
    @Nullable BigDecimal costExpected() {
        return tokens.costNanos() == 0 || done() == 0
                ? null
                : cost(Math.round((double) tokens.costNanos() / done() * total));
    }

    /// With three digits that mean something, or two behind the point.
    private static BigDecimal cost(long nanos) {
        BigDecimal exact = BigDecimal.valueOf(nanos, 9);
        int scale = Math.max(2, 3 - (exact.precision() - exact.scale()));
        return exact.setScale(Math.min(scale, 9), RoundingMode.HALF_UP);
    }
}
