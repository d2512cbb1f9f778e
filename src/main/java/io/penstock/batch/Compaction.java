package io.penstock.batch;

import io.penstock.store.Chunk;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// Puts the outcomes of a chunk, all of which are recorded, into one file in the order of the
/// input, a bounded part of them in memory at a time: the lines, and then where they are, as
/// [ChunkLines] writes it. The file's key names the claim, so that no two claims write to the same
/// file.
final class Compaction {

    /// Lines in memory at once, in bytes.
    static final long PASS = 8 << 20;

    private Compaction() {}

    /// @throws IllegalStateException when there is not one outcome of each item
    static Chunk.Compacted of(Payloads payloads, Chunk chunk) {
        ChunkLines lines = ChunkLines.recorded(payloads, chunk, PASS);
        Chunk.Compacted compacted = sizes(chunk, lines);
        try (Payloads.Draft file = payloads.create(Segments.key(chunk, compacted))) {
            for (int place = 0; place < chunk.itemCount(); ) {
                List<LinePlace> pass = pass(lines, place, chunk.itemCount());
                for (byte[] line : LinePlace.read(payloads, pass)) {
                    file.write(line);
                    file.write('\n');
                }
                place += pass.size();
            }
            file.write(lines.toBytes());
            file.publish();
            return compacted;
        } catch (IOException broken) {
            throw new StoreException(
                    "The results of chunk " + chunk.index() + " cannot be written", broken);
        }
    }

    private static Chunk.Compacted sizes(Chunk chunk, ChunkLines lines) {
        long output = 0;
        long errors = 0;
        int completed = 0;
        for (int place = 0; place < chunk.itemCount(); place++) {
            LinePlace piece = lines.piece(place);
            if (piece == null) {
                throw inconsistent(chunk, "an item lacks an outcome");
            } else if (lines.isError(place)) {
                errors += piece.length() + 1L;
            } else {
                output += piece.length() + 1L;
                completed++;
            }
        }
        if (completed != chunk.counts().completed()) {
            throw inconsistent(chunk, completed + " outcomes for " + chunk.counts());
        }
        return new Chunk.Compacted(chunk.epoch(), output, errors);
    }

    private static List<LinePlace> pass(ChunkLines lines, int from, int items) {
        List<LinePlace> pass = new ArrayList<>();
        long bytes = 0;
        for (int place = from; place < items && (bytes == 0 || bytes < PASS); place++) {
            LinePlace piece = lines.piece(place);
            if (piece != null) {
                bytes += piece.bytes() == null ? piece.length() : 0;
                pass.add(piece);
            }
        }
        return pass;
    }

    /// Happens only when something other than Penstock has changed the store: better a chunk that
    /// is not done than one that is wrong.
    private static IllegalStateException inconsistent(Chunk chunk, String what) {
        return new IllegalStateException(
                "Chunk " + chunk.area() + "/" + chunk.index() + " does not add up: " + what);
    }
}
