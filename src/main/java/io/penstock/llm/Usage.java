package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.store.Tokens;
import org.jspecify.annotations.Nullable;

/// What a completion cost, in tokens, as the provider counted them. JSON:
/// `{"prompt_tokens","completion_tokens","total_tokens"}`.
///
/// @param cachedTokens those of the prompt that the provider had already
/// @param reasoningTokens those of the completion that are not in its text
public record Usage(
        long promptTokens,
        long completionTokens,
        long totalTokens,
        long cachedTokens,
        long reasoningTokens) {

    public Usage plus(Usage other) {
        return new Usage(
                promptTokens + other.promptTokens,
                completionTokens + other.completionTokens,
                totalTokens + other.totalTokens,
                cachedTokens + other.cachedTokens,
                reasoningTokens + other.reasoningTokens);
    }

    public ObjectNode toJson() {
        return Fields.JSON
                .createObjectNode()
                .put("prompt_tokens", promptTokens)
                .put("completion_tokens", completionTokens)
                .put("total_tokens", totalTokens);
    }

    /// Reads what [#toJson] wrote; null for what is no object.
    public static @Nullable Usage of(JsonNode json) {
        return json.isObject()
                ? new Usage(
                        json.path("prompt_tokens").asLong(),
                        json.path("completion_tokens").asLong(),
                        json.path("total_tokens").asLong(),
                        0,
                        0)
                : null;
    }

    /// Null where there are none.
    public static @Nullable Usage of(Tokens tokens) {
        return tokens.total() == 0
                ? null
                : new Usage(
                        tokens.prompt(),
                        tokens.completion(),
                        tokens.total(),
                        tokens.cached(),
                        tokens.reasoning());
    }
}
