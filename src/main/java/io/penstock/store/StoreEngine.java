package io.penstock.store;

/// One implementation of the store: documents, payloads and the queue. Each is opened when it is
/// first used. Thread-safe.
public interface StoreEngine {

    Documents documents();

    Payloads payloads();

    ChunkQueue queue();
}
