package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/// What is sent to a model. Immutable as long as nobody writes to `responseFormat`.
///
/// @param text the user's message, not blank
/// @param model any name the provider knows, or null for the configured one
/// @param temperature 0 to 2
/// @param maxTokens tokens the answer may have at most; an answer cut there is a completion, not a
///   failure
/// @param responseFormat OpenAI's `response_format` object, passed on as it is
public record Prompt(
        String text,
        @Nullable String model,
        @Nullable String system,
        @Nullable Double temperature,
        @Nullable Integer maxTokens,
        @Nullable JsonNode responseFormat) {

    /// A prompt with nothing but its text.
    public static Prompt of(String text) {
        return new Prompt(text, null, null, null, null, null);
    }

    Prompt orModel(String fallback) {
        return model != null
                ? this
                : new Prompt(text, fallback, system, temperature, maxTokens, responseFormat);
    }
}
