package io.penstock.batch;

import io.penstock.json.InvalidRequest;
import io.penstock.pipeline.StageOutcome.Finished;
import io.penstock.store.Chunk;
import io.penstock.store.JobStore;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// Takes in the items of one submission, one after the other, and cuts them into chunks. Nothing is
/// there for others until the job is made of it; closed before, it leaves nothing behind. Not
/// thread-safe.
public final class Intake implements AutoCloseable {

    /// Bytes of one segment of stages that are finished already; the rest follows in the next
    /// segment.
    private static final int SEGMENT_BYTES = 4 << 20;

    private static final int CHUNKS_AT_ONCE = 500;

    private final String area;
    private final BatchConfig config;
    private final Payloads payloads;
    private final Payloads.Draft input;
    private final LongSet customIds = new LongSet();
    private final List<Chunk> chunks = new ArrayList<>();
    private long items;
    private long bytes;
    private long chunkOffset;
    private long chunkFirst;
    private final ByteArrayOutputStream carried = new ByteArrayOutputStream();
    private int carriedCount;
    private boolean kept;

    Intake(String area, BatchConfig config, Payloads payloads) {
        this.area = area;
        this.config = config;
        this.payloads = payloads;
        this.input = payloads.create("jobs/" + area + "/input.jsonl");
    }

    /// Adds an item that was read from `line`.
    ///
    /// @throws InvalidRequest when its custom id was there before, or the batch is too large
    public void add(Item item, byte[] line) {
        add(item, line, List.of());
    }

    /// Adds an item of which some stages are finished already.
    void add(Item item, byte[] line, List<Finished> stages) {
        if (item.customId() != null && !customIds.add(LongSet.hash(item.customId()))) {
            throw InvalidRequest.about(
                    "custom_id",
                    "duplicate_custom_id",
                    "is that of an earlier item; each needs its own.");
        }
        if (items >= config.maxItems() || bytes + line.length > config.maxInput().asLongValue()) {
            throw InvalidRequest.of(
                    null,
                    "too_many_items",
                    "The batch has more than "
                            + config.maxItems()
                            + " items or "
                            + config.maxInput().asLongValue()
                            + " bytes (penstock.batch.max-items, .max-input); send it in parts.");
        }
        boolean full =
                items - chunkFirst >= config.chunkItems()
                        || bytes + line.length - chunkOffset > config.chunkBytes().asLongValue();
        if (full && items > chunkFirst) {
            cut();
        }
        try {
            input.write(line);
            input.write('\n');
        } catch (IOException e) {
            throw new StoreException("The input cannot be stored: " + e.getMessage(), e);
        }
        for (Finished stage : stages) {
            ResultLine.append(carried, ResultLine.stage(items, stage));
            if (carried.size() >= SEGMENT_BYTES) {
                writeCarried();
            }
        }
        items++;
        bytes += line.length + 1L;
    }

    /// Writes the finished stages as a worker records them, so that the first worker goes on from
    /// there.
    private void writeCarried() {
        payloads.put(Segments.key(area, chunks.size(), 0, carriedCount++), carried.toByteArray());
        carried.reset();
    }

    long items() {
        return items;
    }

    String area() {
        return area;
    }

    /// Makes the input durable.
    ///
    /// @return the chunks it was cut into
    /// @throws InvalidRequest when there is no item
    List<Chunk> finish() {
        if (items == 0) {
            throw InvalidRequest.of(
                    null, "empty_batch", "The batch has no items; send at least one.");
        }
        if (items > chunkFirst) {
            cut();
        }
        try {
            input.publish();
        } catch (StoreException away) {
            // Nothing was stored, and to ask for its removal would keep the caller twice as long.
            kept = true;
            throw away;
        }
        return chunks;
    }

    /// Stores chunks, which nobody reads until there is a job.
    static void store(List<Chunk> chunks, JobStore jobs) {
        for (int i = 0; i < chunks.size(); i += CHUNKS_AT_ONCE) {
            jobs.addChunks(chunks.subList(i, Math.min(chunks.size(), i + CHUNKS_AT_ONCE)));
        }
    }

    /// Says that a job was made of it, or may have been.
    void keep() {
        kept = true;
    }

    /// Says that no job was made of it after all.
    void discard() {
        kept = false;
    }

    @Override
    public void close() {
        input.close();
        if (!kept) {
            payloads.deleteAll("jobs/" + area + "/");
        }
    }

    private void cut() {
        if (carried.size() > 0) {
            writeCarried();
        }
        Chunk chunk =
                Chunk.of(
                        area,
                        chunks.size(),
                        chunkOffset,
                        bytes - chunkOffset,
                        chunkFirst,
                        Math.toIntExact(items - chunkFirst));
        chunks.add(carriedCount == 0 ? chunk : chunk.carrying(carriedCount));
        carriedCount = 0;
        chunkOffset = bytes;
        chunkFirst = items;
    }
}
