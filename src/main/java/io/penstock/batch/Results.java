package io.penstock.batch;

import io.penstock.json.InvalidRequest;
import io.penstock.store.Chunk;
import io.penstock.store.Job;
import io.penstock.store.Payloads;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The results of a job as they are recorded at one moment, one chunk in memory at a time. Not
/// thread-safe.
public final class Results {

    /// A page's lines at most, in bytes, unless the first alone is longer.
    public static final int PAGE_BYTES = 4 << 20;

    /// How long a link to results can be used.
    private static final Duration LINK_VALIDITY = Duration.ofHours(1);

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
    ///
    /// @param isLast whether there is no more at present
    public record Page(byte[] lines, String cursor, boolean isLast) {}

    /// The size of all lines, in bytes; null while the job has not ended.
    public @Nullable Long size() {
        Job.Totals totals = job.totals();
        return totals == null ? null : totals.outputBytes() + totals.errorBytes();
    }

    /// A URL at which everybody can read all results of a job that has ended, in input order; empty
    /// where the engine has none.
    public Optional<URI> link() {
        Job.Totals totals = job.totals();
        return totals == null ? Optional.empty() : payloads.link(whole(job, totals), LINK_VALIDITY);
    }

    /// The file with all lines: the one of the results or of the errors when there are no others.
    private static String whole(Job job, Job.Totals totals) {
        return job.file(
                totals.errorBytes() == 0
                        ? "output.jsonl"
                        : totals.outputBytes() == 0 ? "errors.jsonl" : "all.jsonl");
    }

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
        long next = Cursor.ByInput.parse(cursor).next();
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        int count = 0;
        for (Chunk chunk : chunks) {
            if (chunk.firstItem() + chunk.itemCount() <= next) {
                continue;
            }
            byte[] @Nullable [] outcomes = Segments.byItem(payloads, chunk);
            while (next < chunk.firstItem() + chunk.itemCount()) {
                byte[] line = outcomes[(int) (next - chunk.firstItem())];
                if (line == null || count == limit || isFull(lines, line)) {
                    return page(lines, new Cursor.ByInput(next), line == null);
                }
                ResultLine.append(lines, line);
                count++;
                next++;
            }
        }
        return page(lines, new Cursor.ByInput(next), true);
    }

    private static boolean isFull(ByteArrayOutputStream lines, byte[] next) {
        return lines.size() > 0 && lines.size() + next.length + 1 > PAGE_BYTES;
    }

    private Page finishedPage(@Nullable String cursor, int limit) {
        Cursor.ByChunk at = Cursor.ByChunk.parse(cursor, chunks.size());
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        int left = limit;
        for (Chunk chunk : chunks) {
            int read = at.read(chunk.index());
            if (read >= chunk.counts().ended()) {
                continue;
            }
            List<byte[]> recorded = Segments.recorded(payloads, chunk);
            for (byte[] line : recorded.subList(read, recorded.size())) {
                if (left == 0 || isFull(lines, line)) {
                    return page(lines, at, false);
                }
                ResultLine.append(lines, line);
                at.advance(chunk.index());
                left--;
            }
        }
        return page(lines, at, true);
    }

    private static Page page(ByteArrayOutputStream lines, Cursor next, boolean isLast) {
        return new Page(lines.toByteArray(), next.text(), isLast);
    }

    private static void write(OutputStream out, byte[] line) throws IOException {
        out.write(line);
        out.write('\n');
    }
}
