package io.penstock.batch;

import io.penstock.store.Chunk;
import io.penstock.store.Payloads;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The lines that were recorded of a chunk, in that order, a few segments in memory at a time: the
/// outcomes, and between them the stages that were finished on the way there. More are only ever
/// added at the end. Not thread-safe.
final class SegmentLines implements AutoCloseable {

    private static final int AT_ONCE = 4;

    private final List<String> keys;
    private final Ahead<byte[]> read;
    private int segment = -1;
    private byte[] bytes = new byte[0];
    private int start;
    private int end = -1;

    SegmentLines(Payloads payloads, Chunk chunk) {
        keys = Segments.keys(chunk);
        read = new Ahead<>(keys.size(), n -> payloads.read(keys.get(n)), _ -> 1, AT_ONCE, AT_ONCE);
    }

    /// @return null at the end
    byte @Nullable [] next() {
        while (true) {
            start = end + 1;
            for (int i = start; i < bytes.length; i++) {
                if (bytes[i] == '\n') {
                    end = i;
                    return Arrays.copyOfRange(bytes, start, i);
                }
            }
            if (segment + 1 == keys.size()) {
                return null;
            }
            segment++;
            bytes = read.next();
            end = -1;
        }
    }

    /// The next outcome.
    ///
    /// @return null at the end
    byte @Nullable [] nextOutcome() {
        byte[] line = next();
        while (line != null && ResultLine.isStage(line)) {
            line = next();
        }
        return line;
    }

    /// Where the line last read is.
    ///
    /// @param kept the line itself, if it is to be kept
    LinePlace piece(int length, byte @Nullable [] kept) {
        return new LinePlace(keys.get(segment), start, length, kept);
    }

    @Override
    public void close() {
        read.close();
    }
}
