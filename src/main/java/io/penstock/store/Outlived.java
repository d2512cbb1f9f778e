package io.penstock.store;

/// Jobs past their retention and files that have expired, which nobody can read any more.
public interface Outlived {

    /// Removes them with all that belongs to them, where the engine does not do so by itself.
    void forget();
}
