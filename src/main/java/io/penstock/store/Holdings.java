package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// Which processes may have how many calls in flight, of one share of a budget's limit. Immutable;
/// each change gives the next version, to be stored by [BudgetStore#replace].
///
/// A large limit is parted into shares, so that no stored record grows with the number of processes
/// and none is written by all of them.
///
/// @param name of the budget
/// @param share from 0
/// @param version from 0 for what is not stored yet, up by one with each write
public record Holdings(String name, int share, long version, List<Holding> all) {

    /// How many calls one process may have in flight, until a time before which it asks again.
    ///
    /// @param wanted how many it could use
    public record Holding(String holder, int permits, int wanted, Instant until) {}

    /// Nobody holds anything yet.
    public static Holdings none(String name, int share) {
        return new Holdings(name, share, 0, List.of());
    }

    /// The next version.
    public Holdings held(List<Holding> others) {
        return new Holdings(name, share, version + 1, List.copyOf(others));
    }

    /// How it is stored: short, since each write is paid for by its size.
    public String toJson() {
        ObjectNode json =
                StoredJson.MAPPER
                        .createObjectNode()
                        .put("name", name)
                        .put("share", share)
                        .put("version", version);
        ArrayNode written = json.putArray("holdings");
        for (Holding one : all) {
            written.addArray()
                    .add(one.holder)
                    .add(one.permits)
                    .add(one.wanted)
                    .add(one.until.toEpochMilli());
        }
        return json.toString();
    }

    /// Reads what [#toJson] wrote.
    public static Holdings fromJson(String stored) {
        JsonNode json = StoredJson.parse(stored);
        List<Holding> holdings = new ArrayList<>();
        json.path("holdings")
                .forEach(one ->
                        holdings.add(
                                new Holding(
                                        one.path(0).textValue(),
                                        one.path(1).asInt(),
                                        one.path(2).asInt(),
                                        Instant.ofEpochMilli(one.path(3).asLong()))));
        return new Holdings(
                json.path("name").textValue(),
                json.path("share").asInt(),
                json.path("version").asLong(),
                List.copyOf(holdings));
    }
}
