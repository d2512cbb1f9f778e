package io.penstock.batch;

import io.penstock.store.Chunk;
import io.penstock.store.Job;
import io.penstock.store.Payloads;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// Writes all results of a job, a bounded part of them in memory at a time.
final class WholeResults {

    private static final long PASS = 8 << 20;

    private WholeResults() {}

    /// Writes the results of a job that has ended, in the order of the input, from its two files.
    static void write(Payloads payloads, Job job, Job.Totals totals, OutputStream out)
            throws IOException {
        if (totals.errorBytes() == 0 || totals.outputBytes() == 0) {
            String only = totals.errorBytes() == 0 ? "output.jsonl" : "errors.jsonl";
            if (totals.errorBytes() + totals.outputBytes() > 0) {
                copy(payloads, job.file(only), Long.MAX_VALUE, out);
            }
            return;
        }
        try (InputStream output = payloads.read(job.file("output.jsonl"), 0, Long.MAX_VALUE);
                InputStream errors = payloads.read(job.file("errors.jsonl"), 0, Long.MAX_VALUE)) {
            Lines completed = new Lines(output, Integer.MAX_VALUE);
            Lines failed = new Lines(errors, Integer.MAX_VALUE);
            byte[] one = completed.next();
            byte[] other = failed.next();
            while (one != null || other != null) {
                boolean isOne =
                        other == null
                                || (one != null && ResultLine.index(one) < ResultLine.index(other));
                write(out, Objects.requireNonNull(isOne ? one : other));
                if (isOne) {
                    one = completed.next();
                } else {
                    other = failed.next();
                }
            }
        }
    }

    /// Writes the results of a chunk that are there.
    ///
    /// @return false when a result is missing, and none behind it may be written in this order
    static boolean write(Payloads payloads, Chunk chunk, Results.Order order, OutputStream out)
            throws IOException {
        Chunk.Compacted compacted = chunk.compacted();
        if (compacted != null) {
            copy(payloads, Segments.key(chunk, compacted), compacted.lineBytes(), out);
            return true;
        }
        if (order == Results.Order.INPUT) {
            return inOrder(payloads, chunk, out);
        }
        try (SegmentLines lines = new SegmentLines(payloads, chunk)) {
            for (byte[] line = lines.nextOutcome(); line != null; line = lines.nextOutcome()) {
                write(out, line);
            }
        }
        return true;
    }

    /// @return whether there was an outcome of each item
    private static boolean inOrder(Payloads payloads, Chunk chunk, OutputStream out)
            throws IOException {
        ChunkLines lines = ChunkLines.recorded(payloads, chunk, PASS);
        List<LinePlace> pass = new ArrayList<>();
        long bytes = 0;
        for (int place = 0; place < chunk.itemCount(); place++) {
            LinePlace piece = lines.piece(place);
            if (piece == null) {
                break;
            }
            pass.add(piece);
            bytes += piece.length();
            if (bytes > PASS) {
                write(payloads, pass, out);
                pass.clear();
                bytes = 0;
            }
        }
        write(payloads, pass, out);
        return chunk.isWhole();
    }

    private static void write(Payloads payloads, List<LinePlace> pieces, OutputStream out)
            throws IOException {
        for (byte[] line : LinePlace.read(payloads, pieces)) {
            write(out, line);
        }
    }

    private static void copy(Payloads payloads, String key, long length, OutputStream out)
            throws IOException {
        try (InputStream in = payloads.read(key, 0, length)) {
            in.transferTo(out);
        }
    }

    private static void write(OutputStream out, byte[] line) throws IOException {
        out.write(line);
        out.write('\n');
    }
}
