package io.penstock.flow;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

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
    @WithDefault("1000")
    int maxWaiting();

    /// How long a new call waits for a permit, or for the provider's `Retry-After` to pass, before
    /// it is refused.
    @WithDefault("60s")
    Duration maxWait();

    /// Calls in flight that batches leave to `/complete` and streams, while there are any; a tenth
    /// of [#maxConcurrency()] unless given.
    OptionalInt reservedForInteractive();

    /// Calls in flight that batches may have.
    default int batchConcurrency() {
        return maxConcurrency() - reservedForInteractive().orElse(maxConcurrency() / 10);
    }

    /// Calls in flight with which a process begins to find out how many the provider takes.
    @WithDefault("20")
    int startConcurrency();

    /// Failures in a row (5xx, timeouts, no connection) after which a model is left alone for a
    /// while; 0 for never.
    @WithDefault("20")
    int breakerFailures();

    /// How often a process looks for what others know of a model that it calls, where the store is
    /// shared; less often where many processes do.
    @WithDefault("50ms")
    Duration refresh();

    /// Limits of the provider's account, by a name of one's choice; all processes that share the
    /// store keep to them together.
    Map<String, BudgetConfig> budgets();

    /// One limit of the provider's account.
    interface BudgetConfig {

        /// The models that count against it, as they are asked for; `*` at the end stands for any
        /// rest. The budget's name unless given.
        Optional<List<String>> models();

        OptionalLong requestsPerMinute();

        /// Tokens of prompts and answers together.
        OptionalLong tokensPerMinute();

        OptionalInt maxInFlight();

        /// Whether a model counts against it.
        ///
        /// @param name its own
        default boolean covers(String model, String name) {
            return models().orElse(List.of(name)).stream()
                    .anyMatch(pattern ->
                            pattern.endsWith("*")
                                    ? model.startsWith(pattern.substring(0, pattern.length() - 1))
                                    : model.equals(pattern));
        }
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
        if (startConcurrency() < 1) {
            throw new ConfigurationException(
                    "penstock.flow.start-concurrency is "
                            + startConcurrency()
                            + ": give the number of calls to begin with, from 1.");
        }
        if (breakerFailures() < 0) {
            throw new ConfigurationException(
                    "penstock.flow.breaker-failures is "
                            + breakerFailures()
                            + ": give a number of failures in a row, or 0 for no breaker.");
        }
        if (refresh().compareTo(Duration.ofMillis(10)) < 0
                || refresh().compareTo(Duration.ofSeconds(10)) > 0) {
            throw new ConfigurationException(
                    "penstock.flow.refresh is "
                            + refresh()
                            + ": give a duration from 10ms to 10s, such as 50ms.");
        }
        budgets().forEach(FlowConfig::check);
        if (maxWait().isNegative() || maxWait().compareTo(Duration.ofMinutes(2)) > 0) {
            throw new ConfigurationException(
                    "penstock.flow.max-wait is "
                            + maxWait()
                            + ": give a duration from 0s to 2m, such as 500ms.");
        }
        return this;
    }

    private static void check(String name, BudgetConfig budget) {
        String key = "penstock.flow.budgets." + name;
        if (name.length() > 200) {
            throw new ConfigurationException(
                    "A budget's name in penstock.flow.budgets has more than 200 characters: give it a"
                            + " short one, and its models in models.");
        }
        if (budget.requestsPerMinute().isEmpty()
                && budget.tokensPerMinute().isEmpty()
                && budget.maxInFlight().isEmpty()) {
            throw new ConfigurationException(
                    key
                            + " limits nothing: give it requests-per-minute, tokens-per-minute or"
                            + " max-in-flight.");
        }
        if (budget.requestsPerMinute().orElse(1) < 1
                || budget.tokensPerMinute().orElse(1) < 1
                || budget.maxInFlight().orElse(1) < 1) {
            throw new ConfigurationException(
                    key + " has a limit below 1: give what the provider's account page says.");
        }
    }
}
