package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a caller's key may use. Immutable.
///
/// @param models names, or beginnings of names with a `*` after them; empty for all
/// @param requestsPerMinute null for as many as the provider takes; so for the parameters below
/// @param callsAtOnce in all processes
/// @param spendPerDay in the currency of the configured prices, by the day in UTC
/// @param spendPerMonth the same by the month
public record Grant(
        List<String> models,
        @Nullable Long requestsPerMinute,
        @Nullable Long tokensPerMinute,
        @Nullable Long callsAtOnce,
        @Nullable BigDecimal spendPerDay,
        @Nullable BigDecimal spendPerMonth) {

    /// Everything, without a bound.
    public static final Grant ALL = new Grant(List.of(), null, null, null, null, null);

    public Grant {
        models = List.copyOf(models);
    }

    public boolean allows(String model) {
        return models.isEmpty()
                || models.stream()
                        .anyMatch(one ->
                                one.endsWith("*")
                                        ? model.startsWith(one.substring(0, one.length() - 1))
                                        : model.equals(one));
    }

    /// Whether it bounds how fast calls may be made.
    public boolean isPaced() {
        return requestsPerMinute != null || tokensPerMinute != null || callsAtOnce != null;
    }

    /// Whether it bounds what calls may cost.
    public boolean isPriced() {
        return spendPerDay != null || spendPerMonth != null;
    }

    /// As it is stored, and as callers see it.
    public void put(ObjectNode json) {
        ArrayNode names = json.putArray("models");
        models.forEach(names::add);
        json.put("requests_per_minute", requestsPerMinute);
        json.put("tokens_per_minute", tokensPerMinute);
        json.put("calls_at_once", callsAtOnce);
        json.put("spend_per_day", spendPerDay);
        json.put("spend_per_month", spendPerMonth);
    }

    static Grant of(JsonNode json) {
        List<String> models = new ArrayList<>();
        json.path("models").forEach(model -> models.add(model.asText()));
        return new Grant(
                models,
                number(json, "requests_per_minute"),
                number(json, "tokens_per_minute"),
                number(json, "calls_at_once"),
                amount(json, "spend_per_day"),
                amount(json, "spend_per_month"));
    }

    private static @Nullable Long number(JsonNode json, String name) {
        return json.hasNonNull(name) ? json.get(name).asLong() : null;
    }

    private static @Nullable BigDecimal amount(JsonNode json, String name) {
        return json.hasNonNull(name) ? new BigDecimal(json.get(name).asText()) : null;
    }
}
