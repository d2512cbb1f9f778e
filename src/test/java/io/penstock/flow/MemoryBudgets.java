package io.penstock.flow;

import io.penstock.store.Budget;
import io.penstock.store.BudgetStore;
import io.penstock.store.Holdings;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Budgets that several admissions of one test share.
public class MemoryBudgets implements BudgetStore {

    private final Map<String, Budget> budgets = new ConcurrentHashMap<>();
    private final Map<String, Holdings> holdings = new ConcurrentHashMap<>();
    private final Map<String, Long> present = new ConcurrentHashMap<>();
    private final boolean isShared;
    private final AtomicInteger writes = new AtomicInteger();

    public MemoryBudgets(boolean isShared) {
        this.isShared = isShared;
    }

    @Override
    public boolean isShared() {
        return isShared;
    }

    @Override
    public Optional<Budget> budget(String name) {
        return Optional.ofNullable(budgets.get(name));
    }

    @Override
    public Optional<Budget> glance(String name) {
        return budget(name);
    }

    @Override
    public boolean replace(Budget next) {
        writes.incrementAndGet();
        boolean[] replaced = new boolean[1];
        budgets.compute(
                next.name(),
                (_, stored) -> {
                    long version = stored == null ? 0 : stored.version();
                    replaced[0] = version == next.version() - 1;
                    return replaced[0] ? next : stored;
                });
        return replaced[0];
    }

    @Override
    public Holdings holdings(String name, int share) {
        return holdings.getOrDefault(name + "/" + share, Holdings.none(name, share));
    }

    @Override
    public boolean replace(Holdings next) {
        boolean[] replaced = new boolean[1];
        holdings.compute(
                next.name() + "/" + next.share(),
                (_, stored) -> {
                    replaced[0] = version(stored) == next.version() - 1;
                    return replaced[0] ? next : stored;
                });
        return replaced[0];
    }

    private static long version(@Nullable Holdings stored) {
        return stored == null ? 0 : stored.version();
    }

    @Override
    public long present(String name) {
        return present.merge(name, 1L, Long::sum);
    }

    @Override
    public Clock clock() {
        return Clock.systemUTC();
    }

    int writeCount() {
        return writes.get();
    }
}
