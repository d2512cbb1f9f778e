package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/// What some calls have used. Immutable.
///
/// @param requests calls that have ended
/// @param unknown those whose cost nobody knows: their model has no price, or their answer no usage
public record Spent(long requests, Tokens tokens, long unknown) {

    public static final Spent NONE = new Spent(0, Tokens.NONE, 0);

    public Spent plus(Spent other) {
        return new Spent(
                requests + other.requests, tokens.plus(other.tokens), unknown + other.unknown);
    }

    public Spent minus(Spent other) {
        return new Spent(
                requests - other.requests, tokens.minus(other.tokens), unknown - other.unknown);
    }

    ObjectNode toJson() {
        ObjectNode json = StoredJson.MAPPER.createObjectNode().put("requests", requests);
        tokens.putTo(json);
        return json.put("unknown", unknown);
    }

    static Spent of(JsonNode json) {
        return new Spent(
                json.path("requests").asLong(), Tokens.of(json), json.path("unknown").asLong());
    }
}
