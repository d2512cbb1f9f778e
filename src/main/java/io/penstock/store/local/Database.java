package io.penstock.store.local;

import io.penstock.store.StoreException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteDataSource;

/// The SQLite file. One thread of its own does all work, since a native call would hold on to the
/// carrier of a virtual thread; what waits for it is done in one transaction, so that many writers
/// share one write to the disk. Thread-safe.
///
/// Any tool can open the file while Penstock runs (WAL mode).
final class Database implements AutoCloseable {

    /// How long to wait for another program that has the file locked.
    private static final int BUSY_MILLIS = 5_000;

    private static final Logger LOG = Logger.getLogger(Database.class);

    /// Pieces of work that may wait; a caller with another one waits to hand it in.
    private static final int WAITING_MAX = 1_000;

    private static final int TRANSACTION_MAX = 100;

    /// Errors in a row, such as of a full memory, before the process is given up.
    private static final int ERRORS_MAX = 20;

    /// The status with which a process ends whose database cannot go on.
    private static final int CANNOT_GO_ON = 70;

    private static final String[] SCHEMA = {
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "CREATE TABLE IF NOT EXISTS document (kind TEXT NOT NULL, grp TEXT NOT NULL,"
                + " name TEXT NOT NULL, version INTEGER NOT NULL, ends INTEGER NOT NULL,"
                + " position TEXT, live INTEGER NOT NULL, doc TEXT NOT NULL,"
                + " PRIMARY KEY (kind, grp, name)) WITHOUT ROWID",
        "CREATE INDEX IF NOT EXISTS document_list ON document (kind, position)"
                + " WHERE position IS NOT NULL",
        "CREATE INDEX IF NOT EXISTS document_ends ON document (kind, ends)"
                + " WHERE position IS NOT NULL",
        "CREATE INDEX IF NOT EXISTS document_live ON document (kind, position) WHERE live = 1",
        "CREATE TABLE IF NOT EXISTS open (kind TEXT NOT NULL, grp TEXT NOT NULL,"
                + " number INTEGER NOT NULL, PRIMARY KEY (kind, grp, number)) WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS queue (id INTEGER PRIMARY KEY AUTOINCREMENT,"
                + " grp TEXT NOT NULL DEFAULT '', body TEXT NOT NULL, visible_at INTEGER NOT NULL,"
                + " receives INTEGER NOT NULL DEFAULT 0, receipt TEXT,"
                + " dead INTEGER NOT NULL DEFAULT 0)",
        "CREATE INDEX IF NOT EXISTS queue_visible ON queue (dead, visible_at)",
    };

    /// Statements that are carried out together.
    interface Statements<T extends @Nullable Object> {
        T run(Session session) throws SQLException;
    }

    private record Pending<T extends @Nullable Object>(
            String what, Statements<T> work, CompletableFuture<T> done) {}

    private final BlockingQueue<Pending<?>> pending = new ArrayBlockingQueue<>(WAITING_MAX);
    private final Path file;
    private final Connection connection;
    private final Session session;
    private final Thread thread;
    private final Runnable cannotGoOn;
    private int errors;
    private volatile boolean closed;

    Database(Path file) {
        this(file, () -> Runtime.getRuntime().halt(CANNOT_GO_ON));
    }

    /// @param cannotGoOn ends the process when no work can be done any more
    Database(Path file, Runnable cannotGoOn) {
        this.file = file;
        this.cannotGoOn = cannotGoOn;
        try {
            // Not by DriverManager, which after a reload would look for the driver in another class
            // loader.
            SQLiteDataSource source = new SQLiteDataSource();
            source.setUrl("jdbc:sqlite:" + file);
            source.setBusyTimeout(BUSY_MILLIS);
            connection = source.getConnection();
            try (Statement statement = connection.createStatement()) {
                for (String sql : SCHEMA) {
                    statement.execute(sql);
                }
                addGroup(statement);
            }
        } catch (SQLException e) {
            throw new StoreException(
                    "The database " + file + " cannot be opened: " + e.getMessage(), e);
        }
        session = new Session(connection);
        thread = Thread.ofPlatform().name("database").daemon().start(this::workOn);
    }

    /// Files from before messages had groups lack the column.
    private static void addGroup(Statement statement) throws SQLException {
        try (ResultSet found =
                statement.executeQuery(
                        "SELECT 1 FROM pragma_table_info('queue') WHERE name = 'grp'")) {
            if (found.next()) {
                return;
            }
        }
        statement.execute("ALTER TABLE queue ADD COLUMN grp TEXT NOT NULL DEFAULT ''");
    }

    /// Does the work and returns when it is durable.
    ///
    /// @param what names the object, for the error
    /// @throws StoreException when it cannot be done; nothing has changed then
    <T extends @Nullable Object> T call(String what, Statements<T> work) {
        Pending<T> mine = new Pending<>(what, work, new CompletableFuture<>());
        try {
            if (closed) {
                throw new StoreException(what + ": the database is closed");
            }
            // Not given up for an interrupt: a worker that is to stop may still record.
            if (!pending.offer(mine)) {
                pending.put(mine);
            }
            if (closed && pending.remove(mine)) {
                throw new StoreException(what + ": the database is closed");
            }
            return mine.done.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException(what + ": interrupted", e);
        } catch (CompletionException e) {
            throw new StoreException(
                    what + ": " + (e.getCause() == null ? e : e.getCause()).getMessage(), e);
        }
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        try {
            thread.join();
            connection.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SQLException e) {
            throw new StoreException("The database " + file + " does not close", e);
        }
    }

    /// Nobody would notice that the thread has ended which all others wait for.
    private void workOn() {
        while (!closed) {
            try {
                work();
            } catch (RuntimeException | Error failed) {
                LOG.error("The database's thread failed in a way that nobody foresaw", failed);
                count(failed);
            }
        }
    }

    /// Errors with no work done between them mean that none can be done any more.
    private void count(Throwable failed) {
        if (failed instanceof Error && ++errors == ERRORS_MAX) {
            closed = true;
            List<Pending<?>> waiting = new ArrayList<>();
            pending.drainTo(waiting);
            waiting.forEach(one ->
                    one.done.completeExceptionally(new StoreException("the database has ended")));
            cannotGoOn.run();
        }
    }

    private void work() {
        List<Pending<?>> together = new ArrayList<>();
        while (!closed) {
            together.clear();
            try {
                try {
                    together.add(pending.take());
                } catch (InterruptedException _) {
                    pending.drainTo(together);
                    transaction(together);
                    return;
                }
                pending.drainTo(together, TRANSACTION_MAX);
                transaction(together);
            } catch (RuntimeException | Error failed) {
                together.forEach(one -> one.done.completeExceptionally(failed));
                throw failed;
            }
        }
    }

    private void transaction(List<Pending<?>> together) {
        List<Runnable> answers = new ArrayList<>();
        boolean begun = false;
        try {
            session.execute("BEGIN IMMEDIATE");
            begun = true;
            for (Pending<?> one : together) {
                answers.add(answer(one));
            }
            session.execute("COMMIT");
            errors = 0;
        } catch (SQLException | RuntimeException | Error failed) {
            // Nothing may end the one thread that all others wait for: an unforeseen failure, such
            // as a full memory, fails only the work that met it.
            try {
                session.execute("ROLLBACK");
            } catch (SQLException noTransaction) {
                // There is nothing to roll back: the transaction has not begun.
            }
            if (begun && together.size() > 1) {
                // Each alone: on a full disk, work that only reads must not fail with work that
                // writes.
                together.forEach(one -> transaction(List.of(one)));
            } else {
                if (!(failed instanceof SQLException)) {
                    LOG.error("The database's work failed in a way that nobody foresaw", failed);
                    count(failed);
                }
                together.forEach(one -> one.done.completeExceptionally(failed));
            }
            return;
        }
        answers.forEach(Runnable::run);
    }

    private <T extends @Nullable Object> Runnable answer(Pending<T> one) throws SQLException {
        session.execute("SAVEPOINT one");
        try {
            T value = one.work.run(session);
            session.execute("RELEASE one");
            return () -> one.done.complete(value);
        } catch (SQLException | RuntimeException failed) {
            try {
                session.execute("ROLLBACK TO one");
                session.execute("RELEASE one");
            } catch (SQLException whole) {
                // SQLite has rolled the whole transaction back, as it may when the disk is full
                // ("Response To Errors Within A Transaction").
                throw failed instanceof SQLException why ? why : whole;
            }
            return () -> one.done.completeExceptionally(failed);
        }
    }

    /// The connection with its prepared statements; confined to the database's thread.
    static final class Session {

        private final Connection connection;
        private final Map<String, PreparedStatement> statements = new HashMap<>();

        private Session(Connection connection) {
            this.connection = connection;
        }

        /// Reads one value or record of a row.
        interface Row<T> {
            T read(ResultSet row) throws SQLException;
        }

        /// @return rows changed
        int execute(String sql, @Nullable Object... values) throws SQLException {
            try {
                PreparedStatement statement = statement(sql, values);
                return statement.execute() ? 0 : statement.getUpdateCount();
            } catch (SQLException failed) {
                throw forgotten(sql, failed);
            }
        }

        <T> List<T> query(Row<T> read, String sql, @Nullable Object... values) throws SQLException {
            List<T> rows = new ArrayList<>();
            try (ResultSet result = statement(sql, values).executeQuery()) {
                while (result.next()) {
                    rows.add(read.read(result));
                }
            } catch (SQLException failed) {
                throw forgotten(sql, failed);
            }
            return rows;
        }

        /// A statement that has failed once fails for ever ("statement is not executing"), and with
        /// it, if it is the one that commits, everything.
        private SQLException forgotten(String sql, SQLException failed) {
            PreparedStatement statement = statements.remove(sql);
            if (statement != null) {
                try {
                    statement.close();
                } catch (SQLException closed) {
                    failed.addSuppressed(closed);
                }
            }
            return failed;
        }

        private PreparedStatement statement(String sql, @Nullable Object... values)
                throws SQLException {
            PreparedStatement statement = statements.get(sql);
            if (statement == null) {
                statement = connection.prepareStatement(sql);
                statements.put(sql, statement);
            }
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            return statement;
        }
    }
}
