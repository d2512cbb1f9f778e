package io.penstock.flow;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Bounds how many calls of one kind are in flight in this process, whatever their model: a call
/// has its turn for one attempt, waits for it before it asks for a [Permit], and holds none while
/// it backs off. Thread-safe.
public final class Turns {

    private final ReentrantLock lock = new ReentrantLock();
    private final Queue<Place> queue = new Queue<>();
    private int free;

    private final class Place {
        private final Condition called = lock.newCondition();
        private final @Nullable String job;
        private final int weight;
        private boolean hasTurn;

        private Place(@Nullable String job, int weight) {
            this.job = job;
            this.weight = weight;
        }
    }

    /// @param atOnce from 1
    public Turns(int atOnce) {
        this.free = atOnce;
    }

    /// The right to make one attempt, until closed. Close it once.
    public final class Turn implements AutoCloseable {

        private Turn() {}

        @Override
        public void close() {
            lock.lock();
            try {
                free++;
                call();
            } finally {
                lock.unlock();
            }
        }
    }

    /// Waits for a turn.
    ///
    /// @param job whose call it is; null for one that somebody waits for
    /// @param weight how many calls of the job start for one of another with the weight 1
    /// @param longest to wait; null for as long as it takes
    /// @return null when it took too long
    /// @throws InterruptedException when the caller gave up
    public @Nullable Turn await(@Nullable String job, int weight, @Nullable Duration longest)
            throws InterruptedException {
        lock.lockInterruptibly();
        try {
            Place place = new Place(job, weight);
            queue.add(job, place);
            boolean kept = false;
            try {
                call();
                if (!place.hasTurn) {
                    wait(place, longest);
                }
                kept = place.hasTurn;
                return kept ? new Turn() : null;
            } finally {
                if (!kept) {
                    leave(place);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private static void wait(Place place, @Nullable Duration longest) throws InterruptedException {
        long left = longest == null ? 0 : TimeUnit.NANOSECONDS.convert(longest);
        while (!place.hasTurn && (longest == null || left > 0)) {
            if (longest == null) {
                place.called.await();
            } else {
                left = place.called.awaitNanos(left);
            }
        }
    }

    /// An interrupt may come just after its turn has.
    private void leave(Place place) {
        if (place.hasTurn) {
            free++;
            call();
        } else {
            queue.remove(place.job, place);
        }
    }

    private void call() {
        for (Place next = queue.head(true); free > 0 && next != null; next = queue.head(true)) {
            queue.start(next.job, next.weight, next);
            free--;
            next.hasTurn = true;
            next.called.signal();
        }
    }
}
