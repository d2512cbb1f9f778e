package io.penstock.llm;

import java.util.Locale;

/// Why a call gave no answer; the kind alone decides what happens next.
public enum FailureKind {
    /// The provider said 429 for requests or tokens: again, not before its `Retry-After`.
    RATE_LIMITED(true),
    /// The provider has no capacity (503, 529): again, with growing waits.
    OVERLOADED(true),
    /// The provider failed (other 5xx, 409, or an error with status 200 that sounds as if it
    /// passed).
    SERVER(true),
    /// No connection, or it broke before the answer began.
    TRANSPORT(true),
    /// One attempt took longer than `penstock.llm.timeout`; it was ended at the provider.
    TIMEOUT(true),
    /// The answer stopped short: cut or malformed body, no choices, no content, no finish reason.
    TRUNCATED(true),
    /// The answer hit a length limit that the caller did not set; the same prompt would hit it
    /// again.
    LENGTH(false),
    /// The answer came, but is none of those that were asked for, or cannot be trusted: the next
    /// one would be paid for too, and most likely be the same.
    UNEXPECTED_ANSWER(false),
    /// The answer of a task's model is none of what the task returns, though it was asked again.
    INVALID_ANSWER(false),
    /// The application's own code around a task's model failed.
    TASK_FAILED(false),
    /// The provider refuses this prompt as it is.
    INVALID_REQUEST(false),
    /// The provider's filter or the model itself declined to answer.
    CONTENT_FILTER(false),
    /// The provider refuses our key.
    AUTHENTICATION(false),
    /// The account has no credit or has reached a spend limit: time alone does not cure it.
    QUOTA_EXHAUSTED(false),
    /// Our own limits are full: the call was not made.
    REJECTED(false),
    /// The caller's deadline passed.
    DEADLINE_EXCEEDED(false),
    /// The caller left or cancelled.
    CANCELLED(false);

    private final boolean retryable;
    private final String code;

    FailureKind(boolean retryable) {
        this.retryable = retryable;
        this.code = name().toLowerCase(Locale.ROOT);
    }

    /// Whether the same prompt may succeed when sent again.
    public boolean retryable() {
        return retryable;
    }

    /// The name on the wire, such as `rate_limited`.
    public String code() {
        return code;
    }
}
