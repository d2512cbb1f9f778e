package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What a job's chunks added up to at one moment, so that not each question takes a read of all
/// chunks. Immutable; each change gives the next version, to be stored by [JobStore#replace].
///
/// @param version 0 when nothing is stored yet, up by one with each write
/// @param at when they were added up; null when they never were
/// @param summingUntil until when a process has time to add them up anew; null when none does
public record Sums(
        String area,
        long version,
        @Nullable Instant at,
        @Nullable Instant summingUntil,
        Counts counts,
        Tokens tokens,
        Heard heard) {

    static Sums none(String area) {
        return new Sums(area, 0, null, null, Counts.NONE, Tokens.NONE, Heard.NOTHING);
    }

    /// The next version, which says that they are being added up anew.
    public Sums summing(Instant until) {
        return new Sums(area, version + 1, at, until, counts, tokens, heard);
    }

    /// The next version.
    public Sums summed(Counts newCounts, Tokens newTokens, Heard newHeard, Instant now) {
        return new Sums(area, version + 1, now, null, newCounts, newTokens, newHeard);
    }

    String toJson() {
        ObjectNode json =
                StoredJson.MAPPER.createObjectNode().put("area", area).put("version", version);
        StoredJson.put(json, "at", at);
        StoredJson.put(json, "summing_until", summingUntil);
        counts.putTo(json.putObject("counts"));
        tokens.putTo(json.putObject("tokens"));
        heard.putTo(json);
        return json.toString();
    }

    static Sums fromJson(String stored) {
        JsonNode json = StoredJson.parse(stored);
        return new Sums(
                json.path("area").textValue(),
                json.path("version").asLong(),
                StoredJson.instant(json, "at"),
                StoredJson.instant(json, "summing_until"),
                Counts.of(json.path("counts")),
                Tokens.of(json.path("tokens")),
                Heard.of(json));
    }
}
