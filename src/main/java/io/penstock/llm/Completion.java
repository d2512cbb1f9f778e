package io.penstock.llm;

import org.jspecify.annotations.Nullable;

/// The model's whole answer to one prompt. It always has a finish reason; an answer without one is
/// a [Failure].
///
/// @param id the provider's id of this completion
/// @param model the model that served it, as the provider names it
/// @param finishReason `stop`, or `length` when the prompt's own `maxTokens` cut it; some servers
///   have other words for these. Of a whole request the first choice's, whatever it is
/// @param usage null when the provider sent none
/// @param providerRequestId the provider's `x-request-id`, for its support
/// @param body the provider's whole answer as it came, where the prompt was a whole request and was
///   not streamed; the text is that of its first choice then, empty where it has none
public record Completion(
        String text,
        @Nullable String id,
        String model,
        String finishReason,
        @Nullable Usage usage,
        @Nullable String providerRequestId,
        @Nullable String body)
        implements Outcome {

    /// Whether the prompt's own limit has cut it.
    public boolean isCut() {
        return FinishReason.of(finishReason) == FinishReason.CUT;
    }
}
