package io.penstock.flow;

import io.penstock.store.BudgetStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// What one caller may use, over all processes that share the store: a budget like those of the
/// provider's account, of the caller's own. Immutable.
///
/// @param name of the budget in the store; no model has it
/// @param requestsPerMinute from 1, as the other two; empty for no limit
/// @param tokensPerMinute of prompts and answers together
/// @param maxInFlight calls at once
public record CallerLimits(
        String name,
        OptionalLong requestsPerMinute,
        OptionalLong tokensPerMinute,
        OptionalInt maxInFlight)
        implements FlowConfig.BudgetConfig {

    /// It is asked for by its name, whatever the model.
    @Override
    public Optional<List<String>> models() {
        return Optional.empty();
    }

    /// Lets the caller's calls start, each asked for with the name of these limits as its model.
    public Admission admission(FlowConfig config, BudgetStore budgets) {
        return new Admission(new Own(config, this), budgets);
    }

    /// Nothing but the limits bounds a caller's calls here: what this process and the provider can
    /// take is asked for afterwards.
    private record Own(FlowConfig process, CallerLimits limits) implements FlowConfig {

        private static final int NO_BOUND = 10_000;

        @Override
        public int maxConcurrency() {
            return NO_BOUND;
        }

        @Override
        public int maxWaiting() {
            return process.maxWaiting();
        }

        @Override
        public Duration maxWait() {
            return process.maxWait();
        }

        @Override
        public OptionalInt reservedForInteractive() {
            return OptionalInt.of(0);
        }

        @Override
        public int startConcurrency() {
            return NO_BOUND;
        }

        @Override
        public int breakerFailures() {
            return 0;
        }

        @Override
        public Duration refresh() {
            return process.refresh();
        }

        @Override
        public Map<String, BudgetConfig> budgets() {
            return Map.of(limits.name(), limits);
        }
    }
}
