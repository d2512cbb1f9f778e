package io.penstock.access;

import io.penstock.flow.Permit;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// What a key's limits say to a call that wants to begin.
public sealed interface Entry {

    /// It may; it [leaves][KeyAccount#leave] when it has ended.
    ///
    /// @param permit of the key's own limits; null where it has none
    record Open(@Nullable Permit permit) implements Entry {}

    /// Not now: some rate, or the calls at once, are used up.
    ///
    /// @param retryAfter when there is room again, to the extent that others do not take it
    record Later(String sentence, Duration retryAfter) implements Entry {}

    /// Not before somebody changes the key, or another day comes.
    ///
    /// @param code for programs
    record Never(String code, String sentence) implements Entry {}
}
