package io.penstock.batch;

import io.penstock.store.Chunk;
import io.penstock.store.Payloads;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Where the outcomes of one chunk are, by the items' places in it, and the order in which they
/// were recorded. Immutable.
///
/// As bytes it has [#ENTRY] for each item: the length of its line, negative and less one for an
/// error, and its rank, each a number of four bytes.
final class ChunkLines {

    static final int ENTRY = 8;

    private final @Nullable LinePlace[] pieces;
    private final boolean[] errors;

    /// By place: how many outcomes were recorded before the one of that place.
    private final int[] ranks;

    private ChunkLines(@Nullable LinePlace[] pieces, boolean[] errors, int[] ranks) {
        this.pieces = pieces;
        this.errors = errors;
        this.ranks = ranks;
    }

    /// What is recorded of a chunk so far.
    ///
    /// @param keep bytes of lines that are kept, since they are read anyway
    /// @throws IllegalStateException when there are two outcomes of one item, or one of none
    static ChunkLines recorded(Payloads payloads, Chunk chunk, long keep) {
        int items = chunk.itemCount();
        ChunkLines all = new ChunkLines(new LinePlace[items], new boolean[items], new int[items]);
        Arrays.fill(all.ranks, Integer.MAX_VALUE);
        long kept = 0;
        int rank = 0;
        try (SegmentLines lines = new SegmentLines(payloads, chunk)) {
            for (byte[] line = lines.next(); line != null; line = lines.next()) {
                if (ResultLine.isStage(line)) {
                    continue;
                }
                int place = Math.toIntExact(ResultLine.index(line) - chunk.firstItem());
                if (place < 0 || place >= items || all.pieces[place] != null) {
                    throw new IllegalStateException(
                            "Chunk "
                                    + chunk.area()
                                    + "/"
                                    + chunk.index()
                                    + " has two outcomes of one item, or one of none");
                }
                boolean isKept = kept + line.length <= keep;
                kept += isKept ? line.length : 0;
                all.pieces[place] = lines.piece(line.length, isKept ? line : null);
                all.errors[place] = ResultLine.isError(line);
                all.ranks[place] = rank++;
            }
        }
        return all;
    }

    /// A file, and the offset at which the chunk's lines begin in it.
    static final class From {

        private final String key;
        private long offset;

        From(String key, long offset) {
            this.key = key;
            this.offset = offset;
        }
    }

    /// Reads what [#toBytes] wrote.
    ///
    /// @param output where the first line of an item that is completed is
    /// @param failed where the first line of any other item is: equal to `output` when both are in
    ///   one file
    static ChunkLines of(ByteBuffer bytes, int items, From output, From failed) {
        ChunkLines all = new ChunkLines(new LinePlace[items], new boolean[items], new int[items]);
        for (int place = 0; place < items; place++) {
            int length = bytes.getInt();
            all.errors[place] = length < 0;
            all.ranks[place] = bytes.getInt();
            From file = length < 0 ? failed : output;
            int its = length < 0 ? ~length : length;
            all.pieces[place] = new LinePlace(file.key, file.offset, its, null);
            file.offset += its + 1L;
        }
        return all;
    }

    byte[] toBytes() {
        ByteBuffer bytes = ByteBuffer.allocate(pieces.length * ENTRY);
        for (int place = 0; place < pieces.length; place++) {
            LinePlace piece = pieces[place];
            int length = piece == null ? 0 : piece.length();
            bytes.putInt(errors[place] ? ~length : length).putInt(ranks[place]);
        }
        return bytes.array();
    }

    /// The outcome of an item; null when it has none yet.
    @Nullable LinePlace piece(int place) {
        return pieces[place];
    }

    boolean isError(int place) {
        return errors[place];
    }

    /// How many outcomes were recorded before the outcome of an item.
    int rank(int place) {
        return ranks[place];
    }

    /// The places in the order in which their outcomes were recorded.
    int[] placesByRank() {
        int count = 0;
        for (int rank : ranks) {
            count += rank == Integer.MAX_VALUE ? 0 : 1;
        }
        int[] places = new int[count];
        for (int place = 0; place < ranks.length; place++) {
            if (ranks[place] < count) {
                places[ranks[place]] = place;
            }
        }
        return places;
    }
}
