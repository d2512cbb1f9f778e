package io.penstock.store;

/// The store, the payloads or the queue cannot do what was asked; the message names the object.
/// Trying again later makes sense unless the message says otherwise.
public class StoreException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public StoreException(String message, Throwable cause) {
        super(message, cause);
    }

    public StoreException(String message) {
        super(message);
    }

    /// The object and what is wrong with it, in one sentence.
    public final String text() {
        return String.valueOf(getMessage());
    }
}
