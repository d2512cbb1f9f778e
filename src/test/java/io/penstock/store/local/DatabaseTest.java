package io.penstock.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.store.StoreException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the SQLite file refuses, once or for a while, and how the work goes on then.
class DatabaseTest {

    private static final String ADD = "INSERT INTO note (id) VALUES (?)";

    @TempDir Path directory;

    private Database database;

    @BeforeEach
    void open() {
        database = new Database(directory.resolve("test.db"));
        database.call("table", session -> session.execute("CREATE TABLE note (id PRIMARY KEY)"));
    }

    @AfterEach
    void close() {
        database.close();
    }

    @Test
    void aStatementThatFailedOnceIsNotSpoiltForEver() {
        add(1);

        assertThatThrownBy(() -> add(1)).isInstanceOf(StoreException.class);
        assertThatThrownBy(() -> add(1)).hasMessageContaining("UNIQUE");
        add(2);

        assertThat(notes()).containsExactly(1, 2);
    }

    @Test
    void anErrorFailsTheWorkThatMetItAndNoOther() {
        assertThatThrownBy(() ->
                        database.call(
                                "note",
                                session -> {
                                    session.execute(ADD, 1);
                                    throw new OutOfMemoryError("as if");
                                }))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("as if");
        add(2);

        assertThat(notes()).containsExactly(2);
    }

    @Test
    void errorsWithNoWorkBetweenThemEndTheProcess() {
        CountDownLatch ended = new CountDownLatch(1);
        try (Database full = new Database(directory.resolve("full.db"), ended::countDown)) {
            for (int i = 0; i < 19; i++) {
                fail(full);
            }
            assertThat(full.<Integer>call("look", _ -> 1)).isEqualTo(1);
            for (int i = 0; i < 19; i++) {
                fail(full);
            }
            assertThat(ended.getCount()).isEqualTo(1);
            fail(full);

            assertThat(ended.getCount()).isZero();
            assertThatThrownBy(() -> full.call("look", _ -> 1))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("closed");
        }
    }

    private static void fail(Database full) {
        assertThatThrownBy(() ->
                        full.call(
                                "look",
                                _ -> {
                                    throw new OutOfMemoryError("as if");
                                }))
                .isInstanceOf(StoreException.class);
    }

    @Test
    void goesOnWhenALockThatLastedTooLongIsGone() throws SQLException {
        try (Connection other =
                        DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("test.db"));
                Statement statement = other.createStatement()) {
            statement.execute("BEGIN IMMEDIATE");
            assertThatThrownBy(() -> add(1)).hasMessageContaining("BUSY");
            statement.execute("ROLLBACK");
        }

        add(2);

        assertThat(notes()).containsExactly(2);
    }

    /// On a full disk SQLite rolls back by itself, as this one does.
    @Test
    void whatReadsDoesNotFailWithWhatCannotBeWritten() throws Exception {
        add(1);
        CountDownLatch together = new CountDownLatch(1);
        try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            CompletableFuture<Integer> first =
                    CompletableFuture.supplyAsync(() -> held(together), callers);
            CompletableFuture<List<Integer>> reading =
                    CompletableFuture.supplyAsync(this::notes, callers);
            CompletableFuture<Integer> failing =
                    CompletableFuture.supplyAsync(this::fullDisk, callers);
            CompletableFuture<List<Integer>> readingToo =
                    CompletableFuture.supplyAsync(this::notes, callers);
            together.countDown();

            assertThat(first.get()).isZero();
            assertThat(reading.get()).containsExactly(1);
            assertThat(readingToo.get()).containsExactly(1);
            assertThat(failing).failsWithin(java.time.Duration.ofSeconds(10));
        }
        add(2);
        assertThat(notes()).containsExactly(1, 2);
    }

    private int held(CountDownLatch until) {
        return database.call(
                "held",
                _ -> {
                    try {
                        until.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    return 0;
                });
    }

    private int fullDisk() {
        return database.call(
                "full",
                session -> {
                    session.execute(ADD, 9);
                    session.execute("ROLLBACK");
                    throw new SQLException("the disk is full");
                });
    }

    private void add(int id) {
        database.call("note", session -> session.execute(ADD, id));
    }

    private List<Integer> notes() {
        return database.call(
                "notes",
                session -> session.query(row -> row.getInt(1), "SELECT id FROM note ORDER BY id"));
    }
}
