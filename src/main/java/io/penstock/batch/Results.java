package io.penstock.batch;

import io.penstock.json.InvalidRequest;
import io.penstock.store.Chunk;
import io.penstock.store.Job;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The results of a job as they are recorded at one moment, read from the files of its chunks, and
/// once it has ended from those in which all are put together. Not thread-safe.
public final class Results {

    /// A page's lines at most, in bytes, unless the first alone is longer.
    public static final int PAGE_BYTES = 4 << 20;

    /// How long a link to results can be used.
    private static final Duration LINK_VALIDITY = Duration.ofHours(1);

    private final Payloads payloads;
    private final Job job;
    private final Supplier<List<Chunk>> chunks;

    /// @param chunks asked for while the job has not ended
    Results(Payloads payloads, Job job, Supplier<List<Chunk>> chunks) {
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

    /// Writes all that is there. The order in which results were recorded is kept for those of
    /// chunks that are not done; all others come in the order of the input.
    public void write(Order order, OutputStream out) throws IOException {
        Job.Totals totals = job.totals();
        if (totals != null) {
            WholeResults.write(payloads, job, totals, out);
            return;
        }
        for (Chunk chunk : chunks.get()) {
            if (!WholeResults.write(payloads, chunk, order, out)) {
                return;
            }
        }
    }

    /// Reads a page. It ends early where more would take many requests, but is empty only when
    /// there is nothing.
    ///
    /// @param cursor of the page before; null for the first
    /// @throws InvalidRequest when the cursor is none of this order's
    public Page page(Order order, @Nullable String cursor, int limit) {
        if (job.totals() == null) {
            return page(new Shelf.OfChunks(payloads, chunks.get()), order, cursor, limit);
        }
        try {
            return page(new Shelf.Merged(payloads, job, limit), order, cursor, limit);
        } catch (StoreException failed) {
            if (payloads.size(job.file(Shelf.Merged.INDEX)).isPresent()) {
                throw failed;
            }
            // It was ended by a version that wrote no index: its chunks' own files are still there.
            return page(new Shelf.OfChunks(payloads, chunks.get()), order, cursor, limit);
        }
    }

    private Page page(Shelf shelf, Order order, @Nullable String cursor, int limit) {
        PageLines lines = new PageLines(limit, shelf.rangesMax());
        return order == Order.INPUT
                ? inputPage(shelf, lines, Cursor.ByInput.parse(cursor).next())
                : finishedPage(shelf, lines, Cursor.ByChunk.parse(cursor, shelf.chunks()));
    }

    private Page inputPage(Shelf shelf, PageLines lines, long from) {
        long next = from;
        for (int chunk = shelf.chunks() == 0 ? 0 : shelf.chunkOf(from);
                chunk < shelf.chunks();
                chunk++) {
            if (shelf.ended(chunk) == 0) {
                break;
            }
            if (!lines.isEmpty() && !shelf.isNear(chunk)) {
                return page(lines, new Cursor.ByInput(next), false);
            }
            ChunkLines its = shelf.lines(chunk);
            while (next < shelf.firstItem(chunk + 1)) {
                LinePlace piece = its.piece((int) (next - shelf.firstItem(chunk)));
                if (piece == null || !lines.take(piece)) {
                    return page(lines, new Cursor.ByInput(next), piece == null);
                }
                next++;
            }
        }
        return page(lines, new Cursor.ByInput(next), true);
    }

    private Page finishedPage(Shelf shelf, PageLines lines, Cursor.ByChunk at) {
        boolean isLast = true;
        for (int chunk = 0; chunk < shelf.chunks(); chunk++) {
            boolean isDone = shelf.isDone(chunk);
            if (at.isAll(chunk) || (!isDone && at.recorded(chunk) >= shelf.ended(chunk))) {
                continue;
            }
            if (!at.mayRead(chunk)) {
                isLast = false;
                continue;
            }
            if (!lines.isEmpty() && !shelf.isNear(chunk)) {
                return page(lines, at, false);
            }
            ChunkLines its = shelf.lines(chunk);
            if (!(isDone
                    ? rest(chunk, its, shelf.items(chunk), lines, at)
                    : recorded(chunk, its, lines, at))) {
                return page(lines, at, false);
            }
        }
        return page(lines, at, isLast);
    }

    /// @return false when the page is full
    private static boolean recorded(int chunk, ChunkLines its, PageLines lines, Cursor.ByChunk at) {
        int[] places = its.placesByRank();
        for (int rank = at.recorded(chunk); rank < places.length; rank++) {
            LinePlace piece = its.piece(places[rank]);
            if (piece == null || !lines.take(piece)) {
                return false;
            }
            at.readRecorded(chunk);
        }
        return true;
    }

    /// @return false when the page is full
    private static boolean rest(
            int chunk, ChunkLines its, int items, PageLines lines, Cursor.ByChunk at) {
        int skipped = 0;
        int read = at.rest(chunk);
        for (int place = 0; place < items; place++) {
            if (its.rank(place) < at.recorded(chunk) || skipped++ < read) {
                continue;
            }
            LinePlace piece = its.piece(place);
            if (piece == null || !lines.take(piece)) {
                return false;
            }
            at.readRest(chunk);
        }
        at.readAll(chunk);
        return true;
    }

    private Page page(PageLines lines, Cursor next, boolean isLast) {
        return new Page(lines.read(payloads), next.text(), isLast);
    }
}
