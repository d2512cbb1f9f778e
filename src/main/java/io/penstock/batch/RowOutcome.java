package io.penstock.batch;

import org.jspecify.annotations.Nullable;

/// How a row of a task has ended.
///
/// @param <T> what the task returns
public sealed interface RowOutcome<T> {

    /// Its place in what was submitted, from 0.
    long index();

    /// The id that it was submitted with; null for none.
    @Nullable String id();

    /// Requests made to the provider for it.
    int attempts();

    /// With what the task's method has returned.
    ///
    /// @param value null where its `@Fallback` has returned null
    /// @param fallback whether it is that of the method's `@Fallback` and no model's
    record Returned<T>(
            long index, @Nullable String id, int attempts, @Nullable T value, boolean fallback)
            implements RowOutcome<T> {}

    /// Without a value.
    ///
    /// @param code as in a result line, such as `invalid_answer`
    /// @param message one sentence that says why
    /// @param raw the model's answer that does not fit; null where that is not why
    record Failed<T>(
            long index,
            @Nullable String id,
            int attempts,
            String code,
            String message,
            @Nullable String raw)
            implements RowOutcome<T> {}
}
