package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The text in a message of the model's, or in a piece of one: `content` as a text (OpenAI) or as a
/// list of parts, of which those that are text count (Mistral).
final class MessageText {

    private static final Set<String> TEXT = Set.of("", "text", "output_text");

    private static final List<String> REASONING =
            List.of("reasoning_content", "reasoning", "thinking", "reasoning_details");

    private MessageText() {}

    /// @return null where the message has no text, not even an empty one
    static @Nullable String of(JsonNode message) {
        return content(message.path("content"));
    }

    private static @Nullable String content(JsonNode content) {
        if (content.isTextual()) {
            return content.textValue();
        }
        if (content.isObject()) {
            return part(content);
        }
        StringBuilder text = null;
        for (JsonNode part : content) {
            String more = content(part);
            if (more != null) {
                text = (text == null ? new StringBuilder() : text).append(more);
            }
        }
        return text == null ? null : text.toString();
    }

    private static @Nullable String part(JsonNode part) {
        if (!TEXT.contains(part.path("type").asText())) {
            return null;
        }
        JsonNode text = part.path("text");
        return content(text.isObject() && text.has("value") ? text.get("value") : text);
    }

    /// The words of a message in which the model declines; empty for none.
    static String refusal(JsonNode message) {
        if (message.path("refusal").isTextual()) {
            return message.path("refusal").textValue();
        }
        StringBuilder refusal = new StringBuilder();
        for (JsonNode part : message.path("content")) {
            if (part.path("type").asText().equals("refusal")) {
                refusal.append(part.path("refusal").asText());
            }
        }
        return refusal.toString();
    }

    /// Whether the message has something that is no text: tool calls, images, sound.
    static boolean hasOther(JsonNode message) {
        for (Map.Entry<String, JsonNode> field : message.properties()) {
            JsonNode value = field.getValue();
            if (!field.getKey().equals("role")
                    && !value.isNull()
                    && !(value.isTextual() && value.textValue().isEmpty())
                    && !(value.isContainerNode() && value.isEmpty())) {
                return true;
            }
        }
        return false;
    }

    /// Whether the message has something of the model's reasoning.
    static boolean hasReasoning(JsonNode message) {
        for (String name : REASONING) {
            JsonNode value = message.path(name);
            if (value.isTextual() ? !value.textValue().isEmpty() : !value.isEmpty()) {
                return true;
            }
        }
        for (JsonNode part : message.path("content")) {
            if (part.path("type").asText().matches("thinking|reasoning")) {
                return true;
            }
        }
        return false;
    }
}
