package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How far the results of a job's chunks are put together, and until when one worker has the right
/// to do that. Immutable; each change gives the next version, to be stored by [JobStore#replace].
///
/// @param version 0 when nothing is stored yet, up by one with each write
/// @param leaseUntil when the present claim lapses; null when nobody holds one
/// @param next the first chunk that is not in the files yet
/// @param files for each file how far it is written, as [Payloads.Assembly#checkpoint] said
public record Merge(
        String area,
        long version,
        @Nullable Instant leaseUntil,
        int next,
        Map<String, String> files) {

    static Merge none(String area) {
        return new Merge(area, 0, null, 0, Map.of());
    }

    /// Whether a worker may be putting the results together.
    public boolean isLeased(Instant now) {
        return leaseUntil != null && now.isBefore(leaseUntil);
    }

    /// The next version with another lease.
    ///
    /// @param until null to end it
    public Merge leasedUntil(@Nullable Instant until) {
        return new Merge(area, version + 1, until, next, files);
    }

    /// The next version, some chunks further.
    public Merge at(int chunk, Map<String, String> states, Instant until) {
        return new Merge(area, version + 1, until, chunk, Map.copyOf(states));
    }

    /// The next version, at the beginning again and without a lease.
    public Merge anew() {
        return new Merge(area, version + 1, null, 0, Map.of());
    }

    String toJson() {
        ObjectNode json =
                StoredJson.MAPPER
                        .createObjectNode()
                        .put("area", area)
                        .put("version", version)
                        .put("next", next);
        StoredJson.put(json, "lease", leaseUntil);
        ObjectNode states = json.putObject("files");
        files.forEach(states::put);
        return json.toString();
    }

    static Merge fromJson(String stored) {
        JsonNode json = StoredJson.parse(stored);
        Map<String, String> files = new LinkedHashMap<>();
        json.path("files")
                .properties()
                .forEach(file -> files.put(file.getKey(), file.getValue().asText()));
        return new Merge(
                json.path("area").textValue(),
                json.path("version").asLong(),
                StoredJson.instant(json, "lease"),
                json.path("next").asInt(),
                Map.copyOf(files));
    }
}
