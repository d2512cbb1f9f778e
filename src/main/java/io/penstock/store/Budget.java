package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
/// @param mark the word that no call may start now; null when there is none
/// @param slowdown the latest one; null when there was none
public record Budget(
        String name,
        long version,
        long requestsUntil,
        long tokensUntil,
        @Nullable Mark mark,
        @Nullable Slowdown slowdown) {

    /// No call may start for a while. Times are Unix microseconds, in the store's time.
    ///
    /// @param until when the next one may
    /// @param since when the first of the calls began that were refused: whoever had a later one
    ///   taken knows better
    /// @param starved whether others are taken, and only the calls of the process that says so are
    ///   refused
    public record Mark(long until, long since, boolean starved) {}

    /// Calls start more slowly, in all processes at once, to see whether fewer are refused then.
    ///
    /// @param at when it began, in Unix microseconds, in the store's time
    /// @param rate calls a second to which the process slowed down that began
    /// @param verdict as far as there is one
    public record Slowdown(long at, double rate, Verdict verdict) {}

    /// What became of a slowdown.
    public enum Verdict {
        /// It is under way.
        OPEN,
        /// Fewer were refused: it was the rate.
        HELPED,
        /// As many were refused: it was not.
        IN_VAIN
    }

    /// Nothing is taken yet.
    public static Budget fresh(String name) {
        return new Budget(name, 0, 0, 0, null, null);
    }

    /// The next version, with more of both rates taken.
    public Budget taken(long newRequestsUntil, long newTokensUntil) {
        return new Budget(name, version + 1, newRequestsUntil, newTokensUntil, mark, slowdown);
    }

    /// The next version, with another mark and another slowdown; null for none.
    public Budget told(@Nullable Mark newMark, @Nullable Slowdown newSlowdown) {
        return new Budget(name, version + 1, requestsUntil, tokensUntil, newMark, newSlowdown);
    }

    /// The next version, with another mark; null for none.
    public Budget marked(@Nullable Mark newMark) {
        return told(newMark, slowdown);
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
        if (mark != null) {
            json.putObject("mark")
                    .put("until", mark.until())
                    .put("since", mark.since())
                    .put("starved", mark.starved());
        }
        if (slowdown != null) {
            json.putObject("slowdown")
                    .put("at", slowdown.at())
                    .put("rate", slowdown.rate())
                    .put("verdict", slowdown.verdict().name());
        }
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
                mark(json.path("mark")),
                slowdown(json.path("slowdown")));
    }

    private static @Nullable Mark mark(JsonNode json) {
        return json.isObject()
                ? new Mark(
                        json.path("until").asLong(),
                        json.path("since").asLong(),
                        json.path("starved").asBoolean())
                : null;
    }

    private static @Nullable Slowdown slowdown(JsonNode json) {
        return json.isObject()
                ? new Slowdown(
                        json.path("at").asLong(),
                        json.path("rate").asDouble(),
                        Verdict.valueOf(json.path("verdict").textValue()))
                : null;
    }
}
