package io.penstock.llm;

import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// How an answer ended, by the provider's `finish_reason`. OpenAI knows `stop`, `length`,
/// `content_filter`, `tool_calls` and `function_call` (API reference, "The chat completion
/// object"); the other words are what compatible servers say for the same.
enum FinishReason {
    /// The answer is whole.
    ENDED("stop", "eos", "eos_token", "end_turn", "stop_sequence", "end", "complete", "completed"),
    /// A length limit cut the answer.
    CUT("length", "max_tokens", "model_length", "max_length", "max_output_tokens"),
    /// A filter stopped the answer.
    FILTERED(
            "content_filter",
            "safety",
            "recitation",
            "blocklist",
            "prohibited_content",
            "sensitive",
            "refusal"),
    /// The model wants a tool called.
    CALLS("tool_calls", "function_call", "tool_use", "tool_call"),
    /// The provider failed half-way.
    FAILED(
            "error",
            "failed",
            "abort",
            "aborted",
            "network_error",
            "insufficient_system_resource",
            "engine_overloaded"),
    /// Any other word.
    UNKNOWN;

    private final Set<String> words;

    FinishReason(String... words) {
        this.words = Set.of(words);
    }

    /// The meaning of a word; of no word there is none.
    static @Nullable FinishReason of(@Nullable String word) {
        if (word == null) {
            return null;
        }
        String lower = word.toLowerCase(Locale.ROOT);
        for (FinishReason reason : values()) {
            if (reason.words.contains(lower)) {
                return reason;
            }
        }
        return UNKNOWN;
    }
}
