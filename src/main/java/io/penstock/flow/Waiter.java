package io.penstock.flow;

import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A call in line. Decided once, under the lock of [Admission], and awaited by its own thread.
final class Waiter {

    private final Want want;
    private final long patientUntil;
    private final Thread thread = Thread.currentThread();
    private volatile @Nullable Decision decision;

    /// @param patientUntil the latest known end of a wait that it waits for, in microseconds
    Waiter(Want want, long patientUntil) {
        this.want = want;
        this.patientUntil = patientUntil;
    }

    Want want() {
        return want;
    }

    long patientUntil() {
        return patientUntil;
    }

    @Nullable Decision decision() {
        return decision;
    }

    void decide(Decision made) {
        decision = made;
        LockSupport.unpark(thread);
    }

    /// Waits for the decision, at most so long, or until the thread is interrupted.
    void await(long nanos) {
        long end = System.nanoTime() + nanos;
        for (long left = nanos;
                left > 0 && decision == null && !Thread.currentThread().isInterrupted();
                left = end - System.nanoTime()) {
            LockSupport.parkNanos(this, left);
        }
    }
}
