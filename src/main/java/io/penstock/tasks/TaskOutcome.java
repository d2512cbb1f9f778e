package io.penstock.tasks;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.llm.Failure;
import org.jspecify.annotations.Nullable;

/// How a run of a task ended.
public sealed interface TaskOutcome {

    /// With what its method has returned.
    ///
    /// @param value as JSON
    /// @param fallback whether it is that of the method's `@Fallback` and no model's
    record Returned(JsonNode value, boolean fallback) implements TaskOutcome {}

    /// Without a value.
    ///
    /// @param raw the model's answer that does not fit; null where that is not why
    record Failed(Failure failure, @Nullable String raw) implements TaskOutcome {}
}
