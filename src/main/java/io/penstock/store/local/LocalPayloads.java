package io.penstock.store.local;

import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import io.penstock.store.UnreadableSource;
import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Payloads as files below one directory. A file is written under another name, forced to the disk
/// and then renamed.
final class LocalPayloads implements Payloads {

    private static final int BUFFER = 64 * 1024;

    private final Path directory;

    LocalPayloads(Path directory) {
        this.directory = directory;
    }

    @Override
    public Draft create(String key) {
        try {
            return new FileDraft(key, path(key));
        } catch (IOException e) {
            throw failed(key, e);
        }
    }

    @Override
    public Assembly begin(String key, long bytes) {
        return LocalAssembly.begin(key, path(key));
    }

    @Override
    public Assembly resume(String key, String state) {
        return LocalAssembly.resume(key, path(key), state);
    }

    @Override
    public void put(String key, byte[] bytes) {
        try (Draft draft = create(key)) {
            draft.write(bytes);
            draft.publish();
        } catch (IOException e) {
            throw failed(key, e);
        }
    }

    @Override
    public InputStream read(String key, long offset, long length) {
        try {
            FileChannel channel = FileChannel.open(path(key), StandardOpenOption.READ);
            channel.position(offset);
            return new Beginning(Channels.newInputStream(channel), length);
        } catch (IOException e) {
            throw failed(key, e);
        }
    }

    @Override
    public byte[] read(String key) {
        try {
            return Files.readAllBytes(path(key));
        } catch (IOException e) {
            throw failed(key, e);
        }
    }

    @Override
    public void deleteAll(String prefix) {
        if (!prefix.endsWith("/")) {
            throw new IllegalArgumentException("A prefix ends in a slash: " + prefix);
        }
        Path root = path(prefix);
        if (!Files.exists(root)) {
            return;
        }
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException | UncheckedIOException e) {
            throw failed(prefix, e);
        }
    }

    @Override
    public void discard(String prefix) {
        deleteAll(prefix);
    }

    @Override
    public Optional<Long> size(String key) {
        try {
            return Optional.of(Files.size(path(key)));
        } catch (NoSuchFileException none) {
            return Optional.empty();
        } catch (IOException e) {
            throw failed(key, e);
        }
    }

    @Override
    public Optional<String> tag(String key) {
        try {
            BasicFileAttributes file = Files.readAttributes(path(key), BasicFileAttributes.class);
            return Optional.of(file.size() + "-" + file.lastModifiedTime().toMillis());
        } catch (NoSuchFileException none) {
            return Optional.empty();
        } catch (IOException e) {
            throw failed(key, e);
        }
    }

    @Override
    public InputStream read(String key, String tag) {
        if (!tag(key).equals(Optional.of(tag))) {
            throw new UnreadableSource(
                    "The file " + key + " is not what it was; give it again under another id.");
        }
        return read(key, 0, Long.MAX_VALUE);
    }

    @Override
    public Optional<URI> uploadLink(String key, long bytes, Duration validity) {
        return Optional.empty();
    }

    @Override
    public Optional<URI> link(String key, Duration validity) {
        return Optional.empty();
    }

    @Override
    public String probe(String location) {
        throw unread();
    }

    @Override
    public InputStream foreign(String location, @Nullable String tag) {
        throw unread();
    }

    private static UnreadableSource unread() {
        return new UnreadableSource(
                "The local engine reads no input from elsewhere; send the lines as the body"
                        + " (Content-Type: application/jsonl).");
    }

    /// Areas that have files.
    List<String> areas() {
        Path jobs = directory.resolve("jobs");
        if (!Files.isDirectory(jobs)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(jobs)) {
            return children.map(child -> child.getFileName().toString()).toList();
        } catch (IOException e) {
            throw failed("jobs", e);
        }
    }

    private Path path(String key) {
        Path path = directory.resolve(key).normalize();
        if (!path.startsWith(directory)) {
            throw new IllegalArgumentException("Outside of the data directory: " + key);
        }
        return path;
    }

    static StoreException failed(String key, Exception e) {
        return new StoreException(
                e instanceof NoSuchFileException
                        ? "There is no file " + key
                        : "The file " + key + " cannot be read or written: " + e.getMessage(),
                e);
    }

    /// Makes a file that is on the disk visible.
    static void rename(Path part, Path target) throws IOException {
        Files.move(
                part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        // The directory too: a rename is durable once the directory is (fsync(2)).
        try (FileChannel parent = FileChannel.open(target.getParent())) {
            parent.force(true);
        }
    }

    /// The beginning of a stream.
    private static final class Beginning extends FilterInputStream {

        private long left;

        Beginning(InputStream in, long length) {
            super(in);
            left = length;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            if (left <= 0) {
                return -1;
            }
            int count = in.read(bytes, offset, (int) Math.min(length, left));
            left -= Math.max(0, count);
            return count;
        }
    }

    private static final class FileDraft extends Draft {

        private final String key;
        private final Path target;
        private final Path part;
        private final FileOutputStream file;
        private final BufferedOutputStream buffered;
        private boolean open = true;

        FileDraft(String key, Path target) throws IOException {
            this.key = key;
            this.target = target;
            Files.createDirectories(target.getParent());
            part = target.resolveSibling(target.getFileName() + "." + UUID.randomUUID() + ".part");
            file = new FileOutputStream(part.toFile());
            buffered = new BufferedOutputStream(file, BUFFER);
        }

        @Override
        public void write(int b) throws IOException {
            buffered.write(b);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            buffered.write(bytes, offset, length);
        }

        @Override
        public void publish() {
            try {
                buffered.flush();
                file.getFD().sync();
                file.close();
                rename(part, target);
                open = false;
            } catch (IOException e) {
                throw failed(key, e);
            }
        }

        @Override
        public void close() {
            if (!open) {
                return;
            }
            open = false;
            try {
                file.close();
                Files.deleteIfExists(part);
            } catch (IOException e) {
                throw failed(key, e);
            }
        }
    }
}
