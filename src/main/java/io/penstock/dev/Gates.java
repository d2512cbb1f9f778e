package io.penstock.dev;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The named gates that hold requests until somebody opens them. Thread-safe.
///
/// What is held is a task that is run, in order of arrival, by whoever opens the gate: it must only
/// hand over to its own event loop.
final class Gates {
    private final Map<String, Set<Runnable>> held = new HashMap<>();
    private final Set<String> open = new HashSet<>();

    /// Runs the task when the gate is open: now, or once that is so.
    void hold(String gate, Runnable task) {
        synchronized (this) {
            if (!open.contains(gate)) {
                held.computeIfAbsent(gate, _ -> new LinkedHashSet<>()).add(task);
                return;
            }
        }
        task.run();
    }

    synchronized void abandon(String gate, Runnable task) {
        Set<Runnable> tasks = held.get(gate);
        if (tasks != null && tasks.remove(task) && tasks.isEmpty()) {
            held.remove(gate);
        }
    }

    /// Opens the gate for good and tells how many tasks were held there.
    int open(String gate) {
        Set<Runnable> released;
        synchronized (this) {
            open.add(gate);
            released = held.remove(gate);
        }
        if (released == null) {
            return 0;
        }
        released.forEach(Runnable::run);
        return released.size();
    }

    /// Lets go everything held and closes every gate again.
    int forget() {
        List<Runnable> released;
        synchronized (this) {
            released = held.values().stream().flatMap(Set::stream).toList();
            held.clear();
            open.clear();
        }
        released.forEach(Runnable::run);
        return released.size();
    }
}
