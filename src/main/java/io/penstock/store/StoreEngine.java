package io.penstock.store;

/// One way to keep things: each part is opened when it is first asked for. Thread-safe.
public interface StoreEngine {

    JobStore jobs();

    FileStore files();

    BudgetStore budgets();

    StreamNotes streams();

    Payloads payloads();

    ChunkQueue queue();

    Outlived outlived();
}
