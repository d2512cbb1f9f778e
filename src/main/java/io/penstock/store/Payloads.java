package io.penstock.store;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/// Files by key, such as `jobs/AREA/input.jsonl`. A file is written once, as a whole, and is there
/// for everybody when its writer has published it; writing a key again replaces it. Thread-safe.
///
/// What cannot be reached or written throws [StoreException]; trying again later makes sense.
public interface Payloads {

    /// Starts a file. Until [Draft#publish] nobody sees it; closed before, it leaves nothing
    /// behind.
    Draft create(String key);

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

    /// The size of a file in bytes; empty when there is no such file.
    Optional<Long> size(String key);

    /// A URL to which anybody can write the file for so long, by one PUT of just so many bytes;
    /// empty where the engine has none.
    Optional<URI> uploadLink(String key, long bytes, Duration validity);

    /// A URL at which anybody can read the file for so long; empty where the engine has none.
    Optional<URI> link(String key, Duration validity);

    /// Looks whether a caller's own file is there and may be read.
    ///
    /// @param location as for [#foreign]
    /// @throws UnreadableSource when not
    void probe(String location);

    /// A caller's own file, from its start to its end.
    ///
    /// @param location such as `s3://bucket/key`, the key as it is, without any encoding
    /// @throws UnreadableSource when there is none, or this engine reads none
    InputStream foreign(String location);

    /// A file that is being written. Not thread-safe.
    abstract class Draft extends OutputStream {

        /// Makes the file durable and visible.
        public abstract void publish();

        /// Discards the file unless it is published.
        @Override
        public abstract void close();
    }
}
