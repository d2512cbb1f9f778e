package io.penstock.llm;

import java.io.IOException;

/// A provider answered with something that is not HTTP, or not surely what it seems. Has no stack
/// trace: it tells of bytes.
final class NotHttp extends IOException {

    private static final long serialVersionUID = 1L;

    private final boolean isAnswer;

    private NotHttp(boolean isAnswer, String why) {
        super(why);
        this.isAnswer = isAnswer;
    }

    /// @param start what came in place of a status line
    static NotHttp otherProtocol(String start) {
        return new NotHttp(
                false, "it begins with \"" + ProviderFailure.printable(start.strip()) + "\"");
    }

    static NotHttp unreadable(Throwable cause) {
        return badHead(
                "its head cannot be read ("
                        + ProviderFailure.printable(String.valueOf(cause.getMessage()))
                        + ")");
    }

    /// @param why half a sentence
    static NotHttp badHead(String why) {
        return new NotHttp(true, why);
    }

    /// Whether there was a status line, so that a request was answered.
    boolean isAnswer() {
        return isAnswer;
    }

    @Override
    public Throwable fillInStackTrace() {
        return this;
    }
}
