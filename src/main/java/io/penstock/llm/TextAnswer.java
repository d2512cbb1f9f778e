package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/// The answer to a prompt of ours, which is one text: an answer that is something else, or was cut
/// where the caller had not asked for it, is a failure.
final class TextAnswer extends Answer {

    private final StringBuilder text = new StringBuilder();
    private final StringBuilder refusal = new StringBuilder();
    private final SurrogatePairs pairs = new SurrogatePairs();
    private boolean hasContent;
    private boolean hasReasoning;
    private boolean hasOther;
    private boolean isSure;
    private @Nullable String finishReason;
    private @Nullable Failure choiceFailure;
    private final Prompt.Text prompt;
    private final Endpoint endpoint;

    TextAnswer(Exchange.Head head, Attempt attempt, Prompt.Text prompt, Endpoint endpoint) {
        super(head, attempt);
        this.prompt = prompt;
        this.endpoint = endpoint;
    }

    @Override
    boolean isSureToBeWhole() {
        return isSure;
    }

    @Override
    @Nullable Failure whole(ProviderJson.Value completion) {
        if (!completion.node().path("choices").isArray()) {
            return ProviderFailure.noChoices(endpoint);
        }
        add(completion.node(), "message");
        text.append(pairs.last());
        if (attempt().streams() && end(true) instanceof Completion whole) {
            // Only a whole answer is handed on: there is no taking back what has been.
            attempt().delta(whole.text());
        }
        return null;
    }

    @Override
    @Nullable Failure chunk(ProviderJson.Value chunk) {
        String delta = add(chunk.node(), "delta");
        if (!delta.isEmpty()) {
            attempt().delta(delta);
        }
        return null;
    }

    @Override
    Outcome end(boolean isDone) {
        String last = pairs.last();
        if (!last.isEmpty()) {
            text.append(last);
            attempt().delta(last);
        }
        if (!refusal.isEmpty()) {
            return failed(FailureKind.CONTENT_FILTER, "The model declined to answer this prompt.");
        }
        FinishReason reason = FinishReason.of(finishReason);
        return switch (reason) {
            case null -> ProviderFailure.cut();
            case FILTERED ->
                    failed(
                            FailureKind.CONTENT_FILTER,
                            "The provider's content filter stopped the answer to this prompt.");
            case FAILED -> choiceFailure != null ? choiceFailure : gaveUp();
            case CALLS ->
                    failed(
                            FailureKind.UNEXPECTED_ANSWER,
                            "The model asks for a tool to be called, which it was not offered.");
            case UNKNOWN ->
                    failed(
                            FailureKind.UNEXPECTED_ANSWER,
                            "The provider stopped for a reason that is none of the usual: \""
                                    + ProviderFailure.printable(String.valueOf(finishReason))
                                    + "\".");
            case CUT -> cut();
            case ENDED -> ended();
        };
    }

    private Outcome cut() {
        if (text.isEmpty() && (hasReasoning || !hasContent)) {
            return failed(
                    FailureKind.LENGTH,
                    "The model used up its tokens before its answer began, on reasoning; allow it more"
                            + " (max_tokens), or less reasoning.");
        }
        if (prompt.maxTokens() == null) {
            return failed(
                    FailureKind.LENGTH,
                    "The answer was cut at the provider's own length limit; ask for a shorter one, or"
                            + " set max_tokens to accept a cut answer.");
        }
        return completed(text.toString(), String.valueOf(finishReason), null);
    }

    private Outcome ended() {
        if (hasContent) {
            return completed(text.toString(), String.valueOf(finishReason), null);
        }
        return hasReasoning || hasOther
                ? failed(
                        FailureKind.UNEXPECTED_ANSWER,
                        "The model's answer has no text, but "
                                + (hasReasoning ? "reasoning" : "something else")
                                + " alone.")
                : empty();
    }

    private String add(JsonNode node, String contentField) {
        take(node);
        // A stream's last chunk has the usage and no choices.
        JsonNode choice = node.path("choices").path(0);
        String reason = text(choice, "finish_reason", null);
        if (reason != null) {
            finishReason = reason;
        }
        if (ProviderError.isIn(choice)) {
            choiceFailure = ProviderFailure.inside(head(), ProviderError.in(choice), endpoint);
        }
        JsonNode message = choice.path(contentField);
        refusal.append(MessageText.refusal(message));
        hasOther |= MessageText.hasOther(message);
        hasReasoning |= MessageText.hasReasoning(message);
        String content = MessageText.of(message);
        boolean isEmpty = content == null || content.isEmpty();
        isSure =
                isEmpty
                        && !text.isEmpty()
                        && (reason != null || (isSure && choice.isMissingNode()));
        if (content == null) {
            return "";
        }
        hasContent = true;
        String delta = pairs.next(content);
        text.append(delta);
        return delta;
    }
}
