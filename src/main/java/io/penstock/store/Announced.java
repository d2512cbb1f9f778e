package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;

/// When the open tasks of a job were queued last. Immutable.
///
/// @param times how often they were queued again since the job began, or was resumed
public record Announced(Instant at, int times) {

    /// For a job without a note: its tasks were queued when it was made.
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
