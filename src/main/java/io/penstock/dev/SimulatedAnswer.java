package io.penstock.dev;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the model says: the same tokens in every choice. Immutable.
///
/// @param tokens words, each with the space after it; joined they are the content
/// @param finishReason null when the model does not say that it finished
record SimulatedAnswer(
        Carrier form, List<String> tokens, @Nullable String finishReason, int choices) {
    /// Where the tokens stand in the message.
    enum Carrier {
        CONTENT,
        REFUSAL,
        TOOL_CALL,
        NOTHING
    }

    private static final List<String> SORRY = words("I'm sorry, but I can't help with that.");

    static SimulatedAnswer to(ReceivedPrompt prompt, Fault fault) {
        SimulatedAnswer answer = prompt.tool() == null ? spoken(prompt) : call(prompt);
        return switch (fault) {
            case EMPTY_CHOICES -> new SimulatedAnswer(Carrier.NOTHING, List.of(), null, 0);
            case NULL_CONTENT ->
                    new SimulatedAnswer(Carrier.NOTHING, List.of(), "stop", answer.choices);
            case REFUSAL -> new SimulatedAnswer(Carrier.REFUSAL, SORRY, "stop", answer.choices);
            case MISFIT ->
                    new SimulatedAnswer(
                            Carrier.CONTENT, words("{\"unfit\": true}"), "stop", answer.choices);
            case LENGTH -> answer.half("length");
            case CONTENT_FILTER -> answer.half("content_filter");
            case NO_FINISH_REASON ->
                    new SimulatedAnswer(answer.form, answer.tokens, null, answer.choices);
            default -> answer;
        };
    }

    int completionTokens() {
        return tokens.size() * choices;
    }

    String text() {
        return String.join("", tokens);
    }

    private static SimulatedAnswer spoken(ReceivedPrompt prompt) {
        List<String> words = words(prompt.answer());
        boolean cut = words.size() > prompt.maxTokens();
        return new SimulatedAnswer(
                Carrier.CONTENT,
                cut ? words.subList(0, prompt.maxTokens()) : words,
                cut ? "length" : "stop",
                prompt.choices());
    }

    private static SimulatedAnswer call(ReceivedPrompt prompt) {
        return new SimulatedAnswer(
                Carrier.TOOL_CALL, words(prompt.arguments()), "tool_calls", prompt.choices());
    }

    private SimulatedAnswer half(String reason) {
        List<String> first = tokens.subList(0, tokens.size() / 2);
        return new SimulatedAnswer(form, first, reason, choices);
    }

    private static List<String> words(String text) {
        var words = new ArrayList<String>();
        int start = 0;
        while (start < text.length()) {
            int space = text.indexOf(' ', start);
            int end = space < 0 ? text.length() : space + 1;
            words.add(text.substring(start, end));
            start = end;
        }
        return List.copyOf(words);
    }
}
