package io.penstock.batch;

import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where a line is, without its end.
///
/// @param bytes the line itself, where it was read already; null elsewhere
record LinePlace(String key, long offset, int length, byte @Nullable [] bytes) {

    /// Lines with fewer bytes between them are read by one request, with those bytes.
    static final long GAP = 64 << 10;

    private static final int AT_ONCE = 8;
    private static final long BYTES_AT_ONCE = 32 << 20;

    /// Lines that are read by one request.
    ///
    /// @param pieces indices of the lines
    private record OneRead(String key, long from, long to, List<Integer> pieces) {}

    /// Reads some lines, those that are near each other by one request.
    ///
    /// @return the lines in the order of `pieces`
    static byte[][] read(Payloads payloads, List<LinePlace> pieces) {
        byte[][] lines = new byte[pieces.size()][];
        List<OneRead> ranges = new ArrayList<>();
        List<Integer> sorted = new ArrayList<>();
        for (int i = 0; i < lines.length; i++) {
            byte[] known = pieces.get(i).bytes;
            if (known == null) {
                sorted.add(i);
            } else {
                lines[i] = known;
            }
        }
        sorted.sort(
                Comparator.comparing((Integer i) -> pieces.get(i).key)
                        .thenComparing(i -> pieces.get(i).offset));
        for (int i : sorted) {
            add(ranges, pieces.get(i), i);
        }
        try (Ahead<byte[]> read =
                new Ahead<>(
                        ranges.size(),
                        n -> bytes(payloads, ranges.get(n)),
                        n -> ranges.get(n).to - ranges.get(n).from,
                        AT_ONCE,
                        BYTES_AT_ONCE)) {
            for (OneRead range : ranges) {
                byte[] bytes = read.next();
                for (int i : range.pieces) {
                    int from = Math.toIntExact(pieces.get(i).offset - range.from);
                    lines[i] = Arrays.copyOfRange(bytes, from, from + pieces.get(i).length);
                }
            }
        }
        return lines;
    }

    private static void add(List<OneRead> ranges, LinePlace piece, int index) {
        long to = piece.offset + piece.length;
        OneRead last = ranges.isEmpty() ? null : ranges.getLast();
        // Bounded, so that many threads can read at once.
        if (last != null
                && last.key.equals(piece.key)
                && piece.offset - last.to <= GAP
                && to - last.from <= BYTES_AT_ONCE / 4) {
            ranges.removeLast();
            last.pieces.add(index);
            ranges.add(new OneRead(last.key, last.from, to, last.pieces));
        } else {
            ranges.add(new OneRead(piece.key, piece.offset, to, new ArrayList<>(List.of(index))));
        }
    }

    private static byte[] bytes(Payloads payloads, OneRead range) {
        return bytes(payloads, range.key, range.from, range.to - range.from);
    }

    /// Reads some bytes of a file, all of which must be there.
    static byte[] bytes(Payloads payloads, String key, long offset, long length) {
        try (InputStream in = payloads.read(key, offset, length)) {
            byte[] bytes = in.readNBytes(Math.toIntExact(length));
            if (bytes.length < length) {
                throw new EOFException("It ends too early");
            }
            return bytes;
        } catch (IOException broken) {
            throw new StoreException("The file " + key + " breaks off", broken);
        }
    }
}
