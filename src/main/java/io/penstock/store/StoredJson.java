package io.penstock.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// The JSON in which records are stored; instants are Unix milliseconds.
final class StoredJson {

    static final ObjectMapper MAPPER = new ObjectMapper();

    private StoredJson() {}

    static JsonNode parse(String json) {
        try {
            return MAPPER.readTree(json);
        } catch (JsonProcessingException damaged) {
            throw new StoreException("A stored record is not JSON", damaged);
        }
    }

    static void put(ObjectNode json, String name, @Nullable Instant instant) {
        if (instant != null) {
            json.put(name, instant.toEpochMilli());
        }
    }

    static void put(ObjectNode json, String name, @Nullable String text) {
        if (text != null) {
            json.put(name, text);
        }
    }

    static Instant requiredInstant(JsonNode json, String name) {
        return Instant.ofEpochMilli(json.path(name).longValue());
    }

    static @Nullable Instant instant(JsonNode json, String name) {
        return json.hasNonNull(name) ? Instant.ofEpochMilli(json.get(name).longValue()) : null;
    }

    static @Nullable String text(JsonNode json, String name) {
        return json.hasNonNull(name) ? json.get(name).textValue() : null;
    }
}
