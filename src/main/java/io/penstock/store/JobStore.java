package io.penstock.store;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Jobs and their chunks. Thread-safe, and safe between processes: what two writers want to change
/// goes to the one whose version is the stored one.
///
/// What a method has written is durable when it returns, and what it reads includes every write
/// that has returned; only [#jobs] and [#live] may lag behind by a second. A job past its
/// [Job#retainedUntil] may still be stored and is never returned.
///
/// Every method throws [StoreException] when the store cannot be reached or refuses; trying again
/// later makes sense.
public interface JobStore {

    /// Stores a new job. Its chunks, if it has any yet, are stored before by [#addChunks].
    ///
    /// @return false when there is a job of this id already; nothing has changed then
    boolean create(Job job);

    Optional<Job> job(String id);

    /// Replaces a job whose stored version is one below `next`'s.
    ///
    /// @return false when it is another, or the job is gone; nothing has changed then
    boolean replace(Job next);

    /// Jobs, newest first by [Job#createdAt], then by id.
    ///
    /// @param after the id of the job before the page's first, or null to start with the newest
    List<Job> jobs(@Nullable String after, int limit);

    /// Jobs whose status is not terminal.
    List<Job> live();

    /// Removes a job with its chunks. Removing what is not there changes nothing.
    void delete(Job job);

    /// Stores chunks of an area as new, whatever was there. For an area that nobody reads yet.
    void addChunks(List<Chunk> chunks);

    Optional<Chunk> chunk(String area, int index);

    /// All chunks of an area in the order of their index.
    List<Chunk> chunks(String area);

    /// Replaces a chunk whose stored version is one below `next`'s.
    ///
    /// @return false when it is another, or the chunk is gone; nothing has changed then
    boolean replace(Chunk next);

    /// Notes that a chunk is done; noting it again changes nothing.
    ///
    /// @return whether all chunks of the job are noted now
    boolean close(Job job, int index);
}
