package io.penstock.store.local;

import io.penstock.store.BudgetStore;
import io.penstock.store.BudgetStoreContract;
import io.penstock.store.ChunkQueue;
import io.penstock.store.ChunkQueueContract;
import io.penstock.store.ChunkStoreContract;
import io.penstock.store.Documents;
import io.penstock.store.DocumentsContract;
import io.penstock.store.FileStore;
import io.penstock.store.FileStoreContract;
import io.penstock.store.JobStore;
import io.penstock.store.JobStoreContract;
import io.penstock.store.Payloads;
import io.penstock.store.PayloadsContract;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// The embedded engine keeps the store's promises.
class LocalContractTest
        implements DocumentsContract,
                ChunkStoreContract,
                JobStoreContract,
                PayloadsContract,
                ChunkQueueContract,
                BudgetStoreContract,
                FileStoreContract {

    @TempDir Path directory;

    private Opened opened;

    @BeforeEach
    void open() {
        opened =
                new Opened(
                        directory, Clock.systemUTC(), VISIBILITY.toSeconds() + "s", MAX_RECEIVES);
    }

    @AfterEach
    void close() throws IOException {
        opened.close();
    }

    @Override
    public Documents documents() {
        return opened.engine().documents();
    }

    @Override
    public JobStore jobs() {
        return opened.jobs();
    }

    @Override
    public Payloads payloads() {
        return opened.payloads();
    }

    @Override
    public ChunkQueue queue() {
        return opened.queue();
    }

    @Override
    public FileStore files() {
        return opened.files();
    }

    @Override
    public BudgetStore budgets() {
        return BudgetStore.in(opened.engine().documents());
    }
}
