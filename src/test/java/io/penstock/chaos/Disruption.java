package io.penstock.chaos;

/// Something that was done to a process or to the store.
///
/// @param from Unix milliseconds, as in the provider's log
/// @param to when the process was back, or the store free
record Disruption(Kind kind, double from, double to) {

    enum Kind {
        KILL,
        FREEZE,
        LOCK
    }

    boolean overlaps(double start, double end) {
        return from <= end && to >= start;
    }
}
