package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The answer to a whole request of OpenAI's chat completions, passed on as it came: however many
/// choices, with text, tool calls, a refusal or none of them. What OpenAI answers with status 200
/// is a completion here; an answer in which a choice has not come to its end is still none.
///
/// Chunks of a stream are handed on from the first that says something: until then there can be a
/// second attempt.
final class WholeAnswer extends Answer {

    private final Map<Integer, Choice> choices = new TreeMap<>();
    private final List<String> held = new ArrayList<>();
    private final boolean usageWanted;
    private boolean speaking;
    private boolean done;
    private @Nullable String body;

    /// What is known of one choice.
    private static final class Choice {
        private @Nullable String finishReason;

        /// There was something, if only an empty text.
        private boolean said;

        private String text = "";
    }

    WholeAnswer(Exchange.Head head, Call call, Endpoint endpoint) {
        super(head, call, endpoint);
        this.usageWanted = call.prompt().wantsUsage();
    }

    @Override
    boolean isFinished() {
        return choices.size() >= call().prompt().choices()
                && choices.values().stream().allMatch(choice -> choice.finishReason != null);
    }

    @Override
    void whole(@Nullable JsonNode completion, byte[] json) {
        JsonNode taken = taken(completion);
        for (JsonNode choice : taken.path("choices")) {
            add(choice, choice.path("message"));
        }
        done = true;
        if (call().streams()) {
            // A server that does not stream; only a whole answer is handed on.
            requireWhole();
            asChunks((ObjectNode) taken).forEach(call()::delta);
        } else {
            body = new String(json, StandardCharsets.UTF_8);
        }
    }

    @Override
    void chunk(@Nullable JsonNode chunk, String json) {
        JsonNode taken = taken(chunk);
        boolean speaks = false;
        for (JsonNode choice : taken.path("choices")) {
            speaks |= add(choice, choice.path("delta"));
        }
        String passed = passed((ObjectNode) taken, json);
        if (passed == null) {
            return;
        }
        if (speaks) {
            speak();
        }
        if (speaking) {
            call().delta(passed);
        } else {
            held.add(passed);
        }
    }

    @Override
    void done() {
        done = true;
    }

    @Override
    Completion completion() {
        requireWhole();
        speak();
        Choice first = choices.values().iterator().next();
        return completed(first.text, String.valueOf(first.finishReason), body);
    }

    private void speak() {
        if (!speaking) {
            speaking = true;
            held.forEach(call()::delta);
            held.clear();
        }
    }

    /// @return whether the choice says something in this message
    private boolean add(JsonNode choice, JsonNode message) {
        Choice known = choices.computeIfAbsent(choice.path("index").asInt(), _ -> new Choice());
        known.finishReason = text(choice, "finish_reason", known.finishReason);
        boolean speaks = false;
        for (Map.Entry<String, JsonNode> field : message.properties()) {
            JsonNode value = field.getValue();
            if (!field.getKey().equals("role") && !value.isNull()) {
                boolean empty = value.isContainerNode() && value.isEmpty();
                known.said |= !empty;
                speaks |= !empty && !(value.isTextual() && value.textValue().isEmpty());
            }
        }
        if (!call().streams() && message.path("content").isTextual()) {
            known.text = message.path("content").textValue();
        }
        return speaks;
    }

    /// @throws LlmException when something is missing
    private void requireWhole() {
        // A stream may end without saying so once each choice has come to its end.
        if (choices.isEmpty()
                || choices.values().stream().anyMatch(choice -> choice.finishReason == null)
                || (!done && !isFinished())) {
            throw cut();
        }
        for (Choice choice : choices.values()) {
            if (!choice.said && ENDED.contains(String.valueOf(choice.finishReason))) {
                throw empty();
            }
        }
    }

    /// A chunk without the usage that only Penstock has asked for.
    ///
    /// @return null when there is nothing else in it
    private @Nullable String passed(ObjectNode chunk, String json) {
        if (!usageWanted && chunk.has("usage")) {
            if (chunk.path("usage").isObject() && chunk.path("choices").isEmpty()) {
                return null;
            }
            chunk.remove("usage");
            return chunk.toString();
        }
        return onOneLine(json);
    }

    /// Outside of its strings JSON takes a line end for a space; inside there is none.
    private static String onOneLine(String json) {
        return json.replace('\n', ' ').replace('\r', ' ');
    }

    private List<String> asChunks(ObjectNode completion) {
        ObjectNode chunk = completion.deepCopy().put("object", "chat.completion.chunk");
        JsonNode usage = chunk.remove("usage");
        for (JsonNode choice : chunk.path("choices")) {
            JsonNode message = ((ObjectNode) choice).remove("message");
            ((ObjectNode) choice).set("delta", message);
            int index = 0;
            for (JsonNode call : message.path("tool_calls")) {
                ((ObjectNode) call).put("index", index++);
            }
        }
        List<String> chunks = new ArrayList<>(List.of(chunk.toString()));
        if (usageWanted && usage != null) {
            chunk.putArray("choices");
            chunks.add(chunk.set("usage", usage).toString());
        }
        return chunks;
    }
}
