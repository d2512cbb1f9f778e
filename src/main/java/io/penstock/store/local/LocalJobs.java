package io.penstock.store.local;

import io.penstock.store.Chunk;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Jobs and chunks in the SQLite file.
final class LocalJobs implements JobStore {

    private final Database database;
    private final Clock clock;

    LocalJobs(Database database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    @Override
    public boolean create(Job job) {
        return database.call(
                "job " + job.id(),
                session ->
                        session.execute(
                                        "INSERT INTO job (id, version, status, live, created, retained,"
                                                + " doc) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id)"
                                                + " DO NOTHING",
                                        job.id(),
                                        job.version(),
                                        job.status().wireName(),
                                        job.status().isTerminal() ? 0 : 1,
                                        job.createdAt().toEpochMilli(),
                                        job.retainedUntil().toEpochMilli(),
                                        job.toJson())
                                == 1);
    }

    @Override
    public Optional<Job> job(String id) {
        return database
                .call(
                        "job " + id,
                        session ->
                                session.query(
                                        LocalJobs::job,
                                        "SELECT doc FROM job WHERE id = ? AND retained > ?",
                                        id,
                                        clock.millis()))
                .stream()
                .findFirst();
    }

    @Override
    public boolean replace(Job next) {
        return database.call(
                "job " + next.id(),
                session ->
                        session.execute(
                                        "UPDATE job SET version = ?, status = ?, live = ?, retained = ?,"
                                                + " doc = ? WHERE id = ? AND version = ?",
                                        next.version(),
                                        next.status().wireName(),
                                        next.status().isTerminal() ? 0 : 1,
                                        next.retainedUntil().toEpochMilli(),
                                        next.toJson(),
                                        next.id(),
                                        next.version() - 1)
                                == 1);
    }

    @Override
    public List<Job> jobs(@Nullable String after, int limit) {
        return database.call(
                "jobs",
                session ->
                        after == null
                                ? session.query(
                                        LocalJobs::job,
                                        "SELECT doc FROM job WHERE retained > ? ORDER BY created DESC,"
                                                + " id DESC LIMIT ?",
                                        clock.millis(),
                                        limit)
                                : session.query(
                                        LocalJobs::job,
                                        "SELECT doc FROM job WHERE retained > ? AND (created, id) <"
                                                + " (SELECT created, id FROM job WHERE id = ?) ORDER BY"
                                                + " created DESC, id DESC LIMIT ?",
                                        clock.millis(),
                                        after,
                                        limit));
    }

    @Override
    public List<Job> live() {
        return database.call(
                "jobs",
                session ->
                        session.query(
                                LocalJobs::job,
                                "SELECT doc FROM job WHERE live = 1 AND retained > ? ORDER BY created",
                                clock.millis()));
    }

    /// Jobs that are stored and forgotten already.
    List<Job> outlived() {
        return database.call(
                "jobs",
                session ->
                        session.query(
                                LocalJobs::job,
                                "SELECT doc FROM job WHERE retained <= ? LIMIT 100",
                                clock.millis()));
    }

    @Override
    public void delete(Job job) {
        database.call(
                "job " + job.id(),
                session -> {
                    session.execute("DELETE FROM chunk WHERE area = ?", job.area());
                    return session.execute("DELETE FROM job WHERE id = ?", job.id());
                });
    }

    @Override
    public void addChunks(List<Chunk> chunks) {
        database.call(
                "chunks",
                session -> {
                    for (Chunk chunk : chunks) {
                        session.execute(
                                "INSERT OR REPLACE INTO chunk (area, idx, version, closed, doc) VALUES"
                                        + " (?, ?, ?, 0, ?)",
                                chunk.area(),
                                chunk.index(),
                                chunk.version(),
                                chunk.toJson());
                    }
                    return chunks.size();
                });
    }

    @Override
    public Optional<Chunk> chunk(String area, int index) {
        return database
                .call(
                        "chunk " + area + "/" + index,
                        session ->
                                session.query(
                                        LocalJobs::chunk,
                                        "SELECT doc FROM chunk WHERE area = ? AND idx = ?",
                                        area,
                                        index))
                .stream()
                .findFirst();
    }

    @Override
    public List<Chunk> chunks(String area) {
        return database.call(
                "chunks of " + area,
                session ->
                        session.query(
                                LocalJobs::chunk,
                                "SELECT doc FROM chunk WHERE area = ? ORDER BY idx",
                                area));
    }

    @Override
    public boolean replace(Chunk next) {
        return database.call(
                "chunk " + next.area() + "/" + next.index(),
                session ->
                        session.execute(
                                        "UPDATE chunk SET version = ?, doc = ? WHERE area = ? AND idx = ?"
                                                + " AND version = ?",
                                        next.version(),
                                        next.toJson(),
                                        next.area(),
                                        next.index(),
                                        next.version() - 1)
                                == 1);
    }

    @Override
    public boolean close(Job job, int index) {
        return database.call(
                "chunk " + job.area() + "/" + index,
                session -> {
                    session.execute(
                            "UPDATE chunk SET closed = 1 WHERE area = ? AND idx = ? AND closed = 0",
                            job.area(),
                            index);
                    return session.query(
                                    row -> row.getInt(1),
                                    "SELECT count(*) FROM chunk WHERE area = ? AND closed = 0",
                                    job.area())
                            .getFirst()
                            .equals(0);
                });
    }

    private static Job job(ResultSet row) throws SQLException {
        return Job.fromJson(row.getString(1));
    }

    private static Chunk chunk(ResultSet row) throws SQLException {
        return Chunk.fromJson(row.getString(1));
    }
}
