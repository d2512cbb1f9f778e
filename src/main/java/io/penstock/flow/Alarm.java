package io.penstock.flow;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Rings at the moment at which somebody may start. Guarded by the lock that it is given; its
/// thread takes that lock. Times are Unix microseconds.
final class Alarm {

    private static final Logger LOG = Logger.getLogger(Alarm.class);

    private final ReentrantLock lock;
    private final Condition earlier;
    private final LongSupplier clock;
    private final Runnable bell;
    private long nextAt = Gate.LATER;
    private @Nullable Thread thread;

    /// @param bell run under the lock; it sets the alarm anew
    Alarm(ReentrantLock lock, LongSupplier clock, Runnable bell) {
        this.lock = lock;
        this.earlier = lock.newCondition();
        this.clock = clock;
        this.bell = bell;
    }

    /// @param at [Gate#LATER] for not at all
    void set(long at) {
        boolean sooner = at < nextAt;
        nextAt = at;
        if (at == Gate.LATER) {
            return;
        }
        if (thread == null) {
            thread = Thread.ofVirtual().name("admission").start(this::run);
        } else if (sooner) {
            earlier.signal();
        }
    }

    private void run() {
        lock.lock();
        try {
            while (true) {
                long left = nextAt == Gate.LATER ? Gate.LATER : nextAt - clock.getAsLong();
                if (left <= 0) {
                    nextAt = Gate.LATER;
                    ring();
                } else if (left == Gate.LATER) {
                    earlier.await();
                } else {
                    earlier.awaitNanos(TimeUnit.MICROSECONDS.toNanos(left));
                }
            }
        } catch (InterruptedException _) {
            // Nobody interrupts it but the end of the process.
            thread = null;
        } finally {
            lock.unlock();
        }
    }

    /// Without the alarm everybody would wait for ever.
    private void ring() {
        try {
            bell.run();
        } catch (RuntimeException unforeseen) {
            LOG.error("The calls' timer failed in a way that nobody foresaw", unforeseen);
            nextAt = clock.getAsLong() + TimeUnit.SECONDS.toMicros(1);
        }
    }
}
