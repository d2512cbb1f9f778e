package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/// A part of what one key has used on one day. Immutable; each change gives the next version.
///
/// @param version from 0 for what is not stored yet, up by one with each write
/// @param byModel what was used, by the model that has answered
/// @param bySource how much of it each source has said: a chunk of a batch, or a process that makes
///   calls in person. Sources say what they have come to in all, so that saying it again changes
///   nothing
record UsageSheet(long version, Map<String, Spent> byModel, Map<String, Spent> bySource) {

    static final UsageSheet EMPTY = new UsageSheet(0, Map.of(), Map.of());

    /// The next version, with what a source has come to; this one when it is known already.
    ///
    /// @param parts what is new of it, by model; what is missing of them, or too much, is put down
    ///   to `otherModel`
    UsageSheet with(String source, Spent inAll, Map<String, Spent> parts, String otherModel) {
        Spent before = bySource.getOrDefault(source, Spent.NONE);
        if (before.equals(inAll) || inAll.requests() < before.requests()) {
            return this;
        }
        Spent rest = inAll.minus(before);
        Map<String, Spent> models = new TreeMap<>(byModel);
        for (Map.Entry<String, Spent> part : parts.entrySet()) {
            models.merge(part.getKey(), part.getValue(), Spent::plus);
            rest = rest.minus(part.getValue());
        }
        // A source may count its items, where the parts count calls.
        Spent other = new Spent(0, rest.tokens(), 0);
        if (!other.equals(Spent.NONE)) {
            models.merge(otherModel, other, Spent::plus);
        }
        Map<String, Spent> sources = new HashMap<>(bySource);
        sources.put(source, inAll);
        return new UsageSheet(version + 1, models, sources);
    }

    String toJson() {
        ObjectNode json = StoredJson.MAPPER.createObjectNode().put("version", version);
        ObjectNode models = json.putObject("models");
        byModel.forEach((model, spent) -> models.set(model, spent.toJson()));
        ObjectNode sources = json.putObject("sources");
        bySource.forEach((source, spent) -> sources.set(source, spent.toJson()));
        return json.toString();
    }

    static UsageSheet fromJson(String stored) {
        JsonNode json = StoredJson.parse(stored);
        return new UsageSheet(
                json.path("version").asLong(), all(json.path("models")), all(json.path("sources")));
    }

    private static Map<String, Spent> all(JsonNode json) {
        Map<String, Spent> all = new HashMap<>();
        json.properties().forEach(one -> all.put(one.getKey(), Spent.of(one.getValue())));
        return all;
    }
}
