package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/// Items by how they ended.
public record Counts(int completed, int failed, int expired, int cancelled) {

    public static final Counts NONE = new Counts(0, 0, 0, 0);

    public Counts plus(Counts other) {
        return new Counts(
                completed + other.completed,
                failed + other.failed,
                expired + other.expired,
                cancelled + other.cancelled);
    }

    /// Items that have ended in any way.
    public int ended() {
        return completed + failed + expired + cancelled;
    }

    void putTo(ObjectNode json) {
        json.put("completed", completed)
                .put("failed", failed)
                .put("expired", expired)
                .put("cancelled", cancelled);
    }

    static Counts of(JsonNode json) {
        return new Counts(
                json.path("completed").asInt(),
                json.path("failed").asInt(),
                json.path("expired").asInt(),
                json.path("cancelled").asInt());
    }
}
