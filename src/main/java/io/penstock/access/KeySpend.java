package io.penstock.access;

import io.penstock.store.Spent;
import io.penstock.store.StoreException;
import io.penstock.store.StoreLog;
import io.penstock.store.Tokens;
import io.penstock.store.UsageSheets;
import java.time.Duration;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// What one key has used: writes what this process knows, and reads what all do. Thread-safe.
///
/// What the store does not take now is written with what comes next.
final class KeySpend {

    /// How old what others have used may be when a call begins.
    private static final Duration FRESH = Duration.ofSeconds(1);

    private final String owner;
    private final UsageSheets sheets;
    private final StoreLog log;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition written = lock.newCondition();

    /// What this process has used in person on that day, and what of it is not written.
    private LocalDate day = LocalDate.MIN;

    private UsageSheets.Source source = newProcess();
    private Spent inAll = Spent.NONE;
    private Map<String, Spent> unwritten = new HashMap<>();

    /// How many calls in person there were, and up to which of them a write has been tried.
    private long noted;

    private long done;
    private boolean isWriting;

    /// What calls of batches have cost that is still to be noted.
    private final AtomicLong expectedNanos = new AtomicLong();

    private final Map<LocalDate, Known> known = new ConcurrentHashMap<>();

    private record Known(Spent spent, long readAtNanos, boolean isFinal) {}

    KeySpend(String owner, UsageSheets sheets, StoreLog log) {
        this.owner = owner;
        this.sheets = sheets;
        this.log = log;
    }

    /// Notes a call in person, and returns when it is written, or cannot be. Of several that end
    /// together, one writes for all.
    void used(String model, Spent spent) {
        LocalDate today = sheets.today();
        lock.lock();
        try {
            while (!today.equals(day)) {
                if (isWriting) {
                    written.awaitUninterruptibly();
                } else {
                    write();
                    day = today;
                    source = newProcess();
                    inAll = Spent.NONE;
                    unwritten = new HashMap<>();
                }
            }
            inAll = inAll.plus(spent);
            unwritten.merge(model, spent, Spent::plus);
            long mine = ++noted;
            while (done < mine) {
                if (isWriting) {
                    written.awaitUninterruptibly();
                } else {
                    write();
                }
            }
        } finally {
            lock.unlock();
        }
        forget(today);
    }

    private static UsageSheets.Source newProcess() {
        return UsageSheets.Source.process(UUID.randomUUID().toString());
    }

    /// Writes what is there by now, without the lock meanwhile.
    private void write() {
        long upTo = noted;
        LocalDate its = day;
        UsageSheets.Source from = source;
        Spent all = inAll;
        Map<String, Spent> parts = unwritten;
        unwritten = new HashMap<>();
        isWriting = true;
        boolean isTaken = false;
        lock.unlock();
        try {
            if (!parts.isEmpty()) {
                sheets.note(owner, its, from, all, parts, "");
            }
            isTaken = true;
        } catch (StoreException away) {
            log.failed("What a key has used waits to be noted", away.text());
        } finally {
            lock.lock();
            if (!isTaken) {
                parts.forEach((model, spent) -> unwritten.merge(model, spent, Spent::plus));
            }
            isWriting = false;
            done = upTo;
            written.signalAll();
        }
    }

    /// Counts what a call has used already now, which is to be noted with its result.
    void expect(Spent spent) {
        expectedNanos.addAndGet(spent.tokens().costNanos());
    }

    /// Notes a part of a batch.
    void recorded(
            LocalDate madeOn,
            UsageSheets.Source chunk,
            Spent all,
            Map<String, Spent> parts,
            String otherModel) {
        sheets.note(owner, madeOn, chunk, all, parts, otherModel);
        forget(madeOn);
    }

    /// So that this process at least knows what it has noted itself.
    private void forget(LocalDate changed) {
        known.computeIfPresent(changed, (_, last) -> new Known(last.spent, Long.MIN_VALUE, false));
    }

    Spent today() {
        return on(sheets.today()).plus(expected());
    }

    private Spent expected() {
        return new Spent(0, new Tokens(0, 0, expectedNanos.get()), 0);
    }

    Spent thisMonth() {
        LocalDate today = sheets.today();
        Spent sum = expected();
        for (int date = 1; date <= today.getDayOfMonth(); date++) {
            sum = sum.plus(on(today.withDayOfMonth(date)));
        }
        return sum;
    }

    /// Days long past do not change any more.
    private Spent on(LocalDate date) {
        long now = System.nanoTime();
        Known last = known.get(date);
        if (last != null
                && (last.isFinal
                        || (last.readAtNanos != Long.MIN_VALUE
                                && now - last.readAtNanos < FRESH.toNanos()))) {
            return last.spent;
        }
        try {
            Spent spent = sheets.of(owner, date).values().stream().reduce(Spent.NONE, Spent::plus);
            known.put(date, new Known(spent, now, date.isBefore(sheets.today().minusDays(2))));
            return spent;
        } catch (StoreException away) {
            if (last == null) {
                throw away;
            }
            log.failed("What a key has used is not known now", away.text());
            return last.spent;
        }
    }
}
