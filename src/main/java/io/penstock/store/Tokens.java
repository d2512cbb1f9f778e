package io.penstock.store;

/// What answers have cost.
///
/// @param prompt tokens, as the provider has counted them
/// @param completion the same
/// @param costNanos in billionths of the currency of the configured prices; 0 where none is known
public record Tokens(long prompt, long completion, long costNanos) {

    public static final Tokens NONE = new Tokens(0, 0, 0);

    public Tokens plus(Tokens other) {
        return new Tokens(
                prompt + other.prompt, completion + other.completion, costNanos + other.costNanos);
    }

    public long total() {
        return prompt + completion;
    }
}
