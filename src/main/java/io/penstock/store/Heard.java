package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/// For each model, when the latest call had begun that it has answered, by the store's time. Other
/// processes tell from it whether a model is there. Immutable.
///
/// @param begun by model, a few of them
public record Heard(Map<String, Instant> begun) {

    public static final Heard NOTHING = new Heard(Map.of());

    /// Models at most, the ones that were heard last: this is stored with each chunk.
    private static final int MODELS_MAX = 4;

    /// The later of the two for each model.
    public Heard plus(Heard other) {
        if (other.begun.isEmpty() || begun.equals(other.begun)) {
            return this;
        }
        Map<String, Instant> both = new HashMap<>(begun);
        other.begun.forEach((model, at) -> both.merge(model, at, (a, b) -> a.isAfter(b) ? a : b));
        while (both.size() > MODELS_MAX) {
            both.entrySet().stream()
                    .min(Map.Entry.comparingByValue())
                    .ifPresent(oldest -> both.remove(oldest.getKey()));
        }
        return new Heard(Map.copyOf(both));
    }

    void putTo(ObjectNode json) {
        if (!begun.isEmpty()) {
            ObjectNode models = json.putObject("heard");
            begun.forEach((model, at) -> StoredJson.put(models, model, at));
        }
    }

    static Heard of(JsonNode json) {
        Map<String, Instant> begun = new LinkedHashMap<>();
        json.path("heard")
                .properties()
                .forEach(model ->
                        begun.put(
                                model.getKey(),
                                Instant.ofEpochMilli(model.getValue().longValue())));
        return begun.isEmpty() ? NOTHING : new Heard(Map.copyOf(begun));
    }
}
