package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What is known of a file that a caller has given, or that a batch has come to; its content is a
/// payload. Immutable.
///
/// @param id what callers know
/// @param filename the caller's own name for it
/// @param purpose what it is for, in OpenAI's words
/// @param bytes its size; negative while its content is still to come
/// @param expiresAt from when on there is no such file
/// @param owner the id of the key whose it is; null where callers need none
public record StoredFile(
        String id,
        String filename,
        String purpose,
        long bytes,
        Instant createdAt,
        Instant expiresAt,
        @Nullable String owner) {

    /// A file without an owner.
    public StoredFile(
            String id,
            String filename,
            String purpose,
            long bytes,
            Instant createdAt,
            Instant expiresAt) {
        this(id, filename, purpose, bytes, createdAt, expiresAt, null);
    }

    /// The same file with an owner.
    public StoredFile of(@Nullable String somebody) {
        return new StoredFile(id, filename, purpose, bytes, createdAt, expiresAt, somebody);
    }

    /// The prefix of the key of a file's content: beside the jobs' areas, where functions may write
    /// and where the bucket's rule removes what is older than any file may be.
    public static String prefix(String id) {
        return "jobs/" + id + "/";
    }

    /// The key of the content.
    public String key() {
        return prefix(id) + "content";
    }

    /// Whether the content is there.
    public boolean isComplete() {
        return bytes >= 0;
    }

    /// The same file with its content.
    public StoredFile completed(long size) {
        return new StoredFile(id, filename, purpose, size, createdAt, expiresAt, owner);
    }

    /// How it is stored.
    public String toJson() {
        ObjectNode json =
                StoredJson.MAPPER
                        .createObjectNode()
                        .put("id", id)
                        .put("filename", filename)
                        .put("purpose", purpose)
                        .put("bytes", bytes);
        StoredJson.put(json, "created_at", createdAt);
        StoredJson.put(json, "expires_at", expiresAt);
        StoredJson.put(json, "owner", owner);
        return json.toString();
    }

    /// Reads what [#toJson] wrote.
    public static StoredFile fromJson(String stored) {
        JsonNode json = StoredJson.parse(stored);
        return new StoredFile(
                json.path("id").textValue(),
                json.path("filename").textValue(),
                json.path("purpose").textValue(),
                json.path("bytes").longValue(),
                StoredJson.requiredInstant(json, "created_at"),
                StoredJson.requiredInstant(json, "expires_at"),
                StoredJson.text(json, "owner"));
    }
}
