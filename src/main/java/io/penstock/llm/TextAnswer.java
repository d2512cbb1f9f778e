package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The answer to a prompt of ours, which is one text: an answer that is something else, or was cut
/// where the caller had not asked for it, is a failure.
final class TextAnswer extends Answer {

    private static final Set<String> FILTERED = Set.of("content_filter", "safety");

    private final StringBuilder text = new StringBuilder();
    private final StringBuilder refusal = new StringBuilder();
    private boolean hasContent;
    private @Nullable String finishReason;

    TextAnswer(Exchange.Head head, Call call, Endpoint endpoint) {
        super(head, call, endpoint);
    }

    @Override
    boolean isFinished() {
        return finishReason != null;
    }

    @Override
    void whole(@Nullable JsonNode completion, byte[] json) {
        add(completion, "message");
        if (call().streams()) {
            // Only a whole answer is handed on: there is no taking back what has been.
            call().delta(completion().text());
        }
    }

    @Override
    void chunk(@Nullable JsonNode chunk, String json) {
        String delta = add(chunk, "delta");
        if (!delta.isEmpty()) {
            call().delta(delta);
        }
    }

    @Override
    Completion completion() {
        if (!refusal.isEmpty()) {
            throw failed(FailureKind.CONTENT_FILTER, "The model declined to answer this prompt.");
        }
        if (finishReason == null) {
            throw cut();
        }
        if (FILTERED.contains(finishReason)) {
            throw failed(
                    FailureKind.CONTENT_FILTER,
                    "The provider's content filter stopped the answer to this prompt.");
        }
        boolean cut = CUT.contains(finishReason);
        if (cut && call().prompt().maxTokens() == null) {
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
            throw empty();
        }
        return completed(text.toString(), finishReason, null);
    }

    private String add(@Nullable JsonNode node, String contentField) {
        // A stream's last chunk has the usage and no choices.
        JsonNode choice = taken(node).path("choices").path(0);
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
}
