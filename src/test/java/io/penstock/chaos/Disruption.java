package io.penstock.chaos;

/// Something that was done to a process or to the store.
///
/// @param from Unix milliseconds, as in the provider's log
/// @param to when the process was back, or the store free
record Disruption(Kind kind, double from, double to) {

    enum Kind {
        KILL,
        FREEZE,
        OBSTRUCTION
    }

    /// Until a process that stood still has noticed that another has its chunks.
    private static final double NOTICED_MILLIS = 1_000;

    /// Whether it can be why a call was made at `first` and again at `second`. Who dies takes calls
    /// along that were made before; while the store is obstructed or a process stands still, and
    /// until it has noticed, new ones may be made in vain.
    boolean explains(double first, double second) {
        return from <= second && (kind == Kind.KILL ? from : to + NOTICED_MILLIS) >= first;
    }
}
