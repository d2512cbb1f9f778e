package io.penstock.batch;

import java.util.HashMap;
import java.util.Map;

/// When the calls had begun that each model has answered to one job in this process, as
/// [System#nanoTime()]. Thread-safe.
final class Answers {

    /// Of more models nothing is known, and what they fail stays in doubt.
    private static final int MODELS_MAX = 1_000;

    private final Map<String, Long> latest = new HashMap<>();

    synchronized void add(String model, long begunNanos) {
        Long before = latest.get(model);
        if (before == null ? latest.size() < MODELS_MAX : begunNanos - before > 0) {
            latest.put(model, begunNanos);
        }
    }

    /// Whether the model has answered a call that began after that.
    synchronized boolean since(String model, long begunNanos) {
        Long last = latest.get(model);
        return last != null && last - begunNanos > 0;
    }

    /// Whether any model has.
    synchronized boolean since(long begunNanos) {
        return latest.values().stream().anyMatch(last -> last - begunNanos > 0);
    }
}
