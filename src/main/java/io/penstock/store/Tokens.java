package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;

/// What answers have cost.
///
/// @param prompt tokens, as the provider has counted them
/// @param completion tokens, counted likewise
/// @param costNanos in billionths of the currency of the configured prices; 0 where none is known
/// @param cached tokens of the prompts that the provider had already
/// @param reasoning tokens of the completions that are not in their texts
/// @param uncounted answers of which the tokens or, where there are prices, the cost is not known
public record Tokens(
        long prompt, long completion, long costNanos, long cached, long reasoning, long uncounted) {

    private static final int NANO_DIGITS = 9;

    public static final Tokens NONE = new Tokens(0, 0, 0);

    /// Tokens of which only the two counts are known.
    public Tokens(long prompt, long completion, long costNanos) {
        this(prompt, completion, costNanos, 0, 0, 0);
    }

    public Tokens plus(Tokens other) {
        return new Tokens(
                prompt + other.prompt,
                completion + other.completion,
                costNanos + other.costNanos,
                cached + other.cached,
                reasoning + other.reasoning,
                uncounted + other.uncounted);
    }

    public Tokens minus(Tokens other) {
        return new Tokens(
                prompt - other.prompt,
                completion - other.completion,
                costNanos - other.costNanos,
                cached - other.cached,
                reasoning - other.reasoning,
                uncounted - other.uncounted);
    }

    /// The same, with no word of answers that are not in it.
    public Tokens counted() {
        return new Tokens(prompt, completion, costNanos, cached, reasoning, 0);
    }

    /// In the currency of the configured prices.
    public BigDecimal cost() {
        return BigDecimal.valueOf(costNanos, NANO_DIGITS);
    }

    public long total() {
        return prompt + completion;
    }

    /// Writes what [#of] reads.
    public void putTo(ObjectNode json) {
        json.put("prompt", prompt)
                .put("completion", completion)
                .put("cost_nanos", costNanos)
                .put("cached", cached)
                .put("reasoning", reasoning)
                .put("uncounted", uncounted);
    }

    public static Tokens of(JsonNode json) {
        return new Tokens(
                json.path("prompt").asLong(),
                json.path("completion").asLong(),
                json.path("cost_nanos").asLong(),
                json.path("cached").asLong(),
                json.path("reasoning").asLong(),
                json.path("uncounted").asLong());
    }
}
