package io.penstock.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import sun.misc.Signal;

/// Ctrl-C, and the request to end: the first one asks, the second one ends the process at once.
/// Thread-safe.
final class Signals {

    private final AtomicInteger first = new AtomicInteger();
    private final CountDownLatch asked = new CountDownLatch(1);

    private Signals() {}

    /// Listens from now on, in place of whoever has.
    static Signals listen() {
        Signals signals = new Signals();
        Signal.handle(new Signal("INT"), signals::received);
        Signal.handle(new Signal("TERM"), signals::received);
        return signals;
    }

    private void received(Signal signal) {
        if (!first.compareAndSet(0, signal.getNumber())) {
            Runtime.getRuntime().halt(ExitCode.SIGNALLED + signal.getNumber());
        }
        asked.countDown();
    }

    /// Waits so long, or until a process that was not asked to stop yet is.
    void await(long nanos) throws InterruptedException {
        if (isAskedToStop()) {
            TimeUnit.NANOSECONDS.sleep(nanos);
        } else {
            asked.await(nanos, TimeUnit.NANOSECONDS);
        }
    }

    boolean isAskedToStop() {
        return first.get() != 0;
    }

    int exitCode() {
        return ExitCode.SIGNALLED + first.get();
    }
}
