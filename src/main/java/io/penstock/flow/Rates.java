package io.penstock.flow;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// What a provider's answer says of its limits; null for what it does not say.
///
/// @param requestLimit a minute, by its name; it may be of another time
/// @param requestsLeft how many may start now
/// @param requestReset how long it takes until all are there again
/// @param tokenLimit a minute, by its name
/// @param tokensLeft how many may be used now
/// @param tokenReset how long it takes until all are there again
public record Rates(
        @Nullable Long requestLimit,
        @Nullable Long requestsLeft,
        @Nullable Duration requestReset,
        @Nullable Long tokenLimit,
        @Nullable Long tokensLeft,
        @Nullable Duration tokenReset) {
    /// Nothing is said.
    public static final Rates UNKNOWN = new Rates(null, null, null, null);

    /// Limits, and what is left of them.
    public Rates(
            @Nullable Long requestLimit,
            @Nullable Long requestsLeft,
            @Nullable Long tokenLimit,
            @Nullable Long tokensLeft) {
        this(requestLimit, requestsLeft, null, tokenLimit, tokensLeft, null);
    }
}
