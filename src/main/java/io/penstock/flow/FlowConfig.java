package io.penstock.flow;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.OptionalInt;

/// How many calls may run and wait at once, in this process.
@ConfigMapping(prefix = "penstock.flow")
public interface FlowConfig {

    /// The default of [#maxConcurrency()], as text for those who read the key before the mapping
    /// exists.
    String MAX_CONCURRENCY = "100";

    /// Calls in flight to the provider at most; also the size of the connection pool.
    @WithDefault(MAX_CONCURRENCY)
    int maxConcurrency();

    /// Calls that wait for a permit or between two attempts at most; one more is refused at once.
    @WithDefault("100")
    int maxWaiting();

    /// How long a new call waits for a permit, or for the provider's `Retry-After` to pass, before
    /// it is refused.
    @WithDefault("1s")
    Duration maxWait();

    /// Calls in flight that batches leave to `/complete` and streams; a tenth of
    /// [#maxConcurrency()] unless given.
    OptionalInt reservedForInteractive();

    /// Calls in flight that batches may have.
    default int batchConcurrency() {
        return maxConcurrency() - reservedForInteractive().orElse(maxConcurrency() / 10);
    }

    /// Stops the start with one sentence when a value makes no sense.
    default FlowConfig checked() {
        if (maxConcurrency() < 1 || maxConcurrency() > 10_000) {
            throw new ConfigurationException(
                    "penstock.flow.max-concurrency is "
                            + maxConcurrency()
                            + ": give the number of calls that may be in flight at once, from 1 to 10000.");
        }
        if (reservedForInteractive().orElse(0) < 0 || batchConcurrency() < 1) {
            throw new ConfigurationException(
                    "penstock.flow.reserved-for-interactive is "
                            + reservedForInteractive().orElse(0)
                            + ": give a number from 0 to below penstock.flow.max-concurrency.");
        }
        if (maxWaiting() < 0 || maxWaiting() > 1_000_000) {
            throw new ConfigurationException(
                    "penstock.flow.max-waiting is "
                            + maxWaiting()
                            + ": give the number of calls that may wait, from 0 to 1000000.");
        }
        if (maxWait().isNegative() || maxWait().compareTo(Duration.ofMinutes(2)) > 0) {
            throw new ConfigurationException(
                    "penstock.flow.max-wait is "
                            + maxWait()
                            + ": give a duration from 0s to 2m, such as 500ms.");
        }
        return this;
    }
}
