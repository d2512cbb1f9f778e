package io.penstock.flow;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The calls of a gate that are in flight, by when they started. Guarded by the lock of
/// [Admission]. Times are Unix microseconds.
final class Flight {

    private final TreeMap<Long, Integer> started = new TreeMap<>();
    private int size;

    int size() {
        return size;
    }

    void started(long now) {
        size++;
        started.merge(now, 1, Integer::sum);
    }

    void ended(long startedMicros) {
        size--;
        started.merge(startedMicros, -1, Flight::less);
    }

    private static @Nullable Integer less(Integer count, Integer by) {
        return count + by == 0 ? null : (Integer) (count + by);
    }

    /// When the oldest of them started that did not start before that; null for none.
    @Nullable Long oldestSince(long micros) {
        return started.ceilingKey(micros);
    }

    /// Calls that started from then on, newest first, by when they did.
    Map<Long, Integer> newestSince(long micros) {
        return started.tailMap(micros, true).descendingMap();
    }
}
