package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/// Builds a completion from the JSON that the provider sent, and accepts nothing less than a whole
/// one. Not thread-safe.
abstract sealed class Answer permits TextAnswer, WholeAnswer {

    private final Exchange.Head head;
    private final Attempt attempt;
    private @Nullable String id;
    private @Nullable String model;
    private @Nullable Usage usage;

    Answer(Exchange.Head head, Attempt attempt) {
        this.head = head;
        this.attempt = attempt;
    }

    /// The kind of answer that the prompt asks for.
    static Answer to(Attempt attempt, Exchange.Head head, Endpoint endpoint) {
        return switch (attempt.prompt()) {
            case Prompt.Text text -> new TextAnswer(head, attempt, text, endpoint);
            case Prompt.PassedOn whole -> new WholeAnswer(head, attempt, whole, endpoint);
        };
    }

    /// Takes a `chat.completion` object.
    ///
    /// @return why it is none; null to go on
    abstract @Nullable Failure whole(ProviderJson.Value completion);

    /// Takes a `chat.completion.chunk` object.
    ///
    /// @return why it is none; null to go on
    abstract @Nullable Failure chunk(ProviderJson.Value chunk);

    /// Whether nothing can be missing although the stream broke off: an end was told, by a chunk
    /// that has no text of its own, and nothing but usage came after it.
    abstract boolean isSureToBeWhole();

    /// @param isDone whether the provider has said that nothing more comes
    abstract Outcome end(boolean isDone);

    Attempt attempt() {
        return attempt;
    }

    Exchange.Head head() {
        return head;
    }

    /// Reads what whole answers and chunks have in common.
    void take(JsonNode object) {
        id = text(object, "id", id);
        model = text(object, "model", model);
        JsonNode counted = object.path("usage");
        if (counted.isObject()) {
            usage =
                    new Usage(
                            ProviderJson.count(counted.path("prompt_tokens")),
                            ProviderJson.count(counted.path("completion_tokens")),
                            ProviderJson.count(counted.path("total_tokens")),
                            ProviderJson.count(
                                    counted.path("prompt_tokens_details").path("cached_tokens")),
                            ProviderJson.count(
                                    counted.path("completion_tokens_details")
                                            .path("reasoning_tokens")));
            attempt.used(new UsedInVain(served(), usage));
        }
    }

    private String served() {
        return model != null ? model : String.valueOf(attempt.prompt().model());
    }

    Completion completed(String text, String finishReason, @Nullable String body) {
        return new Completion(text, id, served(), finishReason, usage, head.requestId(), body);
    }

    Failure failed(FailureKind kind, String message) {
        return new Failure(kind, message, null, null, 0, null, head.requestId());
    }

    Failure empty() {
        return failed(FailureKind.TRUNCATED, "The provider's answer has no content; try again.");
    }

    Failure gaveUp() {
        return failed(
                FailureKind.SERVER,
                "The provider failed in the middle of its answer and says so at its end; try again.");
    }

    static @Nullable String text(JsonNode node, String field, @Nullable String fallback) {
        JsonNode value = node.path(field);
        return value.isTextual() && !value.textValue().isBlank()
                ? SurrogatePairs.whole(value.textValue())
                : fallback;
    }
}
