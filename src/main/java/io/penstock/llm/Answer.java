package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Builds a completion from what the provider sent, and accepts nothing less than a whole one. Not
/// thread-safe.
abstract sealed class Answer permits TextAnswer, WholeAnswer {

    /// OpenAI knows `stop` for a whole answer; the others are what compatible servers say for the
    /// same.
    static final Set<String> ENDED =
            Set.of("stop", "eos", "eos_token", "end_turn", "stop_sequence");

    static final Set<String> CUT = Set.of("length", "max_tokens", "model_length");

    private final Exchange.Head head;
    private final Call call;
    private final Endpoint endpoint;
    private @Nullable String id;
    private @Nullable String model;
    private @Nullable Usage usage;

    Answer(Exchange.Head head, Call call, Endpoint endpoint) {
        this.head = head;
        this.call = call;
        this.endpoint = endpoint;
    }

    /// The kind of answer that the call's prompt asks for.
    static Answer to(Call call, Exchange.Head head, Endpoint endpoint) {
        return call.prompt().request() == null
                ? new TextAnswer(head, call, endpoint)
                : new WholeAnswer(head, call, endpoint);
    }

    /// Whether all that is needed has come; what is cut after it is not missed.
    abstract boolean isFinished();

    /// Takes a `chat.completion` object.
    ///
    /// @param json as it came
    abstract void whole(@Nullable JsonNode completion, byte[] json);

    /// Takes a `chat.completion.chunk` object.
    ///
    /// @param json as it came
    abstract void chunk(@Nullable JsonNode chunk, String json);

    /// Notes that the provider has said that the stream is whole.
    void done() {}

    /// @throws LlmException when the answer is not a whole one
    abstract Completion completion();

    Call call() {
        return call;
    }

    /// Reads what is common to both kinds of objects.
    JsonNode taken(@Nullable JsonNode node) {
        if (node == null || !node.isObject()) {
            throw failed(
                    FailureKind.TRUNCATED,
                    "The provider's answer is not the JSON it should be; try again, or check"
                            + " OPENAI_BASE_URL if it happens every time.");
        }
        if (node.hasNonNull("error")) {
            throw new LlmException(ProviderFailure.of(head, node, endpoint), call);
        }
        id = text(node, "id", id);
        model = text(node, "model", model);
        JsonNode counted = node.path("usage");
        if (counted.isObject()) {
            usage =
                    new Usage(
                            counted.path("prompt_tokens").asInt(),
                            counted.path("completion_tokens").asInt(),
                            counted.path("total_tokens").asInt(),
                            counted.path("prompt_tokens_details").path("cached_tokens").asInt(),
                            counted.path("completion_tokens_details")
                                    .path("reasoning_tokens")
                                    .asInt());
        }
        return node;
    }

    Completion completed(String text, String finishReason, @Nullable String body) {
        return new Completion(
                text,
                id,
                model != null ? model : call.model(),
                finishReason,
                usage,
                head.headers().get("x-request-id"),
                body);
    }

    LlmException failed(FailureKind kind, String message) {
        return new LlmException(Failure.of(kind, message), call);
    }

    LlmException cut() {
        return new LlmException(ProviderFailure.cut(), call);
    }

    LlmException empty() {
        return failed(FailureKind.TRUNCATED, "The provider's answer has no content; try again.");
    }

    static @Nullable String text(JsonNode node, String field, @Nullable String fallback) {
        JsonNode value = node.path(field);
        return value.isTextual() && !value.textValue().isBlank() ? value.textValue() : fallback;
    }
}
