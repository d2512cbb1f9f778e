package io.penstock.store.local;

import io.penstock.store.ChunkQueue;
import io.penstock.store.Documents;
import io.penstock.store.Payloads;
import io.penstock.store.StoreConfig;
import io.penstock.store.StoreEngine;
import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/// The embedded engine in its data directory, opened on first use. Thread-safe.
@ApplicationScoped
public class LocalEngine implements StoreEngine {

    private final StoreConfig config;
    private final LocalClock clock;
    private @Nullable Opened opened;

    private record Opened(
            FileChannel lock, Database database, LocalPayloads payloads, LocalQueue queue) {}

    LocalEngine(StoreConfig config, Clock clock) {
        this.config = config.checked();
        this.clock = new LocalClock(clock);
    }

    /// Opens nothing before it is used: calls without a configured budget need no store.
    @Override
    public Documents documents() {
        return new SqliteDocuments(() -> opened().database, clock);
    }

    @Override
    public Payloads payloads() {
        return opened().payloads;
    }

    @Override
    public ChunkQueue queue() {
        return opened().queue;
    }

    private synchronized Opened opened() {
        if (opened == null) {
            opened = open(config.directory().toAbsolutePath().normalize());
        }
        return opened;
    }

    private Opened open(Path directory) {
        try {
            create(directory);
            FileChannel lock =
                    FileChannel.open(
                            directory.resolve("lock"),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE);
            if (tryLock(lock) == null) {
                lock.close();
                throw new ConfigurationException(
                        "The data directory "
                                + directory
                                + " is in use by another Penstock; stop that one, or set"
                                + " penstock.store.directory to another place.");
            }
            return open(directory, lock);
        } catch (IOException e) {
            throw new ConfigurationException(
                    "The data directory "
                            + directory
                            + " cannot be used ("
                            + e.getMessage()
                            + "); set penstock.store.directory to a place that can be written.",
                    e);
        }
    }

    private Opened open(Path directory, FileChannel lock) throws IOException {
        boolean opening = true;
        try {
            clock.keepIn(lock);
            Database database = new Database(directory.resolve("penstock.db"));
            LocalQueue queue =
                    new LocalQueue(database, clock, config.visibility(), config.maxReceives());
            queue.takeOver();
            opening = false;
            return new Opened(lock, database, new LocalPayloads(directory), queue);
        } finally {
            if (opening) {
                lock.close();
            }
        }
    }

    /// Readable by its owner alone, since prompts and answers are in it. A directory that exists
    /// keeps its permissions.
    private static void create(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            return;
        }
        Files.createDirectories(directory.getParent());
        if (Files.getFileStore(directory.getParent())
                .supportsFileAttributeView(PosixFileAttributeView.class)) {
            Files.createDirectory(
                    directory,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
        } else {
            Files.createDirectory(directory);
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException heldByThisProcess) {
            return null;
        }
    }

    @PreDestroy
    synchronized void close() throws IOException {
        if (opened != null) {
            opened.database.close();
            opened.lock.close();
        }
    }
}
