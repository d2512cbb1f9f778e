package io.penstock.batch;

import io.penstock.store.Chunk;
import io.penstock.store.Job;
import io.penstock.store.Payloads;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where the results of a job's chunks are at one moment. Not thread-safe.
sealed interface Shelf {

    int chunks();

    /// The index of a chunk's first item; for the chunk past the last, the number of items.
    long firstItem(int chunk);

    /// How many outcomes there are of a chunk.
    int ended(int chunk);

    /// Whether every item of a chunk has an outcome.
    boolean isDone(int chunk);

    ChunkLines lines(int chunk);

    /// Whether the places of a chunk's lines are known without a further request.
    boolean isNear(int chunk);

    /// Requests for one page's lines at most.
    int rangesMax();

    default int items(int chunk) {
        return Math.toIntExact(firstItem(chunk + 1) - firstItem(chunk));
    }

    /// The chunk that an item is in; the number of chunks for an item past the last.
    default int chunkOf(long item) {
        int from = 0;
        int to = chunks();
        while (from < to) {
            int middle = (from + to) >>> 1;
            if (firstItem(middle + 1) <= item) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return from;
    }

    /// A job that has not ended: its chunks' own files.
    final class OfChunks implements Shelf {

        /// Lines of a chunk that are kept when all of it is read.
        private static final long KEPT = 8 << 20;

        private static final int RANGES = 200;

        private final Payloads payloads;
        private final List<Chunk> chunks;

        OfChunks(Payloads payloads, List<Chunk> chunks) {
            this.payloads = payloads;
            this.chunks = chunks;
        }

        @Override
        public int chunks() {
            return chunks.size();
        }

        @Override
        public long firstItem(int chunk) {
            if (chunk < chunks.size()) {
                return chunks.get(chunk).firstItem();
            }
            Chunk last = chunks.getLast();
            return last.firstItem() + last.itemCount();
        }

        @Override
        public int ended(int chunk) {
            return chunks.get(chunk).counts().ended();
        }

        @Override
        public boolean isDone(int chunk) {
            return chunks.get(chunk).done();
        }

        @Override
        public ChunkLines lines(int chunk) {
            Chunk its = chunks.get(chunk);
            Chunk.Compacted compacted = its.compacted();
            if (compacted == null) {
                return ChunkLines.recorded(payloads, its, KEPT);
            }
            String key = Segments.key(its, compacted);
            byte[] index =
                    LinePlace.bytes(
                            payloads,
                            key,
                            compacted.lineBytes(),
                            (long) its.itemCount() * ChunkLines.ENTRY);
            ChunkLines.From lines = new ChunkLines.From(key, 0);
            return ChunkLines.of(ByteBuffer.wrap(index), its.itemCount(), lines, lines);
        }

        @Override
        public boolean isNear(int chunk) {
            return true;
        }

        @Override
        public int rangesMax() {
            return RANGES;
        }
    }

    /// A job that has ended: the files in which all results are put together, and their index. It
    /// has for each chunk, and once more at the end, the index of the first item and where that is
    /// in the two files; then for each item what [ChunkLines] writes.
    final class Merged implements Shelf {

        static final String INDEX = "index";

        /// Bytes for each chunk.
        static final int HEAD = 24;

        /// Items whose places are read at once at most, 1 MB.
        private static final int NEAR = 1 << 17;

        private static final int RANGES = 4;

        private final Payloads payloads;
        private final Job job;
        private final int wanted;
        private @Nullable ByteBuffer heads;
        private ByteBuffer near = ByteBuffer.allocate(0);
        private long nearFrom;
        private long nearTo;

        /// @param wanted lines
        Merged(Payloads payloads, Job job, int wanted) {
            this.payloads = payloads;
            this.job = job;
            this.wanted = wanted;
        }

        @Override
        public int chunks() {
            return job.input().chunkCount();
        }

        private ByteBuffer heads() {
            ByteBuffer read = heads;
            if (read == null) {
                read =
                        ByteBuffer.wrap(
                                LinePlace.bytes(
                                        payloads, job.file(INDEX), 0, HEAD * (chunks() + 1L)));
                heads = read;
            }
            return read;
        }

        @Override
        public long firstItem(int chunk) {
            return heads().getLong(chunk * HEAD);
        }

        @Override
        public int ended(int chunk) {
            return items(chunk);
        }

        @Override
        public boolean isDone(int chunk) {
            return true;
        }

        @Override
        public boolean isNear(int chunk) {
            return nearFrom <= firstItem(chunk) && firstItem(chunk + 1) <= nearTo;
        }

        @Override
        public ChunkLines lines(int chunk) {
            if (!isNear(chunk)) {
                nearFrom = firstItem(chunk);
                nearTo =
                        Math.min(
                                firstItem(chunks()),
                                Math.max(
                                        firstItem(chunk + 1),
                                        nearFrom + Math.min(NEAR, 4L * wanted + items(chunk))));
                near =
                        ByteBuffer.wrap(
                                LinePlace.bytes(
                                        payloads,
                                        job.file(INDEX),
                                        HEAD * (chunks() + 1L) + nearFrom * ChunkLines.ENTRY,
                                        (nearTo - nearFrom) * ChunkLines.ENTRY));
            }
            int at = Math.toIntExact((firstItem(chunk) - nearFrom) * ChunkLines.ENTRY);
            return ChunkLines.of(
                    near.duplicate().position(at),
                    items(chunk),
                    new ChunkLines.From(
                            job.file("output.jsonl"), heads().getLong(chunk * HEAD + 8)),
                    new ChunkLines.From(
                            job.file("errors.jsonl"), heads().getLong(chunk * HEAD + 16)));
        }

        @Override
        public int rangesMax() {
            return RANGES;
        }
    }
}
