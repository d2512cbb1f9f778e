package io.penstock.store;

/// One way to keep things: each part is opened when it is first used. Thread-safe.
public interface StoreEngine {

    Documents documents();

    Payloads payloads();

    ChunkQueue queue();
}
