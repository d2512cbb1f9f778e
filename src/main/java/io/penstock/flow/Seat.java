package io.penstock.flow;

import java.util.concurrent.atomic.AtomicInteger;

/// The seat of a call that is in. It holds no permit, and is free for another when this is closed,
/// once.
public final class Seat implements AutoCloseable {

    private final AtomicInteger taken;

    /// @param taken seats of its kind, this one included
    Seat(AtomicInteger taken) {
        this.taken = taken;
    }

    @Override
    public void close() {
        taken.decrementAndGet();
    }
}
