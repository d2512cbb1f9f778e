package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;

/// When all that was left to do for a job was queued last. Immutable.
///
/// @param times how often it was queued again since its beginning, or since it was resumed
public record Announced(Instant at, int times) {

    /// Of a job of which nothing else is known: it was queued when it was made.
    public static Announced first(Job job) {
        return new Announced(job.createdAt(), 0);
    }

    /// The next one.
    public Announced again(Instant now) {
        return new Announced(now, times + 1);
    }

    String toJson() {
        return StoredJson.MAPPER
                .createObjectNode()
                .put("at", at.toEpochMilli())
                .put("times", times)
                .toString();
    }

    static Announced fromJson(String stored) {
        JsonNode json = StoredJson.parse(stored);
        return new Announced(StoredJson.requiredInstant(json, "at"), json.path("times").asInt());
    }
}
