package io.penstock.batch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.store.Chunk;
import io.penstock.store.Job;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// The items without a result of a job that has ended, one after the other: its input and its
/// errors are read beside each other, both in the order of the input.
final class FailedItems {

    private final Payloads payloads;
    private final ItemReader items;
    private final Job job;
    private final ObjectNode options;

    /// @param options of the new job
    FailedItems(Payloads payloads, ItemReader items, Job job, ObjectNode options) {
        this.payloads = payloads;
        this.items = items;
        this.job = job;
        this.options = options;
    }

    /// @param chunks of the job that has ended
    /// @param reading wraps each file that is read, to bound the time
    void takeIn(List<Chunk> chunks, Intake intake, UnaryOperator<InputStream> reading)
            throws IOException {
        Job.Totals totals = job.totals();
        if (totals == null || totals.errorBytes() == 0) {
            return;
        }
        try (InputStream in =
                reading.apply(payloads.read(job.file("errors.jsonl"), 0, Long.MAX_VALUE))) {
            Lines errors = new Lines(in, Integer.MAX_VALUE);
            for (int from = 0; from < chunks.size(); ) {
                int to = from;
                while (to < chunks.size() && hasErrors(chunks.get(to))) {
                    to++;
                }
                if (to > from) {
                    takeIn(chunks.subList(from, to), errors, intake, reading);
                }
                from = to + 1;
            }
        }
    }

    private static boolean hasErrors(Chunk chunk) {
        return chunk.counts().completed() < chunk.itemCount();
    }

    /// Chunks that follow each other, in each of which something has failed.
    private void takeIn(
            List<Chunk> chunks, Lines errors, Intake intake, UnaryOperator<InputStream> reading)
            throws IOException {
        long length = 0;
        int failed = 0;
        for (Chunk chunk : chunks) {
            length += chunk.length();
            failed += chunk.itemCount() - chunk.counts().completed();
        }
        long at = chunks.getFirst().firstItem();
        try (InputStream in =
                reading.apply(
                        payloads.read(
                                job.file("input.jsonl"), chunks.getFirst().offset(), length))) {
            Lines input = new Lines(in, Integer.MAX_VALUE);
            for (int left = failed; left > 0; left--) {
                byte[] error = required(errors.next());
                byte[] line = required(input.next());
                for (; at < ResultLine.index(error); at++) {
                    line = required(input.next());
                }
                at++;
                intake.add(items.read(line, options), line, ResultLine.stages(error));
            }
        }
    }

    private byte[] required(byte @Nullable [] line) {
        if (line == null) {
            throw new StoreException("The files of job " + job.id() + " break off");
        }
        return line;
    }
}
