package io.penstock.store;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The files that callers know of. Thread-safe, and safe between processes.
///
/// What a method has written is durable when it returns, and what it reads includes every write
/// that has returned; only [#files] may lag behind by a second. A file past its
/// [StoredFile#expiresAt] may still be stored and is never returned.
///
/// Every method throws [StoreException] when the store cannot be reached or refuses; trying again
/// later makes sense.
public interface FileStore {

    /// Stores a new file, in place of any of the same id.
    void put(StoredFile file);

    /// Replaces a file.
    ///
    /// @return false when there is none of its id; nothing has changed then
    boolean replace(StoredFile file);

    Optional<StoredFile> file(String id);

    /// Files in the order of [StoredFile#createdAt], then of their ids.
    ///
    /// @param after the id of the file before the page's first, or null to start at the beginning
    List<StoredFile> files(@Nullable String after, int limit, boolean oldestFirst);

    /// Forgets a file. Forgetting what is not there changes nothing.
    void delete(String id);
}
