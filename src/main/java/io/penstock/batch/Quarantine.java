package io.penstock.batch;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Lets a run have this process's items to itself, so that what its item does is seen by the
/// process's end: a process that dies takes down whatever it works on, and whoever is killed soon
/// after its start each time has nothing to blame on what it began with. Thread-safe.
@ApplicationScoped
class Quarantine {

    private final LongSupplier nanos;
    private final long provenNanos;
    private final long startNanos;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition free = lock.newCondition();
    private volatile boolean lives;

    /// The run that is alone, or waits to be.
    private @Nullable Member alone;

    private int atWork;

    @Inject
    Quarantine(BatchConfig config) {
        this(config.lease(), System::nanoTime);
    }

    /// @param proven for how long a process must have lived to have shown that it can
    Quarantine(Duration proven, LongSupplier nanos) {
        this.nanos = nanos;
        this.provenNanos = proven.toNanos();
        this.startNanos = nanos.getAsLong();
    }

    private boolean lives() {
        return lives || nanos.getAsLong() - startNanos >= provenNanos;
    }

    /// A chunk's run in this process.
    Member member() {
        return new Member();
    }

    /// One run among those of this process. Thread-safe.
    final class Member {

        private Member() {}

        /// An item was answered in this process.
        void answered() {
            lives = true;
        }

        /// Begins an item, when no other run is alone or about to be.
        void begin() throws InterruptedException {
            lock.lockInterruptibly();
            try {
                while (alone != null && alone != this) {
                    free.await();
                }
                atWork++;
            } finally {
                lock.unlock();
            }
        }

        /// Ends an item.
        void end() {
            lock.lock();
            try {
                atWork--;
            } finally {
                lock.unlock();
            }
        }

        /// Whether this run is the only one at work, in a process that has shown that it lives. To
        /// be asked again and again; meanwhile others begin no more.
        boolean isAlone() {
            if (!lives()) {
                return false;
            }
            lock.lock();
            try {
                if (alone == null) {
                    alone = this;
                }
                return alone == this && atWork == 0;
            } finally {
                lock.unlock();
            }
        }

        /// Lets the others go on.
        void leave() {
            lock.lock();
            try {
                if (alone == this) {
                    alone = null;
                    free.signalAll();
                }
            } finally {
                lock.unlock();
            }
        }
    }
}
