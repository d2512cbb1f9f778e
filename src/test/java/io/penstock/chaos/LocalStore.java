package io.penstock.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// The embedded engine's directory, whose SQLite file others may open too.
final class LocalStore implements Engine {

    private final Path directory;

    LocalStore() throws IOException {
        directory = Files.createTempDirectory(Path.of("target"), "crash-").toAbsolutePath();
    }

    @Override
    public String name() {
        return "local";
    }

    @Override
    public Map<String, String> environment() {
        return Map.of(
                "PENSTOCK_STORE_DIRECTORY", directory.toString(),
                "PENSTOCK_STORE_VISIBILITY", "3s",
                // As few as by default: dead letters of chunks that were only unlucky come back.
                "PENSTOCK_STORE_MAX_RECEIVES", "10");
    }

    @Override
    public Duration lease() {
        return Duration.ofSeconds(2);
    }

    @Override
    public Duration slowWrite() {
        return Duration.ZERO;
    }

    @Override
    public Duration callTimeout() {
        return Duration.ofSeconds(2);
    }

    @Override
    public int processes() {
        return 1;
    }

    @Override
    public void tamper(String job, int chunks, Random random) throws SQLException {
        try (Connection connection = open();
                Statement statement = connection.createStatement()) {
            long now = System.currentTimeMillis();
            statement.execute(
                    "INSERT INTO queue (body, visible_at) SELECT body, "
                            + (now + random.nextInt(4_000))
                            + " FROM queue WHERE dead = 0 ORDER BY id DESC LIMIT 5");
            statement.execute(
                    "UPDATE queue SET visible_at = "
                            + now
                            + " + abs(random() % 3000) WHERE dead = 0 AND id % 3 = "
                            + random.nextInt(3));
        }
    }

    /// The file locked by another program, or the disk full.
    @Override
    public String obstruct(Random random, List<Long> pids)
            throws SQLException, InterruptedException {
        if (random.nextBoolean() && FullDisk.isPossible()) {
            try (FullDisk _ = new FullDisk(pids.getFirst())) {
                pass(random);
            }
            return "full disk";
        }
        try (Connection connection = open();
                Statement statement = connection.createStatement()) {
            statement.execute("BEGIN IMMEDIATE");
            pass(random);
            statement.execute("ROLLBACK");
        }
        return "lock";
    }

    /// The fault lasts as long as this waits.
    private static void pass(Random random) throws InterruptedException {
        new CountDownLatch(1).await(1_000 + random.nextInt(1_000), TimeUnit.MILLISECONDS);
    }

    @Override
    public String spoilt() {
        return "none";
    }

    private Connection open() throws SQLException {
        return DriverManager.getConnection(
                "jdbc:sqlite:" + directory.resolve("penstock.db") + "?busy_timeout=10000");
    }
}
