package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/// The owner of a batch: a caller's key without its secrets, as it was when the batch was made. A
/// worker holds the batch to this grant, and need not be able to read keys. Immutable.
///
/// @param id of the key
/// @param name that its operator gave it
public record Owner(String id, String name, Grant grant) {

    ObjectNode toJson() {
        ObjectNode json = StoredJson.MAPPER.createObjectNode().put("id", id).put("name", name);
        grant.put(json);
        return json;
    }

    static @Nullable Owner of(JsonNode json) {
        return json.isObject()
                ? new Owner(json.path("id").asText(), json.path("name").asText(), Grant.of(json))
                : null;
    }
}
