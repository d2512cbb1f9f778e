package io.penstock.flow;

import java.time.Duration;

/// What [Admission] says to a call that wants to start.
public sealed interface Decision permits Permit, Decision.Full, Decision.NotBefore {

    /// No permit came free in time.
    ///
    /// @param retryAfter when one is likely to be free
    record Full(Duration retryAfter) implements Decision {}

    /// The provider's `Retry-After` for this model outlasts the caller's time.
    ///
    /// @param retryAfter what is left of it
    record NotBefore(Duration retryAfter) implements Decision {}
}
