package io.penstock.store;

import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The callers' keys. Thread-safe, and safe between processes.
///
/// Every method but [#now] throws [StoreException] when the store cannot be reached or refuses;
/// trying again later makes sense.
@ApplicationScoped
public class CallerKeys {

    /// An ended key is kept too, since batches and files name it.
    private static final Instant ALWAYS = Instant.parse("2100-01-01T00:00:00Z");

    private final Documents documents;

    CallerKeys(Documents documents) {
        this.documents = documents;
    }

    /// The store's time.
    public Instant now() {
        return documents.clock().instant();
    }

    /// The key of that id, which may lag behind by a second.
    public Optional<CallerKey> glance(String id) {
        return documents.glance(key(id)).map(CallerKey::fromJson);
    }

    /// The key of that id, with every write that has returned.
    public Optional<CallerKey> find(String id) {
        return documents.read(key(id)).map(CallerKey::fromJson);
    }

    /// Stores a key whose stored version is one below; version 1 is a new one.
    ///
    /// @return false when the stored version is another; nothing has changed then
    public boolean write(CallerKey next) {
        return documents.write(
                new Document(key(next.owner().id()), next.version(), ALWAYS, next.toJson())
                        .listed(next.createdAt(), false));
    }

    /// Keys in the order in which they were made; may lag behind by a second.
    ///
    /// @param after the id of the key before the page's first, or null to start at the beginning
    public List<CallerKey> list(@Nullable String after, int limit) {
        return documents.list(Kind.KEY, after == null ? null : key(after), limit, true).stream()
                .map(CallerKey::fromJson)
                .toList();
    }

    private static Document.Key key(String id) {
        return new Document.Key(Kind.KEY, id);
    }
}
