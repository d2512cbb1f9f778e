package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The answer to a whole request of OpenAI's chat completions, passed on as it came: however many
/// choices, with text, tool calls, a refusal or none of them. What OpenAI answers with status 200
/// is a completion here, but for an answer in which a choice has not come to its end, or which says
/// itself that the provider failed.
///
/// Chunks of a stream are handed on from the first that says something: until then there can be a
/// second attempt.
final class WholeAnswer extends Answer {

    private final Map<Integer, Choice> choices = new TreeMap<>();
    private final List<String> held = new ArrayList<>();
    private final Endpoint endpoint;
    private final int choicesWanted;
    private final boolean usageWanted;
    private boolean speaking;
    private boolean isSure;
    private @Nullable String body;
    private @Nullable ChunkSum sum;
    private @Nullable Failure failure;

    /// What is known of one choice.
    private static final class Choice {
        private @Nullable String finishReason;

        /// There was something, if only an empty text.
        private boolean said;

        private String text = "";
    }

    WholeAnswer(Exchange.Head head, Attempt attempt, Prompt.PassedOn prompt, Endpoint endpoint) {
        super(head, attempt);
        this.choicesWanted = prompt.choices();
        this.endpoint = endpoint;
        this.usageWanted = prompt.wantsUsage();
    }

    @Override
    boolean isSureToBeWhole() {
        return isSure && haveAllEnded();
    }

    @Override
    @Nullable Failure whole(ProviderJson.Value completion) {
        JsonNode node = completion.node();
        if (!node.path("choices").isArray()) {
            return ProviderFailure.noChoices(endpoint);
        }
        take(node);
        for (JsonNode choice : node.path("choices")) {
            add(choice, choice.path("message"));
        }
        if (attempt().streams()) {
            // A server that does not stream; only a whole answer is handed on.
            Failure refused = refused(true);
            if (refused == null) {
                ChunkSum.chunks(node, usageWanted).forEach(attempt()::delta);
            }
            return refused;
        }
        body = completion.text();
        return null;
    }

    @Override
    @Nullable Failure chunk(ProviderJson.Value chunk) {
        JsonNode node = chunk.node();
        take(node);
        boolean speaks = false;
        boolean ends = false;
        for (JsonNode choice : node.path("choices")) {
            speaks |= add(choice, choice.path("delta"));
            ends |= choice.hasNonNull("finish_reason");
        }
        isSure = !speaks && (ends || (isSure && node.path("choices").isEmpty()));
        if (!attempt().streams()) {
            // Events that nobody asked for.
            sum = sum == null ? new ChunkSum() : sum;
            sum.add(node);
            return null;
        }
        String passed = passed(node, chunk.text());
        if (passed == null) {
            return null;
        }
        if (speaks) {
            speak();
        }
        if (speaking) {
            attempt().delta(passed);
        } else {
            held.add(passed);
        }
        return null;
    }

    @Override
    Outcome end(boolean isDone) {
        Failure refused = refused(isDone);
        if (refused != null) {
            return refused;
        }
        speak();
        if (sum != null) {
            JsonNode completion = sum.completion();
            body = ProviderJson.written(completion);
            for (JsonNode choice : completion.path("choices")) {
                Choice known = choices.get(index(choice));
                if (known != null) {
                    known.text = textOf(choice.path("message"));
                }
            }
        }
        Choice first = choices.values().iterator().next();
        return completed(first.text, String.valueOf(first.finishReason), body);
    }

    private void speak() {
        if (!speaking) {
            speaking = true;
            held.forEach(attempt()::delta);
            held.clear();
        }
    }

    /// @return whether the choice says something in this message
    private boolean add(JsonNode choice, JsonNode message) {
        Choice known = choices.computeIfAbsent(index(choice), _ -> new Choice());
        known.finishReason = text(choice, "finish_reason", known.finishReason);
        if (ProviderError.isIn(choice)) {
            failure = ProviderFailure.inside(head(), ProviderError.in(choice), endpoint);
        }
        boolean speaks = false;
        for (Map.Entry<String, JsonNode> field : message.properties()) {
            JsonNode value = field.getValue();
            if (!field.getKey().equals("role") && !value.isNull()) {
                boolean empty = value.isContainerNode() && value.isEmpty();
                known.said |= !empty;
                speaks |= !empty && !(value.isTextual() && value.textValue().isEmpty());
            }
        }
        if (!attempt().streams()) {
            known.text = textOf(message);
        }
        return speaks;
    }

    private static int index(JsonNode choice) {
        return choice.path("index").asInt();
    }

    private static String textOf(JsonNode message) {
        String text = MessageText.of(message);
        return text == null ? "" : SurrogatePairs.whole(text);
    }

    private boolean haveAllEnded() {
        return choices.size() >= choicesWanted
                && choices.values().stream().allMatch(choice -> choice.finishReason != null);
    }

    /// Why the answer is not a whole one; null when it is.
    private @Nullable Failure refused(boolean isDone) {
        // A stream may end without saying so once each choice has come to its end.
        if (choices.isEmpty()
                || choices.values().stream().anyMatch(choice -> choice.finishReason == null)
                || (!isDone && !haveAllEnded())) {
            return ProviderFailure.cut();
        }
        for (Choice choice : choices.values()) {
            switch (FinishReason.of(choice.finishReason)) {
                case FAILED -> {
                    return failure != null ? failure : gaveUp();
                }
                case ENDED -> {
                    if (!choice.said) {
                        return empty();
                    }
                }
                case null, default -> {
                    // The caller's to judge.
                }
            }
        }
        return null;
    }

    /// A chunk on one line, without the usage that only Penstock has asked for.
    ///
    /// @return null when there is nothing else in it
    private @Nullable String passed(JsonNode chunk, String json) {
        if (usageWanted || !chunk.has("usage")) {
            return onOneLine(json);
        }
        return chunk.path("usage").isObject() && chunk.path("choices").isEmpty()
                ? null
                : onOneLine(ProviderJson.without("usage", json));
    }

    /// Outside of its strings JSON takes a line end for a space; inside there is none.
    private static String onOneLine(String json) {
        return json.replace('\n', ' ').replace('\r', ' ');
    }
}
