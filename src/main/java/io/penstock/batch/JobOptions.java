package io.penstock.batch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import java.math.BigDecimal;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What is asked of a job as a whole, beside the options of its items.
///
/// @param priority how its calls stand to those of other jobs
/// @param maxCost what it may cost, in the currency of the configured prices
public record JobOptions(Priority priority, @Nullable BigDecimal maxCost) {

    /// The names of the options.
    public static final Set<String> NAMES = Set.of("priority", "max_cost", "pipeline");

    /// How many calls of a job start for one of a job with low priority.
    enum Priority {
        LOW(1),
        NORMAL(2),
        HIGH(6);

        private final int weight;

        Priority(int weight) {
            this.weight = weight;
        }
    }

    int weight() {
        return priority.weight;
    }

    /// Reads stored options.
    static JobOptions of(ObjectNode options) {
        JsonNode most = options.path("max_cost");
        return new JobOptions(
                switch (options.path("priority").asText("normal")) {
                    case "low" -> Priority.LOW;
                    case "high" -> Priority.HIGH;
                    default -> Priority.NORMAL;
                },
                most.isNumber() ? most.decimalValue() : null);
    }

    /// Checks options that were sent.
    ///
    /// @throws InvalidRequest that names the field
    static void check(Fields options, boolean pricesAreKnown) {
        String priority = options.text("priority");
        if (priority != null && !Set.of("low", "normal", "high").contains(priority)) {
            throw InvalidRequest.of(
                    "priority", "out_of_range", "\"priority\" must be low, normal or high.");
        }
        Double most = options.number("max_cost", 0, 1e9);
        if (most != null && !pricesAreKnown) {
            throw InvalidRequest.of(
                    "max_cost",
                    "out_of_range",
                    "\"max_cost\" cannot be kept: no model has a price (penstock.llm.prices).");
        }
    }
}
