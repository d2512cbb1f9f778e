package io.penstock.store.local;

import io.penstock.store.StoreConfig;
import io.penstock.testing.Settings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
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

    @Override
    public void close() throws IOException {
        engine.close();
    }
}
