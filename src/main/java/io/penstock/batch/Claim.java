package io.penstock.batch;

import io.penstock.store.Chunk;
import io.penstock.store.Counts;
import io.penstock.store.Heard;
import io.penstock.store.JobStore;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import io.penstock.store.StoreLog;
import io.penstock.store.Tokens;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// One worker's hold on a chunk. What is recorded through it counts until another worker has
/// claimed the chunk; from then on every write is refused, and nothing more is to be asked of it.
///
/// Results are [added][#add] one by one and written in groups; a write waits for a store that
/// fails, for a while. Not thread-safe: the thread that owns the run calls it, and no other.
final class Claim {

    private static final Logger LOG = Logger.getLogger(Claim.class);

    /// How long the store may fail before the run gives up and leaves its chunk to another.
    private static final Duration STORE_PATIENCE = Duration.ofSeconds(60);

    private static final long STORE_PAUSE_MILLIS = 50;

    /// What a flush writes at most at once, in bytes; more results follow in the next segment.
    private static final int SEGMENT_BYTES = 4 << 20;

    private final JobStore jobs;
    private final Payloads payloads;
    private final BatchConfig config;
    private final MillisClock clock;
    private final StoreLog storeLog;
    private Chunk chunk;
    private int seq;
    private List<Recorded> pending = new ArrayList<>();
    private final Map<String, Long> answeredNanos = new HashMap<>();
    private long pendingSinceNanos;
    private long sinceNanos = System.nanoTime();
    private Supplier<Shift> shift = Shift::endless;
    private Consumer<Chunk> told = _ -> {};

    private record Recorded(byte[] line, Counts counts, Tokens tokens) {}

    /// @param chunk as this worker has claimed it
    Claim(
            JobStore jobs,
            Payloads payloads,
            BatchConfig config,
            MillisClock clock,
            StoreLog storeLog,
            Chunk chunk) {
        this.jobs = jobs;
        this.payloads = payloads;
        this.config = config;
        this.clock = clock;
        this.storeLog = storeLog;
        this.chunk = chunk;
    }

    /// Bounds how long a write waits for a store that fails: not beyond the end of the worker's
    /// time.
    void within(Supplier<Shift> time) {
        shift = time;
    }

    /// Has someone told of the chunk after each write of results, and before it is released; who
    /// cannot take it then is told again with the next.
    void tells(Consumer<Chunk> someone) {
        told = someone;
    }

    private void tell() {
        try {
            told.accept(chunk);
        } catch (StoreException away) {
            storeLog.failed("What a chunk has used waits to be noted", away.text());
        }
    }

    /// The chunk as it was stored last.
    Chunk chunk() {
        return chunk;
    }

    /// Sets since when the results that are added next have waited, as [System#nanoTime()].
    void since(long nanos) {
        sinceNanos = nanos;
    }

    /// Takes a line to be written with the next group.
    void add(byte[] line, Counts counts, Tokens tokens) {
        if (pending.isEmpty()) {
            pendingSinceNanos = sinceNanos;
        }
        pending.add(new Recorded(line, counts, tokens));
    }

    /// Takes note of an answer, which is recorded in the chunk with the next group.
    ///
    /// @param begunNanos when its call had begun, as [System#nanoTime()]
    void heard(String model, long begunNanos) {
        answeredNanos.merge(model, begunNanos, Claim::later);
    }

    private static long later(long one, long other) {
        return one - other > 0 ? one : other;
    }

    private Heard heard() {
        Instant now = clock.now();
        long nanos = System.nanoTime();
        Map<String, Instant> begun = new HashMap<>();
        answeredNanos.forEach((model, at) ->
                begun.put(model, now.minusNanos(nanos - at).truncatedTo(ChronoUnit.MILLIS)));
        return new Heard(begun);
    }

    /// When [#flush] is to be called next.
    long nanosUntilFlush() {
        long interval = config.commitInterval().toNanos();
        long due = pending.isEmpty() ? interval : pendingSinceNanos + interval - System.nanoTime();
        return Math.clamp(due, TimeUnit.MILLISECONDS.toNanos(1), interval);
    }

    /// Writes what has been added, if its time has come.
    ///
    /// @param now whether it has in any case
    /// @return false when another worker has the chunk
    boolean flush(boolean now) throws InterruptedException {
        List<Recorded> group = group(now);
        while (!group.isEmpty()) {
            ByteArrayOutputStream segment = new ByteArrayOutputStream();
            Counts counts = Counts.NONE;
            Tokens tokens = Tokens.NONE;
            for (Recorded one : group) {
                ResultLine.append(segment, one.line);
                counts = counts.plus(one.counts);
                tokens = tokens.plus(one.tokens);
            }
            String key = Segments.key(chunk.area(), chunk.index(), chunk.epoch(), seq);
            if (!persistently(() -> put(key, segment.toByteArray()))
                    || !store(chunk.recorded(counts, tokens, leaseEnd(), heard()))) {
                return false;
            }
            tell();
            seq++;
            answeredNanos.clear();
            group = group(now);
        }
        return true;
    }

    private List<Recorded> group(boolean now) {
        boolean due = System.nanoTime() - pendingSinceNanos >= config.commitInterval().toNanos();
        if (pending.isEmpty() || !(now || due)) {
            return List.of();
        }
        int count = 0;
        int bytes = 0;
        while (count < pending.size() && (count == 0 || bytes < SEGMENT_BYTES)) {
            bytes += pending.get(count++).line.length;
        }
        List<Recorded> group = List.copyOf(pending.subList(0, count));
        pending = new ArrayList<>(pending.subList(count, pending.size()));
        return group;
    }

    /// Where only the payloads are away the chunk stays this run's, so that what is paid for is not
    /// given up.
    private boolean put(String key, byte[] bytes) throws InterruptedException {
        try {
            payloads.put(key, bytes);
            return true;
        } catch (StoreException away) {
            if (!keepLease()) {
                return false;
            }
            throw away;
        }
    }

    /// Renews a lease of which a quarter is gone: what is left is longer than one call of the store
    /// may take, during which nothing is renewed.
    ///
    /// @return false when another worker has the chunk
    boolean keepLease() throws InterruptedException {
        Instant lease = chunk.leaseUntil();
        return lease == null
                || Duration.between(clock.now(), lease)
                                .compareTo(config.lease().multipliedBy(3).dividedBy(4))
                        >= 0
                || store(chunk.leasedUntil(leaseEnd()));
    }

    /// Notes whom to suspect should this worker end now.
    ///
    /// @param items their places in the chunk
    /// @return false when another worker has the chunk
    boolean suspect(List<Integer> items) throws InterruptedException {
        return store(chunk.suspecting(items, leaseEnd()));
    }

    /// Does what may take long in a thread of its own, and keeps the lease meanwhile.
    ///
    /// @return false when another worker has the chunk
    boolean meanwhile(Runnable slow) throws InterruptedException {
        FutureTask<@Nullable Void> task = new FutureTask<>(slow, null);
        Thread thread = Thread.ofVirtual().name("meanwhile").start(task);
        try {
            while (true) {
                try {
                    task.get(nanosUntilFlush(), TimeUnit.NANOSECONDS);
                    return true;
                } catch (TimeoutException stillAtIt) {
                    if (!keepLease()) {
                        return false;
                    }
                }
            }
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof RuntimeException cause
                    ? cause
                    : new IllegalStateException(failed);
        } finally {
            thread.interrupt();
        }
    }

    /// Ends the hold. The outcomes of a chunk in which every item has one are compacted before.
    ///
    /// @return false when another worker has the chunk
    boolean release() throws InterruptedException {
        return release(chunk.inVain());
    }

    /// Ends the hold of a chunk in which some items may have no outcome.
    ///
    /// @param inVain claims in a row that were given up because of the provider
    /// @return false when another worker has the chunk
    boolean release(int inVain) throws InterruptedException {
        persistently(() -> {
            told.accept(chunk);
            return true;
        });
        if (!chunk.isWhole()) {
            return store(chunk.released(inVain));
        }
        Chunk whole = chunk;
        AtomicReference<Chunk.@Nullable Compacted> all = new AtomicReference<>();
        return persistently(() -> meanwhile(() -> all.set(Compaction.of(payloads, whole))))
                && store(chunk.released(all.get()));
    }

    /// Ends the hold after the store has failed for too long, if it takes that now: an outage of
    /// the store is no crash, and must not be counted as one. A chunk whose outcomes are not
    /// compacted is not done.
    void giveBack() {
        try {
            jobs.replace(chunk.released(chunk.inVain()));
        } catch (StoreException away) {
            LOG.debugf("Chunk %d is not given back: %s", chunk.index(), away.getMessage());
        }
    }

    private Instant leaseEnd() {
        return clock.now().plus(config.lease());
    }

    /// Replaces the stored chunk. An answer that got lost on its way is no refusal.
    private boolean store(Chunk next) throws InterruptedException {
        boolean replaced =
                persistently(() ->
                        jobs.replace(next)
                                || jobs.chunk(next.area(), next.index())
                                        .filter(next::equals)
                                        .isPresent());
        if (replaced) {
            chunk = next;
        }
        return replaced;
    }

    private interface Step {
        boolean run() throws InterruptedException;
    }

    private boolean persistently(Step step) throws InterruptedException {
        long end = System.nanoTime() + STORE_PATIENCE.toNanos();
        long pauseMillis = STORE_PAUSE_MILLIS;
        while (true) {
            try {
                return step.run();
            } catch (StoreException failed) {
                if (System.nanoTime() > end || !shift.get().waits()) {
                    throw failed;
                }
                storeLog.failed("A chunk waits to be recorded", failed.text());
                Thread.sleep(pauseMillis);
                pauseMillis = Math.min(2_000, pauseMillis * 2);
            }
        }
    }
}
