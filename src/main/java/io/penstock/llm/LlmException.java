package io.penstock.llm;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Carries a [Failure] through the fault tolerance layers, which know exceptions only; it never
/// leaves the package.
///
/// Has no stack trace: it is an answer, made by the thousand in a provider's bad minute.
final class LlmException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient Failure failure;
    private final boolean open;
    private final transient @Nullable Duration longestPause;

    /// @param open whether the caller still waits and nothing of an answer has reached it
    /// @param longestPause before another attempt at the same model; null when there is to be none
    LlmException(Failure failure, boolean open, @Nullable Duration longestPause) {
        super(failure.message(), null, false, false);
        this.failure = failure;
        this.open = open;
        this.longestPause = longestPause;
    }

    Failure failure() {
        return failure;
    }

    boolean isOpen() {
        return open;
    }

    @Nullable Duration longestPause() {
        return longestPause;
    }
}
