package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/// What is sent to a model. Immutable as long as nobody writes to `responseFormat` or `request`.
///
/// @param text the user's message, not blank
/// @param model any name the provider knows, or null for the configured one
/// @param temperature 0 to 2
/// @param maxTokens tokens the answer may have at most; an answer cut there is a completion, not a
///   failure
/// @param responseFormat OpenAI's `response_format` object, passed on as it is
/// @param request a whole request of OpenAI's chat completions, passed on as it is but for the
///   model; the other parts are null then, and the text is only what logs and models of LangChain4j
///   see
public record Prompt(
        String text,
        @Nullable String model,
        @Nullable String system,
        @Nullable Double temperature,
        @Nullable Integer maxTokens,
        @Nullable JsonNode responseFormat,
        @Nullable ObjectNode request) {

    /// A prompt with nothing but its text.
    public static Prompt of(String text) {
        return new Prompt(text, null, null, null, null, null, null);
    }

    /// A whole request of OpenAI's chat completions, without `stream`.
    ///
    /// @param maxTokens the request's own limit, by whichever name
    public static Prompt of(ObjectNode request, @Nullable Integer maxTokens) {
        return new Prompt(
                "{}", request.path("model").textValue(), null, null, maxTokens, null, request);
    }

    Prompt withModel(String other) {
        return new Prompt(text, other, system, temperature, maxTokens, responseFormat, request);
    }

    /// About as many bytes as a model will read, without what a request has around it.
    long bytes() {
        if (request != null) {
            return length(request.path("messages"));
        }
        // In UTF-16 code units: what other scripts have more in bytes they have in tokens too.
        return text.length() + (system == null ? 0 : system.length());
    }

    private static long length(JsonNode node) {
        if (node.isTextual()) {
            return node.textValue().length();
        }
        long sum = 0;
        for (JsonNode part : node) {
            sum += length(part);
        }
        return sum;
    }

    Prompt orModel(String fallback) {
        return model != null ? this : withModel(fallback);
    }
}
