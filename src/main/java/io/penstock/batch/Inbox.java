package io.penstock.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Carries messages from many threads to the one that owns the inbox, each sender's in their order.
/// It holds only so many: a sender waits while it is full, so that nothing piles up while its owner
/// waits for the store. Thread-safe.
final class Inbox<T> {

    private final int max;

    // No monitor: threads wait here.
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition sent = lock.newCondition();
    private final Condition room = lock.newCondition();

    private List<T> messages = new ArrayList<>();
    private long firstNanos;
    private long takenNanos = System.nanoTime();
    private boolean closed;

    /// @param max messages at most
    Inbox(int max) {
        this.max = max;
    }

    /// Sends a message. An interrupt does not keep it from being sent: the owner counts on it. Once
    /// the inbox is closed, messages are dropped.
    void send(T message) {
        lock.lock();
        try {
            while (messages.size() >= max && !closed) {
                room.awaitUninterruptibly();
            }
            if (closed) {
                return;
            }
            if (messages.isEmpty()) {
                firstNanos = System.nanoTime();
                sent.signal();
            }
            messages.add(message);
        } finally {
            lock.unlock();
        }
    }

    /// Takes all messages, after a wait for the first.
    ///
    /// @param nanos to wait at most
    /// @return none when the time is up, or a little earlier
    List<T> take(long nanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            if (messages.isEmpty()) {
                sent.awaitNanos(nanos);
            }
            if (!messages.isEmpty()) {
                takenNanos = firstNanos;
            }
            return taken();
        } finally {
            lock.unlock();
        }
    }

    /// When the first of the messages that were taken last was sent, as [System#nanoTime()]. For
    /// the owner.
    long takenNanos() {
        return takenNanos;
    }

    /// Lets the senders go: there will be no more [#take].
    ///
    /// @return the messages that were not taken
    List<T> close() {
        lock.lock();
        try {
            closed = true;
            return taken();
        } finally {
            lock.unlock();
        }
    }

    private List<T> taken() {
        List<T> all = messages;
        messages = new ArrayList<>();
        room.signalAll();
        return all;
    }
}
