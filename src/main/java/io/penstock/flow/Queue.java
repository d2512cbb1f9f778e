package io.penstock.flow;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Who waits, and whose turn it is: callers that wait in person go first; after them jobs take
/// turns, so that a small one is not stuck behind a large one. Not thread-safe.
final class Queue<T> {

    private final ArrayDeque<T> inPerson = new ArrayDeque<>();
    private final Map<String, Lane<T>> lanes = new LinkedHashMap<>();
    private int size;

    /// The calls of one job.
    private static final class Lane<T> {
        private final ArrayDeque<T> waiting = new ArrayDeque<>();
        private int turns;
    }

    int size() {
        return size;
    }

    /// @param job whose call it is; null for one that somebody waits for
    void add(@Nullable String job, T one) {
        size++;
        if (job == null) {
            inPerson.addLast(one);
        } else {
            lanes.computeIfAbsent(job, _ -> new Lane<>()).waiting.addLast(one);
        }
    }

    /// Takes away one that waits no more; another time it does nothing.
    void remove(@Nullable String job, T one) {
        boolean removed;
        if (job == null) {
            removed = inPerson.remove(one);
        } else {
            Lane<T> lane = lanes.get(job);
            removed = lane != null && lane.waiting.remove(one);
            if (lane != null && lane.waiting.isEmpty()) {
                lanes.remove(job);
            }
        }
        if (removed) {
            size--;
        }
    }

    /// Takes away one whose turn it was; its job has had `weight` turns before the next one has its
    /// own.
    void start(@Nullable String job, int weight, T one) {
        remove(job, one);
        Lane<T> lane = job == null ? null : lanes.get(job);
        if (lane != null && ++lane.turns >= weight) {
            lane.turns = 0;
            lanes.remove(job);
            lanes.put(job, lane);
        }
    }

    void forEach(Consumer<T> action) {
        inPerson.forEach(action);
        lanes.values().forEach(lane -> lane.waiting.forEach(action));
    }

    /// Whose turn it is; null when nobody's.
    @Nullable T head(boolean jobsToo) {
        T first = inPerson.peekFirst();
        if (first != null || !jobsToo || lanes.isEmpty()) {
            return first;
        }
        return lanes.values().iterator().next().waiting.peekFirst();
    }
}
