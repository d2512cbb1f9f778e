package io.penstock.flow;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Which [Gate] the calls to a model go through: that of the configured budget that covers it, or
/// one of its own. Guarded by the lock of [Admission].
final class Groups {

    /// A provider has a few dozen models; the cap keeps made-up model names from filling the
    /// memory.
    private static final int GATES_MAX = 10_000;

    /// Looking through all of them is not worth it for each made-up name.
    private static final long TIDY_EVERY_NANOS = 1_000_000_000;

    private final FlowConfig config;
    private final Map<String, Gate> gates = new HashMap<>();
    private final Map<String, Gate> budgeted = new HashMap<>();
    private final Gate crowded;
    private long tidiedNanos = System.nanoTime() - TIDY_EVERY_NANOS;

    /// @param opened told of each gate that has a budget
    Groups(FlowConfig config, Consumer<Gate> opened) {
        this.config = config;
        this.crowded = new Gate("crowded", config, null);
        config.budgets()
                .forEach((name, budget) -> {
                    Gate gate = new Gate(name, config, budget);
                    opened.accept(gate);
                    budgeted.put(name, gate);
                });
    }

    /// The gates that have a budget.
    Collection<Gate> budgeted() {
        return budgeted.values();
    }

    /// The gate of the budget that covers a model; null when none does.
    @Nullable Gate budgeted(String model) {
        for (Gate gate : budgeted.values()) {
            FlowConfig.BudgetConfig configured = gate.configured();
            if (configured != null && configured.covers(model, gate.name())) {
                return gate;
            }
        }
        return null;
    }

    /// The one for all models that there is no room for: it knows nothing of any provider.
    boolean isCrowded(Gate gate) {
        return gate == crowded;
    }

    /// @param isIdle whether a gate may be forgotten when room is short
    Gate of(String model, Predicate<Gate> isIdle) {
        Gate known = gates.get(model);
        if (known != null) {
            return known;
        }
        Gate found = budgeted(model);
        if (gates.size() >= GATES_MAX) {
            if (found != null) {
                return found;
            }
            if (System.nanoTime() - tidiedNanos > TIDY_EVERY_NANOS) {
                gates.values().removeIf(isIdle);
                tidiedNanos = System.nanoTime();
            }
            if (gates.size() >= GATES_MAX) {
                return crowded;
            }
        }
        Gate gate = found != null ? found : new Gate(model, config, null);
        gates.put(model, gate);
        return gate;
    }
}
