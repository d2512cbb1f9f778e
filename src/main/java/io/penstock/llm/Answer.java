package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/// Builds a completion from the JSON that the provider sent, and accepts nothing less than a whole
/// one. Not thread-safe.
abstract sealed class Answer permits TextAnswer, WholeAnswer {

    private final Exchange.Head head;
    private final Call call;
    private @Nullable String id;
    private @Nullable String model;
    private @Nullable Usage usage;

    Answer(Exchange.Head head, Call call) {
        this.head = head;
        this.call = call;
    }

    /// The kind of answer that the call's prompt asks for.
    static Answer to(Call call, Exchange.Head head, Endpoint endpoint) {
        return call.prompt().request() == null
                ? new TextAnswer(head, call, endpoint)
                : new WholeAnswer(head, call, endpoint);
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

    Call call() {
        return call;
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
        }
    }

    Completion completed(String text, String finishReason, @Nullable String body) {
        return new Completion(
                text,
                id,
                model != null ? model : call.model(),
                finishReason,
                usage,
                head.requestId(),
                body);
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
