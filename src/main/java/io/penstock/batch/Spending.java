package io.penstock.batch;

import io.penstock.store.StoreException;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Holds a job to what it may cost, as far as one chunk's run goes. Not thread-safe.
final class Spending {

    private static final Logger LOG = Logger.getLogger(Spending.class);

    /// How often the cost of the whole job is summed up.
    private static final Duration EVERY = Duration.ofSeconds(1);

    private final @Nullable BigDecimal most;
    private final Supplier<Progress> progress;
    private Instant summedAt = Instant.EPOCH;

    /// @param most null when the job may cost anything
    /// @param progress of the whole job
    Spending(@Nullable BigDecimal most, Supplier<Progress> progress) {
        this.most = most;
        this.progress = progress;
    }

    /// @return a reason to stop when the job has cost what it may
    @Nullable Stop look(Instant now) {
        if (most == null || Duration.between(summedAt, now).compareTo(EVERY) < 0) {
            return null;
        }
        summedAt = now;
        BigDecimal spent;
        try {
            spent = progress.get().tokens().cost();
        } catch (StoreException unreachable) {
            LOG.debugf("A job cannot be summed up now: %s", unreachable.getMessage());
            return null;
        }
        return spent.compareTo(most) < 0
                ? null
                : new Stop.Park(
                        "budget_spent",
                        "The job has cost "
                                + spent.toPlainString()
                                + " and may cost "
                                + most
                                + " (max_cost): resume it with a higher max_cost, or cancel it.");
    }
}
