package io.penstock.llm;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Why a call has no answer.
///
/// @param message one sentence for the caller that says what to do; it holds no key and no prompt
/// @param providerCode the provider's own error code, such as `context_length_exceeded`
/// @param retryAfter when a new call makes sense, if that is known
public record Failure(
        FailureKind kind,
        String message,
        @Nullable String providerCode,
        @Nullable Duration retryAfter)
        implements Outcome {

    static Failure of(FailureKind kind, String message) {
        return new Failure(kind, message, null, null);
    }

    static Failure of(FailureKind kind, String message, Duration retryAfter) {
        return new Failure(kind, message, null, retryAfter);
    }
}
