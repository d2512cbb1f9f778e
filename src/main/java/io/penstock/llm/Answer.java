package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Builds a completion from what the provider sent, and accepts nothing less than a whole one. Not
/// thread-safe.
final class Answer {

    /// OpenAI knows `stop` for a whole answer; the others are what compatible servers say for the
    /// same.
    private static final Set<String> ENDED =
            Set.of("stop", "eos", "eos_token", "end_turn", "stop_sequence");

    static final Set<String> CUT = Set.of("length", "max_tokens", "model_length");

    private static final Set<String> FILTERED = Set.of("content_filter", "safety");

    private final Exchange.Head head;
    private final Call call;
    private final Endpoint endpoint;
    private final StringBuilder text = new StringBuilder();
    private final StringBuilder refusal = new StringBuilder();
    private boolean hasContent;
    private @Nullable String id;
    private @Nullable String model;
    private @Nullable String finishReason;
    private @Nullable Usage usage;

    Answer(Exchange.Head head, Call call, Endpoint endpoint) {
        this.head = head;
        this.call = call;
        this.endpoint = endpoint;
    }

    /// Whether a finish reason has come; what is cut after it is not missed.
    boolean isFinished() {
        return finishReason != null;
    }

    /// Takes a `chat.completion` object.
    void whole(@Nullable JsonNode completion) {
        add(completion, "message");
        if (call.streams()) {
            // Only a whole answer is handed on: there is no taking back what has been.
            call.delta(completion().text());
        }
    }

    /// Takes a `chat.completion.chunk` object.
    void chunk(@Nullable JsonNode chunk) {
        String delta = add(chunk, "delta");
        if (!delta.isEmpty()) {
            call.delta(delta);
        }
    }

    /// @throws LlmException when the answer is not a whole one
    Completion completion() {
        if (!refusal.isEmpty()) {
            throw failed(FailureKind.CONTENT_FILTER, "The model declined to answer this prompt.");
        }
        if (finishReason == null) {
            throw new LlmException(ProviderFailure.cut(), call);
        }
        if (FILTERED.contains(finishReason)) {
            throw failed(
                    FailureKind.CONTENT_FILTER,
                    "The provider's content filter stopped the answer to this prompt.");
        }
        boolean cut = CUT.contains(finishReason);
        if (cut && call.prompt().maxTokens() == null) {
            throw failed(
                    FailureKind.LENGTH,
                    "The answer was cut at the provider's own length limit; ask for a shorter one, or"
                            + " set max_tokens to accept a cut answer.");
        }
        if (!cut && !ENDED.contains(finishReason)) {
            throw failed(
                    FailureKind.TRUNCATED,
                    "The provider stopped before the answer's end, for a reason that is none of the usual.");
        }
        if (!hasContent) {
            throw failed(FailureKind.TRUNCATED, "The provider's answer has no content; try again.");
        }
        return new Completion(
                text.toString(),
                id,
                model != null ? model : call.model(),
                finishReason,
                usage,
                head.headers().get("x-request-id"));
    }

    private String add(@Nullable JsonNode node, String contentField) {
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
                            counted.path("total_tokens").asInt());
        }
        // A stream's last chunk has the usage and no choices.
        JsonNode choice = node.path("choices").path(0);
        finishReason = text(choice, "finish_reason", finishReason);
        JsonNode message = choice.path(contentField);
        if (message.path("refusal").isTextual()) {
            refusal.append(message.path("refusal").textValue());
        }
        if (!message.path("content").isTextual()) {
            return "";
        }
        hasContent = true;
        String delta = message.path("content").textValue();
        text.append(delta);
        return delta;
    }

    private LlmException failed(FailureKind kind, String message) {
        return new LlmException(Failure.of(kind, message), call);
    }

    private static @Nullable String text(JsonNode node, String field, @Nullable String fallback) {
        JsonNode value = node.path(field);
        return value.isTextual() && !value.textValue().isBlank() ? value.textValue() : fallback;
    }
}
