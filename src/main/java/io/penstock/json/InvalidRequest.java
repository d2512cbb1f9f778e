package io.penstock.json;

import org.jspecify.annotations.Nullable;

/// A field, or the request as a whole, that the caller has to change. Has no stack trace: it is an
/// answer.
public final class InvalidRequest extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final @Nullable String param;
    private final String code;

    private InvalidRequest(@Nullable String param, String code, String message) {
        super(message, null, false, false);
        this.param = param;
        this.code = code;
    }

    /// @param param the field, or null for the body as a whole
    /// @param message one sentence that says what to change
    public static InvalidRequest of(@Nullable String param, String code, String message) {
        return new InvalidRequest(param, code, message);
    }

    public @Nullable String param() {
        return param;
    }

    public String code() {
        return code;
    }

    /// What to change, in one sentence.
    public String text() {
        return String.valueOf(getMessage());
    }
}
