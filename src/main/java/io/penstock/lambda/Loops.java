package io.penstock.lambda;

import io.penstock.batch.BatchConfig;
import io.penstock.batch.Shift;
import io.penstock.batch.Sweep;
import io.penstock.batch.Worker;
import io.penstock.store.ChunkQueue;
import io.penstock.store.StoreLog;
import io.penstock.store.Where;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// Outside of AWS Lambda, stands in for its SQS event source mapping and its schedule: loops that
/// receive messages and hand each to the [Worker], as [WorkHandler] does there, and one that
/// sweeps.
@ApplicationScoped
public class Loops {

    /// Where processes share the chunks, so that each gets some of a small batch.
    private static final int WORKERS = 4;

    /// Where one process has them all. A chunk's last items may wait for their next attempts while
    /// others run.
    private static final int WORKERS_ALONE = 12;

    /// A wait for a message: short, so that a stop is noticed soon.
    private static final Duration TURN = Duration.ofSeconds(1);

    private static final Duration AFTER_FAILURE = Duration.ofSeconds(1);

    /// How long a stopping process waits for its workers to hand their chunks on.
    private static final Duration STOP_WAIT = Duration.ofSeconds(25);

    private final ChunkQueue queue;
    private final Worker worker;
    private final Sweep sweep;
    private final BatchConfig config;
    private final StoreLog storeLog;
    private final Where where;
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean stopping;

    Loops(
            ChunkQueue queue,
            Worker worker,
            Sweep sweep,
            BatchConfig config,
            StoreLog storeLog,
            Where where) {
        this.storeLog = storeLog;
        this.where = where;
        this.queue = queue;
        this.worker = worker;
        this.sweep = sweep;
        this.config = config;
    }

    void start(@Observes StartupEvent started) {
        if (!where.isCommand()) {
            begin();
        }
    }

    /// Begins to work. A command does it when it has looked at what there is.
    public void begin() {
        int workers = config.checked().workers().orElse(usual());
        if (workers == 0) {
            return;
        }
        // An embedded store is this process's alone.
        Thread before =
                Thread.ofVirtual()
                        .name("take-over")
                        .start(where.engine() == Where.Engine.LOCAL ? this::takeOver : () -> {});
        for (int i = 0; i < workers; i++) {
            threads.add(
                    Thread.ofVirtual()
                            .name("worker-", i)
                            .start(() -> work(before, () -> queue.receive(1, TURN))));
        }
        // So that a small job begins at once while the others are all at a large one's chunks.
        threads.add(
                Thread.ofVirtual()
                        .name("worker-", workers)
                        .start(() -> work(before, () -> queue.receiveFromIdleGroup(TURN))));
        threads.add(Thread.ofVirtual().name("sweep").start(this::sweep));
    }

    private int usual() {
        if (where.isFunction()) {
            return 0;
        }
        return where.engine() == Where.Engine.LOCAL ? WORKERS_ALONE : WORKERS;
    }

    void stop(@Observes ShutdownEvent ending) {
        stopping = true;
        if (threads.isEmpty()) {
            return;
        }
        worker.close(STOP_WAIT);
        threads.getLast().interrupt();
        Instant latest = Instant.now().plus(STOP_WAIT);
        for (Thread thread : threads) {
            try {
                Duration left = Duration.between(Instant.now(), latest);
                if (!thread.join(left.isPositive() ? left : Duration.ofMillis(1))) {
                    thread.interrupt();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private interface Source {
        List<ChunkQueue.Delivery> receive() throws InterruptedException;
    }

    private void takeOver() {
        try {
            sweep.takeOver();
        } catch (RuntimeException failed) {
            storeLog.failed(
                    "Chunks of a process that has ended wait for the end of their leases",
                    String.valueOf(failed.getMessage()));
        }
    }

    private void work(Thread before, Source source) {
        while (!stopping) {
            try {
                before.join();
                for (ChunkQueue.Delivery delivery : source.receive()) {
                    handle(delivery);
                }
            } catch (InterruptedException _) {
                return;
            } catch (RuntimeException | Error failed) {
                // An error too: nobody would notice that a loop has ended.
                storeLog.failed("A worker pauses", String.valueOf(failed.getMessage()));
                if (!pause(AFTER_FAILURE)) {
                    return;
                }
            }
        }
    }

    private void handle(ChunkQueue.Delivery delivery) throws InterruptedException {
        if (worker.handle(delivery.body(), delivery.receipt(), Shift.endless())) {
            queue.delete(delivery);
        } else {
            queue.extend(delivery.receipt(), Duration.ofSeconds(2L * delivery.receiveCount()));
        }
    }

    private void sweep() {
        while (!stopping) {
            if (!pause(config.sweepEvery())) {
                return;
            }
            try {
                sweep.sweep();
            } catch (InterruptedException _) {
                return;
            } catch (RuntimeException failed) {
                storeLog.failed(
                        "A sweep failed; the next one tries again",
                        String.valueOf(failed.getMessage()));
            }
        }
    }

    private static boolean pause(Duration duration) {
        try {
            Thread.sleep(duration);
            return true;
        } catch (InterruptedException _) {
            return false;
        }
    }
}
