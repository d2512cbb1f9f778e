package io.penstock.batch;

import io.penstock.store.Chunk;
import io.penstock.store.Job;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Puts the compacted chunks of a job together, one after the other, and notes now and then how far
/// it is: whoever takes over goes on from there and comes to the same bytes. Not thread-safe.
final class Merging implements AutoCloseable {

    /// Bytes written between two notes: a note costs a write for each file.
    static final long NOTE_BYTES = 64 << 20;

    /// Chunks that are read ahead.
    private static final int AHEAD = 16;

    private static final long AHEAD_BYTES = 32 << 20;

    /// Bytes of a chunk; a larger one is read while it is written.
    private static final long LARGE = 8 << 20;

    private static final String OUTPUT = "output.jsonl";
    private static final String ERRORS = "errors.jsonl";
    private static final String ALL = "all.jsonl";

    private final Payloads payloads;
    private final Job job;
    private final List<Chunk> chunks;
    private final MergeClaim claim;
    private final long noteBytes;

    /// The files that are written, by their keys.
    private final Map<String, Payloads.Assembly> files = new LinkedHashMap<>();

    private final @Nullable String answers;
    private final @Nullable String others;
    private long unnoted;
    private int next;

    /// @param chunks all of the job's, each done
    /// @param totals what they add up to
    /// @param isLinked whether a file of all lines is of use
    Merging(
            Payloads payloads,
            Job job,
            List<Chunk> chunks,
            Job.Totals totals,
            MergeClaim claim,
            boolean isLinked,
            long noteBytes) {
        this.payloads = payloads;
        this.job = job;
        this.chunks = chunks;
        this.claim = claim;
        this.noteBytes = noteBytes;
        this.answers = job.openAi() == null ? null : OutputFiles.answersKey(job);
        this.others = job.openAi() == null ? null : OutputFiles.othersKey(job);
        this.next = claim.merge().next();
        long output = totals.outputBytes();
        long errors = totals.errorBytes();
        open(job.file(OUTPUT), output);
        open(job.file(ERRORS), errors);
        open(job.file(Shelf.Merged.INDEX), job.input().itemCount() * ChunkLines.ENTRY);
        boolean isMixed = output > 0 && errors > 0;
        if (isLinked && isMixed && output + errors > Results.PAGE_BYTES) {
            open(job.file(ALL), output + errors);
        }
        if (answers != null && output > 0) {
            open(answers, output);
        }
        if (others != null && errors > 0) {
            open(others, errors);
        }
    }

    private void open(String key, long bytes) {
        String state = claim.merge().files().get(key);
        files.put(key, state == null ? payloads.begin(key, bytes) : payloads.resume(key, state));
    }

    private static Chunk.Compacted compacted(Chunk chunk) {
        Chunk.Compacted compacted = chunk.compacted();
        if (compacted == null) {
            throw new IllegalStateException("Chunk " + chunk.index() + " is not done");
        }
        return compacted;
    }

    /// Goes on until all is written, or is to be stopped, and notes how far it is then.
    ///
    /// @param isToStop asked between chunks
    /// @return whether all is written
    boolean run(BooleanSupplier isToStop) throws MergeClaim.Lost {
        int first = next;
        try (Ahead<byte[]> ahead =
                new Ahead<>(
                        chunks.size() - first,
                        n -> small(chunks.get(first + n)),
                        n -> Math.min(LARGE, bytes(chunks.get(first + n))),
                        AHEAD,
                        AHEAD_BYTES)) {
            if (claim.merge().files().isEmpty()) {
                writeHeads();
            }
            while (next < chunks.size()) {
                if (isToStop.getAsBoolean()) {
                    note();
                    return false;
                }
                write(chunks.get(next), ahead.next());
                next++;
                claim.keep();
                if (unnoted >= noteBytes) {
                    note();
                }
            }
            return true;
        } catch (IOException e) {
            throw new StoreException("The results of job " + job.id() + " cannot be written", e);
        }
    }

    private void note() throws MergeClaim.Lost {
        Map<String, String> states = new HashMap<>();
        for (Map.Entry<String, Payloads.Assembly> file : files.entrySet()) {
            claim.keep();
            states.put(file.getKey(), file.getValue().checkpoint());
        }
        claim.at(next, states);
        unnoted = 0;
    }

    /// Makes the files visible: first the two that are the job's results.
    void publish() throws MergeClaim.Lost {
        claim.renew();
        for (Payloads.Assembly file : files.values()) {
            file.publish();
            claim.keep();
        }
    }

    private void writeHeads() throws IOException {
        ByteBuffer heads = ByteBuffer.allocate((chunks.size() + 1) * Shelf.Merged.HEAD);
        long items = 0;
        long output = 0;
        long errors = 0;
        for (Chunk chunk : chunks) {
            heads.putLong(chunk.firstItem()).putLong(output).putLong(errors);
            items += chunk.itemCount();
            output += compacted(chunk).outputBytes();
            errors += compacted(chunk).errorBytes();
        }
        heads.putLong(items).putLong(output).putLong(errors);
        write(job.file(Shelf.Merged.INDEX), heads.array());
    }

    private static long bytes(Chunk chunk) {
        return compacted(chunk).lineBytes() + (long) chunk.itemCount() * ChunkLines.ENTRY;
    }

    /// @return empty for one that is large
    private byte[] small(Chunk chunk) {
        return bytes(chunk) > LARGE
                ? new byte[0]
                : LinePlace.bytes(payloads, key(chunk), 0, bytes(chunk));
    }

    private static String key(Chunk chunk) {
        return Segments.key(chunk, compacted(chunk));
    }

    private void write(Chunk chunk, byte[] read) throws IOException, MergeClaim.Lost {
        long lineBytes = compacted(chunk).lineBytes();
        int indexBytes = chunk.itemCount() * ChunkLines.ENTRY;
        if (read.length > 0) {
            lines(chunk, new ByteArrayInputStream(read, 0, (int) lineBytes));
            write(job.file(Shelf.Merged.INDEX), read, (int) lineBytes, indexBytes);
        } else {
            try (InputStream in = payloads.read(key(chunk), 0, lineBytes)) {
                lines(chunk, in);
            }
            write(
                    job.file(Shelf.Merged.INDEX),
                    LinePlace.bytes(payloads, key(chunk), lineBytes, indexBytes));
        }
    }

    private void lines(Chunk chunk, InputStream in) throws IOException, MergeClaim.Lost {
        Lines lines = new Lines(in, Integer.MAX_VALUE);
        int count = 0;
        for (byte[] line = lines.next(); line != null; line = lines.next()) {
            boolean isError = ResultLine.isError(line);
            writeLine(job.file(isError ? ERRORS : OUTPUT), line);
            if (files.containsKey(job.file(ALL))) {
                writeLine(job.file(ALL), line);
            }
            String given = isError ? others : answers;
            if (given != null) {
                writeLine(given, OpenAiLine.of(line, job.area()));
            }
            count++;
            claim.keep();
        }
        if (count != chunk.itemCount()) {
            throw new StoreException(
                    "The file "
                            + key(chunk)
                            + " has "
                            + count
                            + " lines and should have "
                            + chunk.itemCount());
        }
    }

    private void writeLine(String key, byte[] line) throws IOException {
        write(key, line);
        file(key).write('\n');
    }

    private void write(String key, byte[] bytes) throws IOException {
        write(key, bytes, 0, bytes.length);
    }

    private void write(String key, byte[] bytes, int offset, int length) throws IOException {
        file(key).write(bytes, offset, length);
        unnoted += length;
    }

    private Payloads.Assembly file(String key) {
        Payloads.Assembly file = files.get(key);
        if (file == null) {
            throw new IllegalStateException("The file " + key + " is not open");
        }
        return file;
    }

    @Override
    public void close() {
        files.values().forEach(Payloads.Assembly::close);
    }
}
