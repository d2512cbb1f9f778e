package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;

/// What is known of a file that a caller has given, or that a batch has come to; its content is a
/// payload. Immutable.
///
/// @param id what callers know
/// @param filename the caller's own name for it
/// @param purpose what it is for, in OpenAI's words
/// @param bytes its size; negative while its content is still to come
/// @param expiresAt from when on there is no such file
public record StoredFile(
        String id,
        String filename,
        String purpose,
        long bytes,
        Instant createdAt,
        Instant expiresAt) {

    /// What the key of its content starts with: beside the jobs' areas, where functions may write
    /// and where the bucket's rule removes what is older than any file may be.
    public static String prefix(String id) {
        return "jobs/" + id + "/";
    }

    /// The key of its content.
    public String key() {
        return prefix(id) + "content";
    }

    /// Whether its content is there.
    public boolean isComplete() {
        return bytes >= 0;
    }

    /// The same file with its content.
    public StoredFile completed(long size) {
        return new StoredFile(id, filename, purpose, size, createdAt, expiresAt);
    }

    /// How it is stored.
    public String toJson() {
        ObjectNode json =
                Json.MAPPER
                        .createObjectNode()
                        .put("id", id)
                        .put("filename", filename)
                        .put("purpose", purpose)
                        .put("bytes", bytes);
        Json.put(json, "created_at", createdAt);
        Json.put(json, "expires_at", expiresAt);
        return json.toString();
    }

    /// Reads what [#toJson] wrote.
    public static StoredFile fromJson(String stored) {
        JsonNode json = Json.parse(stored);
        return new StoredFile(
                json.path("id").textValue(),
                json.path("filename").textValue(),
                json.path("purpose").textValue(),
                json.path("bytes").longValue(),
                Json.requiredInstant(json, "created_at"),
                Json.requiredInstant(json, "expires_at"));
    }
}
