package io.penstock.store.local;

import io.penstock.store.Document;
import io.penstock.store.Document.Key;
import io.penstock.store.Documents;
import io.penstock.store.Kind;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Documents in the SQLite file. Those in a list are kept past their end until they are deleted,
/// since payloads go with them.
final class SqliteDocuments implements Documents {

    private static final String ADD =
            "INSERT INTO document (kind, grp, name, version, ends, position, live, doc)"
                    + " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (kind, grp, name)"
                    + " DO NOTHING";

    private static final String INSERT =
            "INSERT INTO document (kind, grp, name, version, ends, position, live, doc)"
                    + " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (kind, grp, name)"
                    + " DO UPDATE SET version = ?4, ends = ?5, position = ?6, live = ?7, doc = ?8";

    private static final String INSERT_NEW =
            INSERT + " WHERE document.ends <= ?9 AND document.position IS NULL";

    private static final String COUNT =
            "INSERT INTO document (kind, grp, name, version, ends, live, doc)"
                    + " VALUES (?1, ?2, ?3, 1, ?4, 0, '') ON CONFLICT (kind, grp, name)"
                    + " DO UPDATE SET version = version + 1, ends = ?4 RETURNING version";

    private static final String THIS = " WHERE kind = ?1 AND grp = ?2 AND name = ?3";

    private static final String REPLACE =
            "UPDATE document SET version = ?4, ends = ?5, position = ?6, live = ?7, doc = ?8"
                    + THIS
                    + " AND version = ?4 - 1";

    private static final String ALL = " WHERE kind = ?1 AND grp = ?2";

    private static final String OPEN = ALL + " AND number = ?3";

    private final Supplier<Database> database;
    private final Clock clock;

    /// @param database opened with the first document
    SqliteDocuments(Supplier<Database> database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    @Override
    public boolean isShared() {
        return false;
    }

    @Override
    public Clock clock() {
        return clock;
    }

    @Override
    public Optional<String> read(Key key) {
        return texts(
                        key.toString(),
                        "SELECT doc FROM document" + THIS + " AND ends > ?4",
                        key.kind().name(),
                        key.group(),
                        key.name(),
                        clock.millis())
                .stream()
                .findFirst();
    }

    @Override
    public Optional<String> glance(Key key) {
        return read(key);
    }

    @Override
    public long count(Key key, Instant until) {
        return call(
                key.toString(),
                session ->
                        session.query(
                                        row -> row.getLong(1),
                                        COUNT,
                                        key.kind().name(),
                                        key.group(),
                                        key.name(),
                                        until.toEpochMilli())
                                .getFirst());
    }

    @Override
    public boolean write(Document next) {
        return call(
                        next.key().toString(),
                        session ->
                                next.version() == 1
                                        ? session.execute(INSERT_NEW, values(next, clock.millis()))
                                        : session.execute(REPLACE, values(next)))
                == 1;
    }

    @Override
    public boolean amend(Key key, String text) {
        return call(
                        key.toString(),
                        session ->
                                session.execute(
                                        "UPDATE document SET doc = ?4, version = version + 1"
                                                + THIS
                                                + " AND ends > ?5",
                                        key.kind().name(),
                                        key.group(),
                                        key.name(),
                                        text,
                                        clock.millis()))
                == 1;
    }

    @Override
    public void put(Document document) {
        call(document.key().toString(), session -> session.execute(INSERT, values(document)));
    }

    @Override
    public void putOpen(List<Document> documents) {
        if (documents.isEmpty()) {
            return;
        }
        Key first = documents.getFirst().key();
        call(
                all(first.kind(), first.group()),
                session -> {
                    for (Document document : documents) {
                        session.execute(
                                "INSERT OR IGNORE INTO open (kind, grp, number) VALUES (?, ?, ?)",
                                document.key().kind().name(),
                                document.key().group(),
                                document.key().number());
                        session.execute(ADD, values(document));
                    }
                    return documents.size();
                });
    }

    /// The note is kept as long as its group.
    @Override
    public boolean close(Key key, Instant until) {
        return call(
                key.toString(),
                session -> {
                    String kind = key.kind().name();
                    session.execute("DELETE FROM open" + OPEN, kind, key.group(), key.number());
                    return session.query(
                                    row -> row.getInt(1),
                                    "SELECT 1 FROM open" + ALL + " LIMIT 1",
                                    kind,
                                    key.group())
                            .isEmpty();
                });
    }

    @Override
    public List<String> group(Kind kind, String group) {
        return texts(
                all(kind, group),
                "SELECT doc FROM document" + ALL + " AND ends > ?3 ORDER BY name",
                kind.name(),
                group,
                clock.millis());
    }

    @Override
    public List<String> list(Kind kind, @Nullable Key after, int limit, boolean oldestFirst) {
        String order = oldestFirst ? "ASC" : "DESC";
        String select =
                "SELECT doc FROM document WHERE kind = ? AND ends > ? AND position IS NOT NULL";
        String rest = " ORDER BY position " + order + " LIMIT ?";
        if (after == null) {
            return texts(kind.word() + "s", select + rest, kind.name(), clock.millis(), limit);
        }
        return texts(
                kind.word() + "s",
                select
                        + " AND position "
                        + (oldestFirst ? ">" : "<")
                        + " (SELECT position FROM document WHERE kind = ? AND grp = ? AND name = ?)"
                        + rest,
                kind.name(),
                clock.millis(),
                kind.name(),
                after.group(),
                after.name(),
                limit);
    }

    @Override
    public List<String> live(Kind kind, @Nullable String after, int limit) {
        return texts(
                kind.word() + "s",
                "SELECT doc FROM document WHERE live = 1 AND kind = ? AND ends > ?"
                        + " AND position > ? ORDER BY position LIMIT ?",
                kind.name(),
                clock.millis(),
                after == null ? "" : after,
                limit);
    }

    @Override
    public List<String> outlived(Kind kind) {
        return texts(
                kind.word() + "s",
                "SELECT doc FROM document WHERE kind = ? AND ends <= ? AND position IS NOT NULL"
                        + " LIMIT 100",
                kind.name(),
                clock.millis());
    }

    @Override
    public void delete(Key key) {
        call(
                key.toString(),
                session ->
                        session.execute(
                                "DELETE FROM document" + THIS,
                                key.kind().name(),
                                key.group(),
                                key.name()));
    }

    @Override
    public void deleteGroup(Kind kind, String group) {
        call(
                all(kind, group),
                session -> {
                    session.execute("DELETE FROM open" + ALL, kind.name(), group);
                    return session.execute("DELETE FROM document" + ALL, kind.name(), group);
                });
    }

    private static @Nullable Object[] values(Document document, Object... more) {
        List<@Nullable Object> values = new ArrayList<>();
        values.add(document.key().kind().name());
        values.add(document.key().group());
        values.add(document.key().name());
        values.add(document.version());
        values.add(document.until().toEpochMilli());
        values.add(document.position());
        values.add(document.live());
        values.add(document.text());
        values.addAll(List.of(more));
        return values.toArray();
    }

    private static String all(Kind kind, String group) {
        return kind.word() + "s of " + group;
    }

    private <T> T call(String object, Database.Statements<T> work) {
        return database.get().call(object, work);
    }

    private List<String> texts(String object, String sql, @Nullable Object... values) {
        return call(object, session -> session.query(row -> row.getString(1), sql, values));
    }
}
