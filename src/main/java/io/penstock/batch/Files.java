package io.penstock.batch;

import io.penstock.store.FileStore;
import io.penstock.store.Owner;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import io.penstock.store.StoredFile;
import io.penstock.store.UnreadableSource;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Files that callers give, and those that batches come to. Thread-safe.
///
/// Every method throws [StoreException] when the store cannot be reached; trying again makes sense.
@ApplicationScoped
public class Files {

    /// How long a file is kept when its owner says nothing: what OpenAI keeps a batch's files (API
    /// reference, "Upload file").
    public static final Duration LIFE = Duration.ofDays(30);

    /// How long a link to a content can be used.
    public static final Duration LINK_VALIDITY = Duration.ofHours(1);

    /// How long an upload may take.
    private static final Duration UPLOAD_LIFE = Duration.ofDays(1);

    private final FileStore files;
    private final Payloads payloads;
    private final MillisClock clock;

    Files(FileStore files, Payloads payloads, MillisClock clock) {
        this.files = files;
        this.payloads = payloads;
        this.clock = clock;
    }

    /// Starts to take in a file. Close it in every case.
    public Upload upload() {
        Instant now = clock.now();
        // Its record comes first: what a process that dies leaves behind is removed with it.
        StoredFile begun = new StoredFile(id(), "", "", -1, now, now.plus(UPLOAD_LIFE));
        files.put(begun);
        return new Upload(begun, payloads.create(begun.key()));
    }

    /// A file that is being taken in; closed before it is complete, it leaves nothing behind. Not
    /// thread-safe.
    public final class Upload extends OutputStream {

        private final StoredFile begun;
        private final Payloads.Draft draft;
        private long bytes;
        private boolean complete;

        private Upload(StoredFile begun, Payloads.Draft draft) {
            this.begun = begun;
            this.draft = draft;
        }

        /// Bytes written so far.
        public long bytes() {
            return bytes;
        }

        @Override
        public void write(int b) throws IOException {
            draft.write(b);
            bytes++;
        }

        @Override
        public void write(byte[] buffer, int offset, int length) throws IOException {
            draft.write(buffer, offset, length);
            bytes += length;
        }

        /// Makes the file durable and known.
        ///
        /// @param owner the id of the key whose it is; null where callers need none
        public StoredFile complete(
                String filename, String purpose, Duration life, @Nullable String owner) {
            Instant now = clock.now();
            StoredFile file =
                    new StoredFile(
                            begun.id(), filename, purpose, bytes, now, now.plus(life), owner);
            draft.publish();
            files.put(file);
            complete = true;
            return file;
        }

        @Override
        public void close() {
            draft.close();
            if (!complete) {
                forget(begun.id());
            }
        }
    }

    /// A file whose content is still to come, and where it is to be sent by one PUT.
    public record Reserved(StoredFile file, URI link) {}

    /// Makes a file whose content its owner writes past Penstock.
    ///
    /// @return empty where the engine has no such way
    public Optional<Reserved> reserve(
            String filename, String purpose, long bytes, Duration life, @Nullable String owner) {
        Instant now = clock.now();
        StoredFile file = new StoredFile(id(), filename, purpose, -1, now, now.plus(life), owner);
        Optional<URI> link = payloads.uploadLink(file.key(), bytes, LINK_VALIDITY);
        link.ifPresent(_ -> files.put(file));
        return link.map(to -> new Reserved(file, to));
    }

    /// A file, complete or reserved.
    public Optional<StoredFile> find(String id) {
        return Optional.of(id)
                .filter(Ids::isPossible)
                .flatMap(files::file)
                .filter(file -> !file.purpose().isEmpty())
                .map(this::settled);
    }

    /// Notes the content that was written past Penstock.
    private StoredFile settled(StoredFile file) {
        if (file.isComplete()) {
            return file;
        }
        Optional<Long> size = payloads.size(file.key());
        if (size.isEmpty()) {
            return file;
        }
        StoredFile complete = file.completed(size.get());
        files.replace(complete);
        return complete;
    }

    /// Complete files after the one with that id.
    ///
    /// @param wanted says of a file whether it counts
    public List<StoredFile> list(
            @Nullable String after, int limit, boolean oldestFirst, Predicate<StoredFile> wanted) {
        int size = Math.min(1000, limit + 10);
        return new Listing<StoredFile>(
                        size, last -> files.files(last, size, oldestFirst), StoredFile::id)
                .find(after, limit, file -> file.isComplete() && wanted.test(file));
    }

    /// Reads a file's content from `offset`, at most `length` bytes.
    public InputStream read(StoredFile file, long offset, long length) {
        return payloads.read(file.key(), offset, length);
    }

    /// A URL at which everybody can read a file's content; empty where the engine has none.
    public Optional<URI> link(StoredFile file) {
        return payloads.link(file.key(), LINK_VALIDITY);
    }

    /// Forgets a file with its content.
    public void forget(String id) {
        payloads.deleteAll(StoredFile.prefix(id));
        files.delete(id);
    }

    /// The key of a file's content.
    static String key(String id) {
        return StoredFile.prefix(id) + "content";
    }

    /// Makes a file of a batch's known, whose content is there.
    void publish(String id, String name, Instant now, Instant until, @Nullable Owner owner) {
        long bytes =
                payloads.size(key(id))
                        .orElseThrow(() -> new StoreException("The file " + id + " is gone"));
        StoredFile file = new StoredFile(id, name, "batch_output", bytes, now, until);
        files.put(owner == null ? file : file.of(owner.id()));
    }

    /// Puts a file past its end, so that it is removed in time.
    void retract(String id) {
        Instant now = clock.now();
        files.put(new StoredFile(id, "", "", -1, now, now));
    }

    /// The tag of a file's content, which changes with the content.
    Optional<String> tag(StoredFile file) {
        return payloads.tag(file.key());
    }

    /// Reads a file's content from its start to its end.
    ///
    /// @param tag that it must have; null for any
    /// @throws UnreadableSource when it has another
    InputStream read(StoredFile file, @Nullable String tag) {
        return tag == null
                ? payloads.read(file.key(), 0, Long.MAX_VALUE)
                : payloads.read(file.key(), tag);
    }

    private static String id() {
        return "file-" + Ids.next();
    }
}
