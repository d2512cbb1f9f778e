package io.penstock.batch;

import io.penstock.llm.InvalidRequest;
import io.penstock.store.Chunk;
import io.penstock.store.Job;
import io.penstock.store.Payloads;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The results of a job as they are recorded at one moment, one chunk in memory at a time. Not
/// thread-safe.
public final class Results {

    /// A page's lines at most, in bytes; the cursor says where to go on.
    private static final int PAGE_BYTES = 4 << 20;

    private final Payloads payloads;
    private final List<Chunk> chunks;
    private final Job job;

    Results(Payloads payloads, Job job, List<Chunk> chunks) {
        this.payloads = payloads;
        this.job = job;
        this.chunks = chunks;
    }

    /// In which order results are read.
    public enum Order {
        /// As they were recorded, while the job runs.
        FINISHED,
        /// By their index; while the job runs, up to the first that is not there yet.
        INPUT
    }

    /// Some lines, and where the next page begins.
    public record Page(byte[] lines, String cursor) {}

    /// Writes all that is there.
    public void write(Order order, OutputStream out) throws IOException {
        for (Chunk chunk : chunks) {
            if (order == Order.FINISHED) {
                for (byte[] line : Segments.recorded(payloads, chunk)) {
                    write(out, line);
                }
                continue;
            }
            for (byte[] line : Segments.byItem(payloads, chunk)) {
                if (line == null) {
                    return;
                }
                write(out, line);
            }
        }
    }

    /// Reads a page.
    ///
    /// @param cursor of the page before; null for the first
    /// @throws InvalidRequest when the cursor is none of this order's
    public Page page(Order order, @Nullable String cursor, int limit) {
        return order == Order.INPUT ? inputPage(cursor, limit) : finishedPage(cursor, limit);
    }

    private Page inputPage(@Nullable String cursor, int limit) {
        long next = 0;
        if (cursor != null) {
            if (!cursor.matches("i[0-9]{1,15}")) {
                throw badCursor();
            }
            next = Long.parseLong(cursor.substring(1));
        }
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        int count = 0;
        for (Chunk chunk : chunks) {
            if (chunk.firstItem() + chunk.itemCount() <= next) {
                continue;
            }
            byte[] @Nullable [] outcomes = Segments.byItem(payloads, chunk);
            while (next < chunk.firstItem() + chunk.itemCount()) {
                byte[] line = outcomes[(int) (next - chunk.firstItem())];
                if (line == null || count == limit || lines.size() > PAGE_BYTES) {
                    return new Page(lines.toByteArray(), "i" + next);
                }
                ResultLine.append(lines, line);
                count++;
                next++;
            }
        }
        return new Page(lines.toByteArray(), "i" + next);
    }

    /// The cursor holds how many lines of each chunk are read, as pairs of run length and count.
    private Page finishedPage(@Nullable String cursor, int limit) {
        int[] read = decode(cursor);
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        int left = limit;
        for (Chunk chunk : chunks) {
            int from = read[chunk.index()];
            if (left == 0 || lines.size() > PAGE_BYTES || from >= chunk.counts().ended()) {
                continue;
            }
            List<byte[]> recorded = Segments.recorded(payloads, chunk);
            for (int i = from; i < recorded.size() && left > 0 && lines.size() <= PAGE_BYTES; i++) {
                ResultLine.append(lines, recorded.get(i));
                read[chunk.index()]++;
                left--;
            }
        }
        return new Page(lines.toByteArray(), encode(read));
    }

    private int[] decode(@Nullable String cursor) {
        int[] read = new int[chunks.size()];
        if (cursor == null) {
            return read;
        }
        if (!cursor.startsWith("f")) {
            throw badCursor();
        }
        try {
            ByteBuffer bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(cursor.substring(1)));
            int at = 0;
            while (bytes.hasRemaining()) {
                int run = varint(bytes);
                int count = varint(bytes);
                if (run > read.length - at || run < 1 || count < 0) {
                    throw badCursor();
                }
                for (int i = 0; i < run; i++) {
                    read[at++] = count;
                }
            }
            return read;
        } catch (IllegalArgumentException | BufferUnderflowException damaged) {
            throw badCursor();
        }
    }

    private static String encode(int[] read) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int last = read.length;
        while (last > 0 && read[last - 1] == 0) {
            last--;
        }
        for (int at = 0; at < last; ) {
            int end = at;
            while (end < last && read[end] == read[at]) {
                end++;
            }
            varint(bytes, end - at);
            varint(bytes, read[at]);
            at = end;
        }
        return "f" + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.toByteArray());
    }

    private static void varint(ByteArrayOutputStream bytes, int value) {
        int rest = value;
        while (rest >= 0x80) {
            bytes.write(rest & 0x7f | 0x80);
            rest >>>= 7;
        }
        bytes.write(rest);
    }

    private static int varint(ByteBuffer bytes) {
        int value = 0;
        for (int shift = 0; shift < 32; shift += 7) {
            int next = bytes.get();
            value |= (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw badCursor();
    }

    private static void write(OutputStream out, byte[] line) throws IOException {
        out.write(line);
        out.write('\n');
    }

    private static InvalidRequest badCursor() {
        return InvalidRequest.of(
                "after",
                "out_of_range",
                "\"after\" is no cursor of these results; take it from x-next-cursor, with the same"
                        + " order.");
    }

    /// The job these are of.
    public Job job() {
        return job;
    }
}
