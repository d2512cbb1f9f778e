package io.penstock.store.local;

import io.penstock.store.ChunkQueue;
import io.penstock.store.FileStore;
import io.penstock.store.JobStore;
import io.penstock.store.Outlived;
import io.penstock.store.Payloads;
import io.penstock.store.StoreConfig;
import io.penstock.testing.Settings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;

/// The embedded engine in a directory of a test's.
public final class Opened implements AutoCloseable {

    private final LocalEngine engine;

    public Opened(Path directory, Clock clock, String visibility, int maxReceives) {
        engine =
                new LocalEngine(
                        Settings.of(
                                StoreConfig.class,
                                Map.of(
                                        "penstock.store.directory", directory.toString(),
                                        "penstock.store.visibility", visibility,
                                        "penstock.store.max-receives",
                                                Integer.toString(maxReceives))),
                        clock);
    }

    public LocalEngine engine() {
        return engine;
    }

    public JobStore jobs() {
        return new JobStore(engine.documents(), Duration.ofDays(30));
    }

    public FileStore files() {
        return new FileStore(engine.documents());
    }

    public Payloads payloads() {
        return engine.payloads();
    }

    public ChunkQueue queue() {
        return engine.queue();
    }

    /// What a sweep removes.
    public Outlived outlived() {
        return new Outlived(engine.documents(), jobs(), files(), payloads());
    }

    @Override
    public void close() throws IOException {
        engine.close();
    }
}
