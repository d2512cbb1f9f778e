package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a job's chunks added up to at one moment, so that not each question takes a read of all
/// chunks. Immutable; each change gives the next version, to be stored by [JobStore#replace].
///
/// @param version 0 when nothing is stored yet, up by one with each write
/// @param at when they were added up; null when they never were
/// @param summingUntil until when a process has time to add them up anew; null when none does
/// @param left some of the chunks whose worker had died by then, by their indexes
public record Sums(
        String area,
        long version,
        @Nullable Instant at,
        @Nullable Instant summingUntil,
        Counts counts,
        Tokens tokens,
        Heard heard,
        List<Integer> left) {

    static Sums none(String area) {
        return new Sums(area, 0, null, null, Counts.NONE, Tokens.NONE, Heard.NOTHING, List.of());
    }

    /// The next version, which says that they are being added up anew.
    public Sums summing(Instant until) {
        return new Sums(area, version + 1, at, until, counts, tokens, heard, left);
    }

    /// The next version.
    public Sums summed(
            Counts newCounts,
            Tokens newTokens,
            Heard newHeard,
            List<Integer> newLeft,
            Instant now) {
        return new Sums(area, version + 1, now, null, newCounts, newTokens, newHeard, newLeft);
    }

    String toJson() {
        ObjectNode json =
                StoredJson.MAPPER.createObjectNode().put("area", area).put("version", version);
        StoredJson.put(json, "at", at);
        StoredJson.put(json, "summing_until", summingUntil);
        counts.putTo(json.putObject("counts"));
        tokens.putTo(json.putObject("tokens"));
        heard.putTo(json);
        ArrayNode indexes = json.putArray("left");
        left.forEach(indexes::add);
        return json.toString();
    }

    static Sums fromJson(String stored) {
        JsonNode json = StoredJson.parse(stored);
        List<Integer> left = new ArrayList<>();
        json.path("left").forEach(index -> left.add(index.asInt()));
        return new Sums(
                json.path("area").textValue(),
                json.path("version").asLong(),
                StoredJson.instant(json, "at"),
                StoredJson.instant(json, "summing_until"),
                Counts.of(json.path("counts")),
                Tokens.of(json.path("tokens")),
                Heard.of(json),
                List.copyOf(left));
    }
}
