package io.penstock.batch;

import io.penstock.pipeline.StageOutcome.Finished;
import io.penstock.store.Chunk;
import io.penstock.store.Job;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads the recorded results of one chunk, all of which are in memory then.
final class Segments {

    private Segments() {}

    static String key(String area, int chunk, int epoch, int seq) {
        return "jobs/" + area + "/segments/" + chunk + "/" + epoch + "-" + seq + ".jsonl";
    }

    /// The outcomes in the order in which they were recorded. More are only ever added at the end.
    static List<byte[]> recorded(Payloads payloads, Chunk chunk) {
        List<byte[]> lines = all(payloads, chunk);
        lines.removeIf(ResultLine::isStage);
        return lines;
    }

    /// The outcomes, and between them the stages that were finished on the way there.
    static List<byte[]> all(Payloads payloads, Chunk chunk) {
        List<byte[]> lines = new ArrayList<>(chunk.counts().ended());
        for (Chunk.Segments segments : chunk.segments()) {
            for (int seq = 0; seq < segments.count(); seq++) {
                split(
                        payloads.read(key(chunk.area(), chunk.index(), segments.epoch(), seq)),
                        lines);
            }
        }
        return lines;
    }

    /// The finished stages of those items that have no outcome yet, by their place in the chunk.
    static Map<Integer, List<Finished>> stages(
            List<byte[]> all, Chunk chunk, byte[] @Nullable [] outcomes) {
        Map<Integer, List<Finished>> stages = new HashMap<>();
        for (byte[] line : all) {
            if (ResultLine.isStage(line)) {
                int place = Math.toIntExact(ResultLine.index(line) - chunk.firstItem());
                if (outcomes[place] == null) {
                    stages.computeIfAbsent(place, _ -> new ArrayList<>())
                            .add(ResultLine.stage(line));
                }
            }
        }
        return stages;
    }

    /// The outcomes by the item's place in the chunk; null where an item has none yet.
    static byte[] @Nullable [] byItem(Payloads payloads, Chunk chunk) {
        return byItem(recorded(payloads, chunk), chunk);
    }

    static byte[] @Nullable [] byItem(List<byte[]> recorded, Chunk chunk) {
        byte[] @Nullable [] lines = new byte[chunk.itemCount()][];
        for (byte[] line : recorded) {
            if (ResultLine.isStage(line)) {
                continue;
            }
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
        } catch (IOException broken) {
            throw new StoreException("The input of job " + job.id() + " breaks off", broken);
        }
    }

    static void split(byte[] bytes, List<byte[]> lines) {
        int start = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                lines.add(Arrays.copyOfRange(bytes, start, i));
                start = i + 1;
            }
        }
    }
}
