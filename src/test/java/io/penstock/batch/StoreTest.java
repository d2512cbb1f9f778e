package io.penstock.batch;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// A test on an embedded store of its own.
abstract class StoreTest {

    @TempDir Path directory;

    Embedded store;

    @BeforeEach
    void openStore() {
        store = new Embedded(directory);
    }

    @AfterEach
    void closeStore() throws IOException {
        store.close();
    }
}
