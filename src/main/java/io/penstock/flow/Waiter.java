package io.penstock.flow;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A call in line. Decided once, under the lock of [Admission], and awaited by its own thread.
final class Waiter {

    private final Want want;
    private final long patientUntil;
    private final Thread thread = Thread.currentThread();
    private final long lastNanos;
    private volatile long endNanos;
    private volatile @Nullable Decision decision;

    /// @param patientUntil the latest known end of a wait that it waits for, in microseconds
    Waiter(Want want, long patientUntil) {
        this.want = want;
        this.patientUntil = patientUntil;
        this.lastNanos = System.nanoTime() + nanos(want.before());
        this.endNanos = lastNanos;
    }

    private static long nanos(Duration time) {
        return Math.max(0, TimeUnit.NANOSECONDS.convert(time));
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

    /// Its time begins: nothing is in its way any more but others.
    void begin() {
        long end = System.nanoTime() + nanos(want.longest());
        endNanos = end - lastNanos < 0 ? end : lastNanos;
        LockSupport.unpark(thread);
    }

    /// Waits for the decision as long as the call wants to, or until the thread is interrupted.
    void await() {
        for (long left = endNanos - System.nanoTime();
                left > 0 && decision == null && !Thread.currentThread().isInterrupted();
                left = endNanos - System.nanoTime()) {
            LockSupport.parkNanos(this, left);
        }
    }
}
