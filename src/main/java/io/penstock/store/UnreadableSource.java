package io.penstock.store;

/// A file that a caller named cannot be read, and trying again does not help. The message says what
/// to change. Has no stack trace: it is an answer.
public final class UnreadableSource extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public UnreadableSource(String message) {
        super(message, null, false, false);
    }

    /// What to change, in one sentence.
    public String text() {
        return String.valueOf(getMessage());
    }
}
