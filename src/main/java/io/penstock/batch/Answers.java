package io.penstock.batch;

import java.util.HashMap;
import java.util.Map;

/// What the models have answered to one job in this process: for each model, when the latest of the
/// answered calls had begun, as [System#nanoTime()]. Thread-safe.
final class Answers {

    /// Models that are remembered. The failures of any further model stay in doubt.
    private static final int MODELS_MAX = 1_000;

    private final Map<String, Long> latest = new HashMap<>();

    synchronized void add(String model, long begunNanos) {
        Long before = latest.get(model);
        if (before == null ? latest.size() < MODELS_MAX : begunNanos - before > 0) {
            latest.put(model, begunNanos);
        }
    }

    /// Whether the model has answered a call that began later than `begunNanos`.
    synchronized boolean since(String model, long begunNanos) {
        Long last = latest.get(model);
        return last != null && last - begunNanos > 0;
    }

    /// Whether any model has answered a call that began later than `begunNanos`.
    synchronized boolean since(long begunNanos) {
        return latest.values().stream().anyMatch(last -> last - begunNanos > 0);
    }
}
