package io.penstock.batch;

import io.penstock.store.Payloads;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The lines of one page, until it is full: by their number, their bytes, or the requests that it
/// takes to read them. The first is always taken. Not thread-safe.
final class PageLines {

    private final int most;
    private final int rangesMost;
    private final List<LinePlace> pieces = new ArrayList<>();
    private final Map<String, Long> ends = new HashMap<>();
    private long bytes;
    private int ranges;

    PageLines(int most, int rangesMost) {
        this.most = most;
        this.rangesMost = rangesMost;
    }

    boolean isEmpty() {
        return pieces.isEmpty();
    }

    /// @return false when the page is full
    boolean take(LinePlace piece) {
        int more = piece.bytes() == null && !isBehind(piece) ? 1 : 0;
        if (pieces.size() == most
                || (!pieces.isEmpty()
                        && (bytes + piece.length() + 1 > Results.PAGE_BYTES
                                || ranges + more > rangesMost))) {
            return false;
        }
        pieces.add(piece);
        bytes += piece.length() + 1L;
        ranges += more;
        ends.put(piece.key(), piece.offset() + piece.length());
        return true;
    }

    /// Whether the line is so close behind one that was taken that one request reads both.
    private boolean isBehind(LinePlace piece) {
        Long end = ends.get(piece.key());
        return end != null && piece.offset() >= end && piece.offset() - end <= LinePlace.GAP;
    }

    byte[] read(Payloads payloads) {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        for (byte[] line : LinePlace.read(payloads, pieces)) {
            ResultLine.append(lines, line);
        }
        return lines.toByteArray();
    }
}
