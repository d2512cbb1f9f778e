package io.penstock.dev;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The provider's log and counters, and those who wait for the counters to change. Thread-safe.
///
/// Every method is called on an event loop and returns at once; a waiter is told under the lock and
/// must only hand over to its own event loop. Times are readings of [System#nanoTime()], given by
/// the caller.
final class Ledger {
    /// Waits that are remembered, the newest.
    private static final int MOST_TOLD = 100_000;

    private final int logLimit;
    private final ArrayDeque<LogEntry> log = new ArrayDeque<>();
    private final Set<Watcher> waiters = new LinkedHashSet<>();
    private final Timeline timeline;

    /// Before when the same request must not come again.
    private final Map<Long, Long> told =
            new LinkedHashMap<>() {
                @Override
                protected boolean removeEldestEntry(Map.Entry<Long, Long> eldest) {
                    return size() > MOST_TOLD;
                }
            };

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
    private long early;
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
            long early,
            int connectionsOpen,
            long connectionsTotal) {}

    /// A view of the log; `dropped` entries were too old to keep.
    record Page(long dropped, List<LogEntry> entries) {}

    /// Someone to be told, once, as soon as the condition holds.
    record Watcher(Predicate<Tally> condition, Consumer<Stats> told) {}

    /// The counters and how many requests have ended, in whatever way.
    record Tally(Stats stats, long ended) {}

    Ledger(int logLimit, long now) {
        this.logLimit = logLimit;
        this.timeline = new Timeline(now, Instant.now());
    }

    synchronized LogEntry open(LogEntry.Arrival arrival, long now) {
        var entry = new LogEntry(++lastSeq, arrival, tooEarly(arrival.prompt(), now));
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
        timeline.opened(entry, now);
        changed();
        return entry;
    }

    private boolean tooEarly(@Nullable ReceivedPrompt prompt, long now) {
        Long notBefore = prompt == null ? null : told.remove(prompt.fingerprint());
        boolean tooEarly = notBefore != null && now - notBefore < 0;
        early += tooEarly ? 1 : 0;
        return tooEarly;
    }

    /// Notes the head of the answer, and how long its client is to wait.
    synchronized void headSent(LogEntry entry, int status, @Nullable Long retryAfterMs, long now) {
        entry.headSent(status, retryAfterMs);
        if (retryAfterMs != null && entry.conversation() != null) {
            told.put(entry.conversation(), now + retryAfterMs * 1_000_000);
        }
    }

    synchronized void close(LogEntry entry, LogEntry.End end, long now) {
        entry.ended(end);
        timeline.closed(entry, end, now);
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
                early,
                connectionsOpen,
                connectionsTotal);
    }

    /// The entries after the sequence number, oldest first, at most so many.
    synchronized Page page(long after, int limit) {
        return new Page(
                dropped, log.stream().filter(entry -> entry.seq() > after).limit(limit).toList());
    }

    /// What happened in each of the slices of time, oldest first; see [Timeline].
    synchronized List<Timeline.Slice> timeline(Duration slice, long now) {
        return timeline.slices(slice, now);
    }

    /// Starts the log and the counters anew. Sequence numbers go on, and a request in flight stays
    /// so but no longer counts when it ends.
    synchronized void clear(long now) {
        log.clear();
        told.clear();
        timeline.clear(now);
        clearedSeq = lastSeq;
        dropped = 0;
        requests = 0;
        completed = 0;
        aborted = 0;
        faulted = 0;
        overLimit = 0;
        early = 0;
        peakInFlight = inFlight;
        connectionsTotal = connectionsOpen;
        changed();
    }

    synchronized void await(Watcher waiter) {
        waiters.add(waiter);
        changed();
    }

    /// Forgets the waiter; false when it was told already.
    synchronized boolean abandon(Watcher waiter) {
        return waiters.remove(waiter);
    }

    private void changed() {
        if (waiters.isEmpty()) {
            return;
        }
        var progress = new Tally(stats(), completed + aborted + faulted);
        for (Watcher waiter : new ArrayList<>(waiters)) {
            if (waiter.condition.test(progress)) {
                waiters.remove(waiter);
                waiter.told.accept(progress.stats);
            }
        }
    }
}
