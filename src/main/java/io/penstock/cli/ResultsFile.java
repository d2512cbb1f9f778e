package io.penstock.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/// The file of results, of one process at a time, or standard output. Only whole lines are in it
/// between two calls. Not thread-safe.
final class ResultsFile implements AutoCloseable {

    /// Far behind any line: where locks bind readers too, they are to read all the same.
    private static final long LOCKED = Long.MAX_VALUE - 1;

    private final @Nullable FileChannel file;
    private final OutputStream out;
    private final @Nullable FileLock lock;

    private ResultsFile(@Nullable FileChannel file, OutputStream out, @Nullable FileLock lock) {
        this.file = file;
        this.out = out;
        this.lock = lock;
    }

    static ResultsFile standard() {
        return new ResultsFile(null, System.out, null);
    }

    /// @throws CannotBegin when it cannot be written, or another process writes it
    static ResultsFile open(Path path) {
        try {
            FileChannel file =
                    FileChannel.open(
                            path,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE);
            FileLock lock = file.tryLock(LOCKED, 1, false);
            if (lock == null) {
                file.close();
                throw new CannotBegin(
                        "Another penstock run is writing "
                                + path
                                + "; wait for it, or write to another file.");
            }
            return new ResultsFile(file, Channels.newOutputStream(file), lock);
        } catch (IOException refused) {
            throw new CannotBegin(
                    path + " cannot be written (" + refused + "); name another file with -o.");
        }
    }

    long size() throws IOException {
        return file == null ? 0 : file.size();
    }

    /// Goes on behind what is there, up to a length.
    ///
    /// @return the bytes that are kept
    InputStream goOnAt(long length) throws IOException {
        if (file == null) {
            return InputStream.nullInputStream();
        }
        file.truncate(length);
        file.position(0);
        // Not to be closed: that would close the file.
        return Channels.newInputStream(file);
    }

    void append(byte[] lines) throws IOException {
        if (file == null) {
            out.write(lines);
            out.flush();
            if (System.out.checkError()) {
                throw new IOException("nobody reads standard output any more");
            }
            return;
        }
        long before = file.size();
        ByteBuffer rest = ByteBuffer.wrap(lines);
        try {
            file.position(before);
            while (rest.hasRemaining()) {
                file.write(rest);
            }
        } catch (IOException full) {
            file.truncate(before);
            throw full;
        }
    }

    @Override
    public void close() throws IOException {
        if (file != null) {
            file.force(false);
            if (lock != null) {
                lock.release();
            }
            file.close();
        }
    }
}
