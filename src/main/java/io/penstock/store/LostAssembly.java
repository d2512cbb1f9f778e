package io.penstock.store;

/// What was written of a file before is gone: it is to be written again from its start.
public final class LostAssembly extends StoreException {

    private static final long serialVersionUID = 1L;

    /// @param message names the file
    public LostAssembly(String message, Throwable cause) {
        super(message, cause);
    }
}
