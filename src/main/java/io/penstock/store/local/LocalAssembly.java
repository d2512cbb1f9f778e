package io.penstock.store.local;

import io.penstock.store.LostAssembly;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import java.io.BufferedOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/// A file that is written under another name. The state of a checkpoint is `NAME/LENGTH`: that
/// name, and the length so far.
final class LocalAssembly extends Payloads.Assembly {

    private static final int BUFFER = 64 * 1024;

    private final String key;
    private final Path target;
    private final Path part;
    private final RandomAccessFile file;
    private final BufferedOutputStream buffered;

    private LocalAssembly(String key, Path target, Path part, long length) throws IOException {
        this.key = key;
        this.target = target;
        this.part = part;
        file = new RandomAccessFile(part.toFile(), "rw");
        try {
            if (file.length() < length) {
                throw new FileNotFoundException(part + " is shorter than " + length + " bytes");
            }
            file.setLength(length);
            file.seek(length);
        } catch (IOException e) {
            file.close();
            throw e;
        }
        buffered = new BufferedOutputStream(Channels.newOutputStream(file.getChannel()), BUFFER);
    }

    static LocalAssembly begin(String key, Path target) {
        try {
            Files.createDirectories(target.getParent());
            String name = target.getFileName() + "." + UUID.randomUUID() + ".part";
            return new LocalAssembly(key, target, target.resolveSibling(name), 0);
        } catch (IOException e) {
            throw LocalPayloads.failed(key, e);
        }
    }

    static LocalAssembly resume(String key, Path target, String state) {
        int slash = state.indexOf('/');
        Path part = target.resolveSibling(state.substring(0, slash));
        try {
            if (!Files.exists(part)) {
                throw new FileNotFoundException(part.toString());
            }
            return new LocalAssembly(key, target, part, Long.parseLong(state.substring(slash + 1)));
        } catch (FileNotFoundException gone) {
            throw new LostAssembly("What was written of the file " + key + " is gone", gone);
        } catch (IOException e) {
            throw LocalPayloads.failed(key, e);
        }
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
    public String checkpoint() {
        try {
            buffered.flush();
            file.getFD().sync();
            return part.getFileName() + "/" + file.getFilePointer();
        } catch (IOException e) {
            throw LocalPayloads.failed(key, e);
        }
    }

    @Override
    public void publish() {
        checkpoint();
        try {
            LocalPayloads.rename(part, target);
        } catch (IOException e) {
            throw LocalPayloads.failed(key, e);
        }
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            throw new StoreException("The file " + key + " cannot be closed", e);
        }
    }
}
