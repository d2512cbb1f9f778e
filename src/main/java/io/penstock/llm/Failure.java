package io.penstock.llm;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Why a call has no answer.
///
/// @param message one sentence for the caller that says what to do; it holds no key and no prompt
/// @param providerCode the provider's own error code, such as `context_length_exceeded`
/// @param retryAfter when a new call makes sense, if that is known
/// @param status the provider's HTTP status, if it answered with an error; else 0
/// @param param what the provider found wrong, such as `messages[0].content`
/// @param requestId the provider's own id of the request, for its support
public record Failure(
        FailureKind kind,
        String message,
        @Nullable String providerCode,
        @Nullable Duration retryAfter,
        int status,
        @Nullable String param,
        @Nullable String requestId)
        implements Outcome {

    /// The provider code of a web page in the place of an answer.
    static final String WEB_PAGE = "web_page";

    /// Whether it may come of Penstock's key or of the provider's address rather than of the
    /// prompt: then all other prompts meet with the same.
    public boolean isRefusal() {
        return switch (kind) {
            case AUTHENTICATION -> true;
            case INVALID_REQUEST ->
                    switch (status) {
                        case 401, 403, 404, 405, 410 -> true;
                        default -> status >= 300 && status <= 399;
                    };
            case TRUNCATED -> WEB_PAGE.equals(providerCode);
            default -> false;
        };
    }

    /// A failure that is not the provider's word.
    public Failure(
            FailureKind kind,
            String message,
            @Nullable String providerCode,
            @Nullable Duration retryAfter) {
        this(kind, message, providerCode, retryAfter, 0, null, null);
    }

    static Failure of(FailureKind kind, String message) {
        return new Failure(kind, message, null, null);
    }

    static Failure of(FailureKind kind, String message, Duration retryAfter) {
        return new Failure(kind, message, null, retryAfter);
    }
}
