package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What all processes together have taken of a provider's rates. Immutable; each change gives the
/// next version, to be stored by [BudgetStore#replace].
///
/// A rate is kept as a point in time: a budget of 6,000 requests a minute gives one for each 10 ms,
/// and `requestsUntil` says up to when they are taken. What nobody takes passes by, so that nothing
/// has to be given back, not even for processes that have died.
///
/// @param name of the group of models
/// @param version from 0 for a budget that is not stored yet, up by one with each write
/// @param requestsUntil Unix microseconds, in the store's time
/// @param tokensUntil the same for tokens
/// @param notBefore the provider's word that no call may start earlier; null when there is none
public record Budget(
        String name,
        long version,
        long requestsUntil,
        long tokensUntil,
        @Nullable Instant notBefore) {

    /// Nothing is taken yet.
    public static Budget fresh(String name) {
        return new Budget(name, 0, 0, 0, null);
    }

    /// The next version, with more of both rates taken.
    public Budget taken(long newRequestsUntil, long newTokensUntil) {
        return new Budget(name, version + 1, newRequestsUntil, newTokensUntil, notBefore);
    }

    /// The next version, with another mark; null for none.
    public Budget marked(@Nullable Instant newNotBefore) {
        return new Budget(name, version + 1, requestsUntil, tokensUntil, newNotBefore);
    }

    /// How it is stored.
    public String toJson() {
        ObjectNode json =
                StoredJson.MAPPER
                        .createObjectNode()
                        .put("name", name)
                        .put("version", version)
                        .put("requests", requestsUntil)
                        .put("tokens", tokensUntil);
        StoredJson.put(json, "not_before", notBefore);
        return json.toString();
    }

    /// Reads what [#toJson] wrote.
    public static Budget fromJson(String stored) {
        JsonNode json = StoredJson.parse(stored);
        return new Budget(
                json.path("name").textValue(),
                json.path("version").asLong(),
                json.path("requests").asLong(),
                json.path("tokens").asLong(),
                StoredJson.instant(json, "not_before"));
    }
}
