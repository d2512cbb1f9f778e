package io.penstock.batch;

import io.penstock.store.Chunk;
import io.penstock.store.Job;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Where the input and the results of one chunk are.
final class Segments {

    private Segments() {}

    static String key(String area, int chunk, int epoch, int seq) {
        return "jobs/" + area + "/segments/" + chunk + "/" + epoch + "-" + seq + ".jsonl";
    }

    /// The files in which its results were recorded, from the first.
    static List<String> keys(Chunk chunk) {
        List<String> keys = new ArrayList<>();
        for (Chunk.EpochSegments segments : chunk.segments()) {
            for (int seq = 0; seq < segments.count(); seq++) {
                keys.add(key(chunk.area(), chunk.index(), segments.epoch(), seq));
            }
        }
        return keys;
    }

    /// The file in which the results of a chunk that is done are compacted.
    static String key(Chunk chunk, Chunk.Compacted compacted) {
        return "jobs/"
                + chunk.area()
                + "/chunks/"
                + chunk.index()
                + "-"
                + compacted.epoch()
                + ".jsonl";
    }

    /// The part of a job's input that belongs to a chunk.
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
