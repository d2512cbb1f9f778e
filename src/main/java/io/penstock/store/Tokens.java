package io.penstock.store;

/// What answers have cost.
///
/// @param prompt tokens, as the provider has counted them
/// @param completion the same
/// @param costNanos in billionths of the currency of the configured prices; 0 where none is known
/// @param cached tokens of the prompts that the provider had already
/// @param reasoning tokens of the completions that are not in their texts
public record Tokens(long prompt, long completion, long costNanos, long cached, long reasoning) {

    public static final Tokens NONE = new Tokens(0, 0, 0);

    /// Tokens of which no more is known.
    public Tokens(long prompt, long completion, long costNanos) {
        this(prompt, completion, costNanos, 0, 0);
    }

    public Tokens plus(Tokens other) {
        return new Tokens(
                prompt + other.prompt,
                completion + other.completion,
                costNanos + other.costNanos,
                cached + other.cached,
                reasoning + other.reasoning);
    }

    public long total() {
        return prompt + completion;
    }
}
