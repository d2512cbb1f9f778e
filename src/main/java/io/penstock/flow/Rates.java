package io.penstock.flow;

import org.jspecify.annotations.Nullable;

/// What a provider's answer says of its limits; null for what it does not say.
///
/// @param requestLimit a minute
/// @param tokenLimit a minute
public record Rates(
        @Nullable Long requestLimit,
        @Nullable Long requestsLeft,
        @Nullable Long tokenLimit,
        @Nullable Long tokensLeft) {

    /// Nothing is said.
    public static final Rates UNKNOWN = new Rates(null, null, null, null);
}
