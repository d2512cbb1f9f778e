package io.penstock.dev;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// The provider's log and counters, and those who wait for the counters to change. Thread-safe.
///
/// Every method is called on an event loop and returns at once; a waiter is told under the lock and
/// must only hand over to its own event loop.
final class Ledger {
    private final int logLimit;
    private final ArrayDeque<LogEntry> log = new ArrayDeque<>();
    private final Set<Waiter> waiters = new LinkedHashSet<>();
    private long lastSeq;
    private long clearedSeq;
    private long dropped;
    private long requests;
    private int inFlight;
    private int peakInFlight;
    private long completed;
    private long aborted;
    private long faulted;
    private long overLimit;
    private int connectionsOpen;
    private long connectionsTotal;

    /// The counters at one moment; all but the three of what is open now count since the last
    /// [#clear()].
    record Stats(
            long requests,
            int inFlight,
            int peakInFlight,
            long completed,
            long aborted,
            long overLimit,
            int connectionsOpen,
            long connectionsTotal) {}

    /// A view of the log; `dropped` entries were too old to keep.
    record Page(long dropped, List<LogEntry> entries) {}

    /// Someone to be told, once, as soon as the condition holds.
    record Waiter(Predicate<Progress> condition, Consumer<Stats> told) {}

    /// The counters and how many requests have ended, in whatever way.
    record Progress(Stats stats, long ended) {}

    Ledger(int logLimit) {
        this.logLimit = logLimit;
    }

    synchronized LogEntry open(LogEntry.Arrival arrival) {
        var entry = new LogEntry(++lastSeq, arrival);
        if (log.size() >= logLimit) {
            log.pollFirst();
            dropped++;
        }
        if (logLimit > 0) {
            log.addLast(entry);
        }
        requests++;
        if (entry.limited()) {
            overLimit++;
        }
        if (entry.admitted()) {
            inFlight++;
            peakInFlight = Math.max(peakInFlight, inFlight);
        }
        changed();
        return entry;
    }

    synchronized void close(LogEntry entry, LogEntry.End end) {
        entry.ended(end);
        if (entry.admitted()) {
            inFlight--;
        }
        if (entry.seq() > clearedSeq) {
            switch (end) {
                case COMPLETED -> completed++;
                case ABORTED -> aborted++;
                case FAULTED -> faulted++;
            }
        }
        changed();
    }

    synchronized void connected() {
        connectionsOpen++;
        connectionsTotal++;
        changed();
    }

    synchronized void disconnected() {
        connectionsOpen--;
        changed();
    }

    synchronized Stats stats() {
        return new Stats(
                requests,
                inFlight,
                peakInFlight,
                completed,
                aborted,
                overLimit,
                connectionsOpen,
                connectionsTotal);
    }

    /// The entries after the sequence number, oldest first, at most so many.
    synchronized Page page(long after, int limit) {
        return new Page(
                dropped, log.stream().filter(entry -> entry.seq() > after).limit(limit).toList());
    }

    /// Starts the log and the counters anew. Sequence numbers go on, and a request in flight stays
    /// so but no longer counts when it ends.
    synchronized void clear() {
        log.clear();
        clearedSeq = lastSeq;
        dropped = 0;
        requests = 0;
        completed = 0;
        aborted = 0;
        faulted = 0;
        overLimit = 0;
        peakInFlight = inFlight;
        connectionsTotal = connectionsOpen;
        changed();
    }

    synchronized void await(Waiter waiter) {
        waiters.add(waiter);
        changed();
    }

    /// Forgets the waiter; false when it was told already.
    synchronized boolean abandon(Waiter waiter) {
        return waiters.remove(waiter);
    }

    private void changed() {
        if (waiters.isEmpty()) {
            return;
        }
        var progress = new Progress(stats(), completed + aborted + faulted);
        for (Waiter waiter : new ArrayList<>(waiters)) {
            if (waiter.condition.test(progress)) {
                waiters.remove(waiter);
                waiter.told.accept(progress.stats);
            }
        }
    }
}
