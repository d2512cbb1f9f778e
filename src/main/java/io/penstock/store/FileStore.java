package io.penstock.store;

import jakarta.enterprise.context.ApplicationScoped;
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
@ApplicationScoped
public class FileStore {

    private final Documents documents;

    public FileStore(Documents documents) {
        this.documents = documents;
    }

    /// Stores a new file, in place of any of the same id.
    public void put(StoredFile file) {
        documents.put(
                new Document(key(file.id()), 1, file.expiresAt(), file.toJson())
                        .listed(file.createdAt(), false));
    }

    /// Replaces a file by one of the same times.
    ///
    /// @return false when there is none of its id; nothing has changed then
    public boolean replace(StoredFile file) {
        return documents.amend(key(file.id()), file.toJson());
    }

    public Optional<StoredFile> file(String id) {
        return documents.read(key(id)).map(StoredFile::fromJson);
    }

    /// Files in the order of [StoredFile#createdAt], then of their ids.
    ///
    /// @param after the id of the file before the page's first, or null to start at the beginning
    public List<StoredFile> files(@Nullable String after, int limit, boolean oldestFirst) {
        return documents
                .list(Kind.FILE, after == null ? null : key(after), limit, oldestFirst)
                .stream()
                .map(StoredFile::fromJson)
                .toList();
    }

    /// Forgets a file. Forgetting what is not there changes nothing.
    public void delete(String id) {
        documents.delete(key(id));
    }

    private static Document.Key key(String id) {
        return new Document.Key(Kind.FILE, id);
    }
}
