package io.penstock.store.local;

import io.penstock.store.FileStore;
import io.penstock.store.StoredFile;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Files in the SQLite file.
final class LocalFiles implements FileStore {

    private final Database database;
    private final Clock clock;

    LocalFiles(Database database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    @Override
    public void put(StoredFile file) {
        database.call(
                "file " + file.id(),
                session ->
                        session.execute(
                                "INSERT OR REPLACE INTO file (id, created, expires, doc) VALUES (?, ?,"
                                        + " ?, ?)",
                                file.id(),
                                file.createdAt().toEpochMilli(),
                                file.expiresAt().toEpochMilli(),
                                file.toJson()));
    }

    @Override
    public boolean replace(StoredFile file) {
        return database.call(
                "file " + file.id(),
                session ->
                        session.execute(
                                        "UPDATE file SET created = ?, expires = ?, doc = ? WHERE id = ?",
                                        file.createdAt().toEpochMilli(),
                                        file.expiresAt().toEpochMilli(),
                                        file.toJson(),
                                        file.id())
                                == 1);
    }

    @Override
    public Optional<StoredFile> file(String id) {
        return database
                .call(
                        "file " + id,
                        session ->
                                session.query(
                                        LocalFiles::file,
                                        "SELECT doc FROM file WHERE id = ? AND expires > ?",
                                        id,
                                        clock.millis()))
                .stream()
                .findFirst();
    }

    @Override
    public List<StoredFile> files(@Nullable String after, int limit, boolean oldestFirst) {
        String order = oldestFirst ? "ASC" : "DESC";
        String select = "SELECT doc FROM file WHERE expires > ?";
        String rest = " ORDER BY created " + order + ", id " + order + " LIMIT ?";
        return database.call(
                "files",
                session ->
                        after == null
                                ? session.query(
                                        LocalFiles::file, select + rest, clock.millis(), limit)
                                : session.query(
                                        LocalFiles::file,
                                        select
                                                + " AND (created, id) "
                                                + (oldestFirst ? ">" : "<")
                                                + " (SELECT created, id FROM file WHERE id = ?)"
                                                + rest,
                                        clock.millis(),
                                        after,
                                        limit));
    }

    /// Ids of files that are stored and expired already.
    List<String> outlived() {
        return database.call(
                "files",
                session ->
                        session.query(
                                row -> row.getString(1),
                                "SELECT id FROM file WHERE expires <= ? LIMIT 100",
                                clock.millis()));
    }

    @Override
    public void delete(String id) {
        database.call(
                "file " + id, session -> session.execute("DELETE FROM file WHERE id = ?", id));
    }

    private static StoredFile file(ResultSet row) throws SQLException {
        return StoredFile.fromJson(row.getString(1));
    }
}
