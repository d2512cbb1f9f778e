package io.penstock.flow;

import io.penstock.store.BudgetStore;
import io.penstock.store.StoreException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/// How many processes use a budget at the moment, and so how often each of them may ask for it: all
/// together stay far below what the store takes, however many they are.
///
/// DynamoDB gives a key 3,000 read units and 1,000 write units a second ("Best practices for
/// designing and using partition keys"). Thread-safe.
final class Crowd {

    /// How often a process says that it is there.
    private static final Duration PRESENT = Duration.ofSeconds(5);

    /// Sooner for the second time, so that it soon knows.
    private static final Duration FIRST = Duration.ofSeconds(1);

    /// Of a process's looks, for each process that there is: 2,000 a second of all together, each
    /// half a read unit.
    private static final double LOOK_NANOS = 500_000;

    private static final long PAUSE_MAX_NANOS = 2_000_000_000;
    private static final int DOUBLINGS_MAX = 6;

    private final BudgetStore budgets;
    private final String name;

    private long toldAtNanos;
    private long told = -1;
    private boolean isFirst = true;
    private double size = 1;
    private int failures;

    Crowd(BudgetStore budgets, String name) {
        this.budgets = budgets;
        this.name = name;
    }

    /// Says once in a while that this process is there, and learns how many others are.
    void present() {
        synchronized (this) {
            long now = System.nanoTime();
            Duration due = isFirst ? FIRST : PRESENT;
            if (told >= 0 && now - toldAtNanos < due.toNanos()) {
                return;
            }
        }
        long sum;
        try {
            sum = budgets.present(name);
        } catch (StoreException busy) {
            // What it was is good enough.
            refused();
            return;
        }
        synchronized (this) {
            long now = System.nanoTime();
            if (told >= 0 && sum > told) {
                size = (double) (sum - told) * PRESENT.toNanos() / (now - toldAtNanos);
                isFirst = false;
            }
            told = sum;
            toldAtNanos = now;
        }
    }

    /// How many they are about, this one included.
    synchronized double size() {
        return Math.max(1, size);
    }

    /// The store has answered.
    synchronized void answered() {
        failures = Math.max(0, failures - 1);
    }

    /// The store has refused, perhaps because so many ask.
    synchronized void refused() {
        failures = Math.min(DOUBLINGS_MAX, failures + 1);
    }

    /// Until the next look.
    ///
    /// @param least as long at least, while the store answers
    synchronized long pauseNanos(Duration least) {
        double pause = Math.max(least.toNanos(), LOOK_NANOS * size) * (1L << failures);
        double spread = 0.75 + 0.5 * ThreadLocalRandom.current().nextDouble();
        return (long) (Math.min(PAUSE_MAX_NANOS, pause) * spread);
    }

    /// What to add to a moment for which all of them wait, so that they do not come at once, in
    /// microseconds.
    ///
    /// @param least the longest where they are few
    synchronized long apartMicros(long least) {
        long longest = Math.max(least, (long) (4 * LOOK_NANOS * size / 1_000) << failures);
        return ThreadLocalRandom.current().nextLong(1 + Math.min(PAUSE_MAX_NANOS / 1_000, longest));
    }

    /// How long to wait before a write is tried again that another's came before.
    ///
    /// @param losses how often that has happened in a row
    static long againNanos(int losses) {
        long longest = Math.min(PAUSE_MAX_NANOS, 20_000_000L << Math.min(losses, 10));
        return ThreadLocalRandom.current().nextLong(longest);
    }
}
