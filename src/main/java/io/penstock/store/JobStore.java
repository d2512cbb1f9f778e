package io.penstock.store;

import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/// Jobs and their chunks. Thread-safe, and safe between processes: of two writers of the same
/// version one succeeds.
///
/// What a method has written is durable when it returns, and what it reads includes every write
/// that has returned; only [#jobs] and [#live] may lag behind by a second. A job past its
/// [Job#retainedUntil] may still be stored and is never returned.
///
/// Every method throws [StoreException] when the store cannot be reached or refuses; trying again
/// later makes sense.
@ApplicationScoped
public class JobStore {

    /// The longest time between a chunk's last write and the time from which the job's retention
    /// counts, with a margin.
    private static final Duration CHUNK_MARGIN = Duration.ofDays(60);

    /// Older sums are not used: they are added up anew.
    private static final Duration SUMS_LIFE = Duration.ofHours(1);

    private final Documents documents;
    private final Duration chunkLife;

    /// @param retention of jobs
    public JobStore(
            Documents documents,
            @ConfigProperty(name = "penstock.batch.retention") Duration retention) {
        this.documents = documents;
        this.chunkLife = retention.plus(CHUNK_MARGIN);
    }

    /// Stores a new job. Its chunks, if it has any yet, are stored before by [#addChunks].
    ///
    /// @return false when there is a job of this id already; nothing has changed then
    public boolean create(Job job) {
        return documents.write(document(job));
    }

    public Optional<Job> job(String id) {
        return documents.read(key(id)).map(Job::fromJson);
    }

    /// Replaces a job whose stored version is one below `next`'s.
    ///
    /// @return false when the stored version is another, or the job is gone; nothing has changed
    ///   then
    public boolean replace(Job next) {
        return documents.write(document(next));
    }

    /// Jobs, newest first by [Job#createdAt], then by id.
    ///
    /// @param after the id of the job before the page's first, or null to start with the newest
    public List<Job> jobs(@Nullable String after, int limit) {
        return jobs(documents.list(Kind.JOB, after == null ? null : key(after), limit, false));
    }

    /// Jobs whose status is not terminal, the oldest first.
    ///
    /// @param after the job before the page's first, whether it is still stored or not; null to
    ///   start with the oldest
    public List<Job> live(@Nullable Job after, int limit) {
        return jobs(
                documents.live(Kind.JOB, after == null ? null : document(after).position(), limit));
    }

    /// When a job's messages were sent.
    public Announced announced(Job job) {
        return documents
                .read(announcement(job))
                .map(Announced::fromJson)
                .orElseGet(() -> Announced.first(job));
    }

    /// Notes when a job's messages were sent, whatever was noted before.
    public void announced(Job job, Announced sent) {
        documents.put(new Document(announcement(job), 1, job.retainedUntil(), sent.toJson()));
    }

    /// Forgets that a job's messages were ever sent after it was made.
    public void unannounced(Job job) {
        documents.delete(announcement(job));
    }

    /// Removes a job with its chunks. Removing what is not there changes nothing.
    public void delete(Job job) {
        deleteChunks(job.area());
        unannounced(job);
        documents.delete(key(job.id()));
    }

    /// Removes the chunks of an area.
    public void deleteChunks(String area) {
        documents.deleteGroup(Kind.CHUNK, area);
    }

    /// Stores chunks of an area as new; those that are there already stay as they are.
    public void addChunks(List<Chunk> chunks) {
        documents.putOpen(chunks.stream().map(this::document).toList());
    }

    public Optional<Chunk> chunk(String area, int index) {
        return documents.read(key(area, index)).map(Chunk::fromJson);
    }

    /// All chunks of an area in the order of their index.
    public List<Chunk> chunks(String area) {
        return documents.group(Kind.CHUNK, area).stream().map(Chunk::fromJson).toList();
    }

    /// Replaces a chunk whose stored version is one below `next`'s.
    ///
    /// @return false when the stored version is another, or the chunk is gone; nothing has changed
    ///   then
    public boolean replace(Chunk next) {
        return documents.write(document(next));
    }

    /// Notes that a chunk is done; noting it again changes nothing.
    ///
    /// @return whether all chunks of the job are noted now
    public boolean close(Job job, int index) {
        return documents.close(key(job.area(), index), chunkUntil());
    }

    private static Document.Key announcement(Job job) {
        return new Document.Key(Kind.ANNOUNCEMENT, job.id());
    }

    /// How far the results of an area are put together.
    public Merge merge(String area) {
        return documents.read(mergeKey(area)).map(Merge::fromJson).orElse(Merge.none(area));
    }

    /// Replaces a merge whose stored version is one below `next`'s, or begins one.
    ///
    /// @return false when the stored version is another, or the merge is gone; nothing has changed
    ///   then
    public boolean replace(Merge next) {
        return documents.write(
                new Document(mergeKey(next.area()), next.version(), chunkUntil(), next.toJson()));
    }

    /// Forgets how far the results of an area are put together: a worker that puts them together
    /// can go on no more.
    public void deleteMerge(String area) {
        documents.delete(mergeKey(area));
    }

    /// The last sums of an area's chunks.
    public Sums sums(String area) {
        return documents.read(sumsKey(area)).map(Sums::fromJson).orElse(Sums.none(area));
    }

    /// Replaces sums whose stored version is one below `next`'s, or begins them.
    ///
    /// @return false when the stored version is another; nothing has changed then
    public boolean replace(Sums next) {
        return documents.write(
                new Document(
                        sumsKey(next.area()),
                        next.version(),
                        documents.clock().instant().plus(SUMS_LIFE),
                        next.toJson()));
    }

    private static Document.Key sumsKey(String area) {
        return new Document.Key(Kind.SUMS, area);
    }

    private static Document.Key mergeKey(String area) {
        return new Document.Key(Kind.MERGE, area);
    }

    private static Document.Key key(String id) {
        return new Document.Key(Kind.JOB, id);
    }

    private static Document.Key key(String area, int index) {
        return Document.Key.numbered(Kind.CHUNK, area, index);
    }

    /// A job's versions begin with 0, a document's with 1.
    private static Document document(Job job) {
        return new Document(key(job.id()), job.version() + 1, job.retainedUntil(), job.toJson())
                .listed(job.createdAt(), !job.status().isTerminal());
    }

    private Document document(Chunk chunk) {
        return new Document(
                key(chunk.area(), chunk.index()),
                chunk.version() + 1,
                chunkUntil(),
                chunk.toJson());
    }

    private Instant chunkUntil() {
        return documents.clock().instant().plus(chunkLife);
    }

    private static List<Job> jobs(List<String> texts) {
        return texts.stream().map(Job::fromJson).toList();
    }
}
