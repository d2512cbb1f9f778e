package io.penstock.json;

import org.jspecify.annotations.Nullable;

/// A field, or the request as a whole, that the caller has to change. Has no stack trace: it is an
/// answer. What is said [about][#about] a field becomes a sentence when it is told, since the one
/// who tells it knows where the value came from.
public final class InvalidRequest extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final @Nullable String param;
    private final String code;
    private final boolean isAboutParam;
    private final String said;

    private InvalidRequest(@Nullable String param, String code, boolean isAboutParam, String said) {
        super(null, null, false, false);
        this.param = param;
        this.code = code;
        this.isAboutParam = isAboutParam;
        this.said = said;
    }

    /// @param param the field, or null for the body as a whole
    /// @param message one sentence that says what to change
    public static InvalidRequest of(@Nullable String param, String code, String message) {
        return new InvalidRequest(param, code, false, message);
    }

    /// @param param the field, or null for the value as a whole; the sentence begins with it
    /// @param said how the sentence goes on, such as `is missing.`
    public static InvalidRequest about(@Nullable String param, String code, String said) {
        return new InvalidRequest(param, code, true, said);
    }

    /// The same for a value that is itself a field of what was sent.
    public InvalidRequest within(String field) {
        return new InvalidRequest(
                param == null ? field : field + "." + param, code, isAboutParam, said);
    }

    /// The same, said of a line of what was sent.
    public InvalidRequest atLine(long line) {
        return of(param, code, "Line " + line + ": " + text("It"));
    }

    public @Nullable String param() {
        return param;
    }

    public String code() {
        return code;
    }

    /// What to change, in one sentence.
    public String text() {
        return text("The body");
    }

    /// The same where the value as a whole is no body.
    ///
    /// @param whole its name at the beginning of a sentence, such as `The line`
    public String text(String whole) {
        if (!isAboutParam) {
            return said;
        }
        return (param == null ? whole : "\"" + param + "\"") + " " + said;
    }

    @Override
    public String getMessage() {
        return text();
    }
}
