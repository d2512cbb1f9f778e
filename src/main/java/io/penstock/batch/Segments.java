package io.penstock.batch;

import io.penstock.store.Chunk;
import io.penstock.store.Job;
import io.penstock.store.Payloads;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads the recorded results of one chunk, all of which are in memory then.
final class Segments {

    private Segments() {}

    static String key(Chunk chunk, int epoch, int seq) {
        return "jobs/"
                + chunk.area()
                + "/segments/"
                + chunk.index()
                + "/"
                + epoch
                + "-"
                + seq
                + ".jsonl";
    }

    /// The lines in the order in which they were recorded. More are only ever added at the end.
    static List<byte[]> recorded(Payloads payloads, Chunk chunk) {
        List<byte[]> lines = new ArrayList<>(chunk.counts().ended());
        for (Chunk.Segments segments : chunk.segments()) {
            for (int seq = 0; seq < segments.count(); seq++) {
                split(payloads.read(key(chunk, segments.epoch(), seq)), lines);
            }
        }
        return lines;
    }

    /// The lines by the item's place in the chunk; null where an item has no outcome yet.
    static byte[] @Nullable [] byItem(Payloads payloads, Chunk chunk) {
        byte[] @Nullable [] lines = new byte[chunk.itemCount()][];
        for (byte[] line : recorded(payloads, chunk)) {
            int place = Math.toIntExact(ResultLine.index(line) - chunk.firstItem());
            if (place < 0 || place >= lines.length || lines[place] != null) {
                throw new IllegalStateException(
                        "Chunk "
                                + chunk.area()
                                + "/"
                                + chunk.index()
                                + " has two outcomes of one item, or one of none");
            }
            lines[place] = line;
        }
        return lines;
    }

    /// What was to be done by a job, whatever became of it.
    static byte[] input(Payloads payloads, Job job, Chunk chunk) {
        try (var in = payloads.read(job.file("input.jsonl"), chunk.offset(), chunk.length())) {
            return in.readAllBytes();
        } catch (java.io.IOException broken) {
            throw new io.penstock.store.StoreException(
                    "The input of job " + job.id() + " breaks off", broken);
        }
    }

    static void split(byte[] bytes, List<byte[]> lines) {
        int start = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                lines.add(java.util.Arrays.copyOfRange(bytes, start, i));
                start = i + 1;
            }
        }
    }
}
