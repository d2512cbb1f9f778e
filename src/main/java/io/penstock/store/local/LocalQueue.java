package io.penstock.store.local;

import io.penstock.store.ChunkQueue;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// A queue in the SQLite file that behaves as SQS does.
final class LocalQueue implements ChunkQueue {

    /// Looks at the file this often even if nobody says that something came: other programs may
    /// write to it.
    private static final Duration POLL = Duration.ofSeconds(1);

    private final Database database;
    private final Clock clock;
    private final Duration visibility;
    private final int maxReceives;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition sent = lock.newCondition();

    LocalQueue(Database database, Clock clock, Duration visibility, int maxReceives) {
        this.database = database;
        this.clock = clock;
        this.visibility = visibility;
        this.maxReceives = maxReceives;
    }

    /// Gives back what a process had received that is gone. Only before this one receives.
    void takeOver() {
        database.call(
                "queue",
                session -> {
                    long now = clock.millis();
                    return session.execute(
                            "UPDATE queue SET visible_at = ?1 WHERE dead = 0 AND receipt IS NOT"
                                    + " NULL AND visible_at > ?1",
                            now);
                });
    }

    @Override
    public void send(String group, List<String> bodies, Duration delay) {
        Duration bounded = delay.compareTo(MAX_DELAY) > 0 ? MAX_DELAY : delay;
        database.call(
                "queue",
                session -> {
                    long visibleAt = clock.millis() + bounded.toMillis();
                    for (String body : bodies) {
                        session.execute(
                                "INSERT INTO queue (grp, body, visible_at) VALUES (?, ?, ?)",
                                group,
                                body,
                                visibleAt);
                    }
                    return bodies.size();
                });
        wake();
    }

    @Override
    public List<Delivery> receive(int max, Duration wait) throws InterruptedException {
        return receive(max, wait, Integer.MAX_VALUE);
    }

    @Override
    public List<Delivery> receiveFromIdleGroup(Duration wait) throws InterruptedException {
        return receive(1, wait, 0);
    }

    private List<Delivery> receive(int max, Duration wait, int mostUnderWay)
            throws InterruptedException {
        long end = System.nanoTime() + wait.toNanos();
        while (true) {
            lock.lockInterruptibly();
            try {
                // Under the lock, so that what is sent after this look wakes the wait below.
                List<Delivery> received =
                        database.call("queue", session -> take(session, max, mostUnderWay));
                long left = end - System.nanoTime();
                if (!received.isEmpty() || left <= 0) {
                    return received;
                }
                sent.awaitNanos(Math.min(left, untilNext()));
            } finally {
                lock.unlock();
            }
        }
    }

    @Override
    public int waiting(String group) {
        return database.call(
                "queue",
                session ->
                        session.query(
                                        row -> row.getInt(1),
                                        "SELECT count(*) FROM queue WHERE dead = 0 AND grp = ?"
                                                + " AND (receipt IS NULL OR visible_at <= ?)",
                                        group,
                                        clock.millis())
                                .getFirst());
    }

    @Override
    public void delete(Delivery delivery) {
        database.call(
                "queue",
                session ->
                        session.execute(
                                "DELETE FROM queue WHERE receipt = ? AND dead = 0",
                                delivery.receipt()));
    }

    @Override
    public void extend(String receipt, Duration timeout) {
        database.call(
                "queue",
                session ->
                        session.execute(
                                "UPDATE queue SET visible_at = ? WHERE receipt = ? AND dead = 0",
                                clock.millis() + timeout.toMillis(),
                                receipt));
        wake();
    }

    @Override
    public List<Delivery> receiveDead() {
        return database.call(
                "dead letters",
                session -> {
                    List<Delivery> dead =
                            session.query(
                                    row ->
                                            new Delivery(
                                                    row.getString(1),
                                                    row.getString(1),
                                                    row.getString(2),
                                                    row.getInt(3)),
                                    "SELECT id, body, receives FROM queue WHERE dead = 1"
                                            + " ORDER BY visible_at, id LIMIT 10");
                    // To the end of the queue, in case they are not deleted.
                    for (Delivery one : dead) {
                        session.execute(
                                "UPDATE queue SET visible_at = ? WHERE id = ?",
                                clock.millis(),
                                Long.parseLong(one.id()));
                    }
                    return dead;
                });
    }

    @Override
    public void deleteDead(Delivery delivery) {
        database.call(
                "dead letters",
                session ->
                        session.execute(
                                "DELETE FROM queue WHERE id = ? AND dead = 1",
                                Long.parseLong(delivery.id())));
    }

    private List<Delivery> take(Database.Session session, int max, int mostUnderWay)
            throws SQLException {
        long now = clock.millis();
        session.execute(
                "UPDATE queue SET dead = 1 WHERE dead = 0 AND visible_at <= ? AND receives >= ?",
                now,
                maxReceives);
        List<Delivery> received = new ArrayList<>();
        while (received.size() < max) {
            List<Delivery> next = next(session, now, mostUnderWay);
            if (next.isEmpty()) {
                break;
            }
            Delivery one = next.getFirst();
            session.execute(
                    "UPDATE queue SET visible_at = ?, receives = ?, receipt = ? WHERE id = ?",
                    now + visibility.toMillis(),
                    one.receiveCount(),
                    one.receipt(),
                    Long.parseLong(one.id()));
            received.add(one);
        }
        return received;
    }

    /// The message that is next: one of the group with the fewest messages under way.
    private static List<Delivery> next(Database.Session session, long now, int mostUnderWay)
            throws SQLException {
        return session.query(
                row ->
                        new Delivery(
                                row.getString(1),
                                UUID.randomUUID().toString(),
                                row.getString(2),
                                row.getInt(3) + 1),
                "WITH under_way AS (SELECT grp, count(*) AS many FROM queue WHERE dead = 0 AND"
                        + " visible_at > ?1 AND receipt IS NOT NULL GROUP BY grp)"
                        + " SELECT id, body, receives FROM queue LEFT JOIN under_way USING (grp)"
                        + " WHERE dead = 0 AND visible_at <= ?1 AND coalesce(many, 0) <= ?2"
                        // Messages that were received before go first: a dead worker's chunk must
                        // not wait behind chunks that are new.
                        + " ORDER BY coalesce(many, 0), receives = 0, visible_at, id LIMIT 1",
                now,
                mostUnderWay);
    }

    private long untilNext() {
        List<Long> next =
                database.call(
                        "queue",
                        session ->
                                session.query(
                                        row -> row.getLong(1),
                                        "SELECT visible_at FROM queue WHERE dead = 0 ORDER BY"
                                                + " visible_at LIMIT 1"));
        long millis =
                next.isEmpty()
                        ? POLL.toMillis()
                        : Math.clamp(next.getFirst() - clock.millis(), 1, POLL.toMillis());
        return TimeUnit.MILLISECONDS.toNanos(millis);
    }

    private void wake() {
        lock.lock();
        try {
            sent.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
