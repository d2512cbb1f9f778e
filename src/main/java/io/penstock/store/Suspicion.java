package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/// Items of a chunk, one of which may have ended its worker. Immutable.
///
/// @param items by their places in the chunk
/// @param crashes how often in a row a claim that had started just these items lapsed
/// @param epoch that started them last
public record Suspicion(List<Integer> items, int crashes, int epoch) {

    static final Suspicion NONE = new Suspicion(List.of(), 0, 0);

    /// When a claim is about to start items: others than before have a clean record.
    Suspicion started(List<Integer> these, int inEpoch) {
        return new Suspicion(List.copyOf(these), these.equals(items) ? crashes : 0, inEpoch);
    }

    /// When a claim has lapsed. It leaves the suspects where they are, and speaks against them only
    /// if it had started them.
    Suspicion lapsed(int ofEpoch) {
        return items.isEmpty() || epoch != ofEpoch
                ? this
                : new Suspicion(items, crashes + 1, epoch);
    }

    void putTo(ObjectNode json) {
        ArrayNode suspected = json.putArray("suspects");
        items.forEach(suspected::add);
        json.put("suspect_crashes", crashes).put("suspected_in", epoch);
    }

    static Suspicion of(JsonNode json) {
        List<Integer> suspects = new ArrayList<>();
        json.path("suspects").forEach(place -> suspects.add(place.asInt()));
        return new Suspicion(
                List.copyOf(suspects),
                json.path("suspect_crashes").asInt(),
                json.path("suspected_in").asInt());
    }
}
