package io.penstock.batch;

import io.penstock.store.ChunkQueue;
import io.penstock.store.StoreException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jboss.logging.Logger;

/// Keeps a message invisible as long as its worker lives, and only a little longer: when the worker
/// dies the message comes back after a lease, whatever the queue's own timeout is.
///
/// In a function the message was hidden for a lease already when it came, in case that process died
/// before it got here.
final class Visibility implements AutoCloseable {

    private static final Logger LOG = Logger.getLogger(Visibility.class);

    private final ChunkQueue queue;
    private final String receipt;
    private final Duration lease;
    private final Thread keeper;
    private volatile boolean closed;

    Visibility(ChunkQueue queue, String receipt, Duration lease) {
        this.queue = queue;
        this.receipt = receipt;
        this.lease = lease;
        keeper = Thread.ofVirtual().name("visibility").start(this::keep);
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(keeper);
    }

    private void keep() {
        while (!closed) {
            try {
                queue.extend(receipt, lease.plusSeconds(1));
            } catch (StoreException failed) {
                LOG.debugf("A message may be delivered twice: %s", failed.getMessage());
            }
            long end = System.nanoTime() + lease.dividedBy(2).toNanos();
            for (long left = end - System.nanoTime();
                    left > 0 && !closed;
                    left = end - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
        }
    }
}
