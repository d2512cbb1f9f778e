package io.penstock.flow;

import io.penstock.store.Budget;
import io.penstock.store.Holdings;
import io.penstock.store.StoreException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/// Budgets in a store that is as slow as DynamoDB and gives each key no more than DynamoDB does:
/// 3,000 read units and 1,000 write units a second, of 4 KB and of 1 KB ("Best practices for
/// designing and using partition keys"). What is more is refused.
final class ThrottledBudgets extends MemoryBudgets {

    private static final long LATENCY_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final double READ_UNITS = 3_000;
    private static final double WRITE_UNITS = 1_000;

    /// Key, `writer`, `version`, `ends` and `ttl` of an item.
    private static final int AROUND = 150;

    private final Map<String, Bucket> reads = new ConcurrentHashMap<>();
    private final Map<String, Bucket> written = new ConcurrentHashMap<>();
    private final AtomicInteger refusals = new AtomicInteger();
    private final AtomicInteger requests = new AtomicInteger();

    ThrottledBudgets() {
        super(true);
    }

    /// Units of one key, a second's worth of which may be saved up.
    private static final class Bucket {

        private final double perSecond;
        private double left;
        private long at = System.nanoTime();

        private Bucket(double perSecond) {
            this.perSecond = perSecond;
            this.left = perSecond;
        }

        private synchronized boolean take(double units) {
            long now = System.nanoTime();
            left = Math.min(perSecond, left + (now - at) * perSecond / 1e9);
            at = now;
            if (left < units) {
                return false;
            }
            left -= units;
            return true;
        }
    }

    int refusalCount() {
        return refusals.get();
    }

    int requestCount() {
        return requests.get();
    }

    private <T> T read(String key, double perUnit, Supplier<T> answer, Supplier<String> size) {
        T read = answer.get();
        int bytes = AROUND + size.get().length();
        ask(reads, key, READ_UNITS, perUnit * Math.ceilDiv(bytes, 4_096));
        return read;
    }

    private void write(String key, String text) {
        ask(written, key, WRITE_UNITS, Math.ceilDiv(AROUND + text.length(), 1_024));
    }

    private void ask(Map<String, Bucket> buckets, String key, double perSecond, double units) {
        requests.incrementAndGet();
        LockSupport.parkNanos(LATENCY_NANOS);
        if (!buckets.computeIfAbsent(key, _ -> new Bucket(perSecond)).take(units)) {
            refusals.incrementAndGet();
            throw new StoreException(key + " is asked for too often");
        }
    }

    @Override
    public Optional<Budget> budget(String name) {
        return read(name, 1, () -> super.budget(name), () -> "");
    }

    @Override
    public Optional<Budget> glance(String name) {
        return read(name, 0.5, () -> super.budget(name), () -> "");
    }

    @Override
    public boolean replace(Budget next) {
        write(next.name(), next.toJson());
        return super.replace(next);
    }

    @Override
    public Holdings holdings(String name, int share) {
        Holdings stored = super.holdings(name, share);
        return read(name + "/" + share, 1, () -> stored, stored::toJson);
    }

    @Override
    public boolean replace(Holdings next) {
        write(next.name() + "/" + next.share(), next.toJson());
        return super.replace(next);
    }

    @Override
    public long present(String name) {
        write(name + "/present", "");
        return super.present(name);
    }
}
