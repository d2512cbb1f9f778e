package io.penstock.dev;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/// How busy the provider was over time, in slices of 100 ms of which the last ten minutes are kept.
/// Not thread-safe. Times are readings of [System#nanoTime()], given by the caller.
final class Timeline {
    private static final Duration FINEST = Duration.ofMillis(100);
    private static final long SLICE = FINEST.toNanos();
    private static final int MOST = 6_000;

    private final ArrayDeque<Counting> slices = new ArrayDeque<>();
    private final long origin;
    private final Instant originTime;
    private long until;
    private int inFlight;

    /// What happened in a slice of time.
    ///
    /// @param at its beginning in Unix milliseconds
    /// @param started requests that arrived, refused ones too
    /// @param limited of these, refused for a limit
    /// @param early of these, the same request again before its own time
    /// @param answered whole answers that ended
    /// @param failed requests that ended in a fault
    /// @param aborted requests that ended because the client left
    /// @param inFlight requests under way, on average
    /// @param peakInFlight the most at once
    record Slice(
            long at,
            int started,
            int limited,
            int early,
            int answered,
            int failed,
            int aborted,
            double inFlight,
            int peakInFlight) {}

    /// A slice that is still counted.
    private static final class Counting {
        private final long begin;
        private int started;
        private int limited;
        private int early;
        private int answered;
        private int failed;
        private int aborted;
        private double busyNanos;
        private int peak;

        Counting(long begin, int inFlight) {
            this.begin = begin;
            this.peak = inFlight;
        }

        void add(Counting later) {
            started += later.started;
            limited += later.limited;
            early += later.early;
            answered += later.answered;
            failed += later.failed;
            aborted += later.aborted;
            busyNanos += later.busyNanos;
            peak = Math.max(peak, later.peak);
        }
    }

    Timeline(long now, Instant time) {
        origin = now;
        originTime = time;
        clear(now);
    }

    /// Starts anew; what is in flight stays so.
    void clear(long now) {
        slices.clear();
        until = now;
        slices.add(new Counting(now, inFlight));
    }

    void opened(LogEntry entry, long now) {
        Counting slice = at(now);
        slice.started++;
        slice.early += entry.early() ? 1 : 0;
        if (entry.admitted()) {
            inFlight++;
            slice.peak = Math.max(slice.peak, inFlight);
        } else if (entry.limited()) {
            slice.limited++;
        }
    }

    void closed(LogEntry entry, LogEntry.End end, long now) {
        Counting slice = at(now);
        if (entry.admitted()) {
            inFlight--;
        }
        if (end == LogEntry.End.ABORTED) {
            slice.aborted++;
        } else if (end == LogEntry.End.COMPLETED && entry.answered()) {
            slice.answered++;
        } else if (!entry.limited()) {
            slice.failed++;
        }
    }

    /// The slices, put together to the length, which is a multiple of 100 ms; the last one may
    /// still be under way.
    List<Slice> slices(Duration length, long now) {
        at(now);
        int each = Math.toIntExact(length.dividedBy(FINEST));
        var merged = new ArrayList<Slice>();
        Counting sum = null;
        int added = 0;
        for (Counting slice : slices) {
            if (sum == null) {
                sum = new Counting(slice.begin, 0);
            }
            sum.add(slice);
            if (++added % each == 0) {
                merged.add(slice(sum, sum.begin + each * SLICE));
                sum = null;
            }
        }
        if (sum != null) {
            merged.add(slice(sum, until));
        }
        return merged;
    }

    private Slice slice(Counting of, long end) {
        double mean = of.busyNanos / Math.max(1, end - of.begin);
        return new Slice(
                originTime.plusNanos(of.begin - origin).toEpochMilli(),
                of.started,
                of.limited,
                of.early,
                of.answered,
                of.failed,
                of.aborted,
                Math.round(mean * 10) / 10.0,
                of.peak);
    }

    /// The slice of this moment; what is in flight has been counted up to it. Event loops read
    /// their clocks before they take turns, so a time may lie a little back: it counts as now.
    private Counting at(long now) {
        Counting current = slices.getLast();
        while (now - current.begin >= SLICE) {
            current.busyNanos += (double) inFlight * (current.begin + SLICE - until);
            until = current.begin + SLICE;
            if (slices.size() == MOST) {
                slices.removeFirst();
            }
            current = new Counting(until, inFlight);
            slices.addLast(current);
        }
        if (now - until > 0) {
            current.busyNanos += (double) inFlight * (now - until);
            until = now;
        }
        return current;
    }
}
