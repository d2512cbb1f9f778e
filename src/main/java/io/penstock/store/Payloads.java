package io.penstock.store;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Files by key, such as `jobs/AREA/input.jsonl`. A file is written once, as a whole, and is there
/// for everybody when its writer has published it; writing a key again replaces it. Thread-safe.
///
/// What cannot be reached or written throws [StoreException]; trying again later makes sense.
public interface Payloads {

    /// Starts a file. Nobody sees it before [Draft#publish]; a draft that is closed earlier leaves
    /// nothing behind.
    Draft create(String key);

    /// Starts a file that may be written by several processes, one after the other.
    ///
    /// @param bytes how many it will have, about: the parts in which it goes depend on it
    Assembly begin(String key, long bytes);

    /// Goes on with such a file.
    ///
    /// @param state what its [Assembly#checkpoint] said last; what was written since is forgotten
    /// @throws LostAssembly when what was written is no longer there
    Assembly resume(String key, String state);

    /// Writes a small file at once.
    void put(String key, byte[] bytes);

    /// Reads from `offset`, at most `length` bytes; the stream throws [IOException] when it breaks.
    ///
    /// @throws StoreException also when there is no such file
    InputStream read(String key, long offset, long length);

    /// Reads a whole file, which is small.
    byte[] read(String key);

    /// Removes all files whose key starts with `prefix`, which ends in a slash.
    void deleteAll(String prefix);

    /// Removes all files whose key starts with `prefix` and that nobody will ever read, or leaves
    /// them to the engine's own rule for old files.
    void discard(String prefix);

    /// The size of a file in bytes; empty when there is no such file.
    Optional<Long> size(String key);

    /// The tag of a file's present content, which changes with the content; empty when there is no
    /// such file.
    Optional<String> tag(String key);

    /// Reads a whole file.
    ///
    /// @param tag that the file must have
    /// @throws UnreadableSource when it has another
    InputStream read(String key, String tag);

    /// A URL to which anybody can write the file during `validity`, by one PUT of exactly `bytes`
    /// bytes; empty where the engine has none.
    Optional<URI> uploadLink(String key, long bytes, Duration validity);

    /// A URL at which anybody can read the file during `validity`; empty where the engine has none.
    Optional<URI> link(String key, Duration validity);

    /// Looks whether a caller's own file is there and may be read.
    ///
    /// @param location as for [#foreign]
    /// @return the tag of its present content
    /// @throws UnreadableSource when it cannot be read
    String probe(String location);

    /// A caller's own file, from its start to its end.
    ///
    /// @param location such as `s3://bucket/key`, the key as it is, without any encoding
    /// @param tag that it must have; null for any
    /// @throws UnreadableSource when there is none, it has another tag, or this engine reads none
    InputStream foreign(String location, @Nullable String tag);

    /// A file that is being written. Not thread-safe.
    abstract class Draft extends OutputStream {

        /// Makes the file durable and visible.
        public abstract void publish();

        /// Discards the file unless it is published.
        @Override
        public abstract void close();
    }

    /// A file that may be written by several processes, one after the other. Not thread-safe.
    ///
    /// Two processes that write the same bytes from the same checkpoint do each other no harm.
    abstract class Assembly extends OutputStream {

        /// Makes what is written so far durable, though not visible.
        ///
        /// @return what [Payloads#resume] takes
        public abstract String checkpoint();

        /// Makes the file durable and visible.
        ///
        /// @throws LostAssembly when what was written before is gone
        public abstract void publish();

        /// Lets go of the file, and leaves what the last checkpoint has made durable.
        @Override
        public abstract void close();
    }
}
