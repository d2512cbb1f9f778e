package io.penstock.chaos;

/// Something that was done to a process or to the store.
///
/// @param from Unix milliseconds, as in the provider's log; nothing was done before
/// @param to when a process that was to end could do nothing more, or a frozen one was back, or the
///   store free
record Disruption(Kind kind, double from, double to) {

    enum Kind {
        KILL,
        FREEZE,
        OBSTRUCTION
    }

    /// Until a process that stood still has noticed that another has its chunks.
    private static final double NOTICED_MILLIS = 1_000;

    /// Until the provider has seen the last call of a process that can make no more, on a busy
    /// machine.
    private static final double SEEN_MILLIS = 250;

    /// Whether it can be why a call was made at `first` and again at `second`. Who dies takes calls
    /// along that were made before, also while the signal was on its way; while the store is
    /// obstructed or a process stands still, and until it has noticed, new ones may be made in
    /// vain.
    boolean explains(double first, double second) {
        double vain = to + (kind == Kind.KILL ? SEEN_MILLIS : NOTICED_MILLIS);
        return from <= second && vain >= first;
    }
}
