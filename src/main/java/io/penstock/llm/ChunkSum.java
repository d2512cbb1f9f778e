package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// A stream's chunks put together to the whole answer that they are pieces of, and the other way
/// round (OpenAI API reference, "The chat completion object" and "The chat completion chunk
/// object"), for servers that answer in the form that was not asked for. Not thread-safe.
final class ChunkSum {

    private static final String DELTA = "delta";
    private static final String MESSAGE = "message";
    private static final String INDEX = "index";

    private final ObjectNode whole = ProviderJson.JSON.createObjectNode();
    private final Map<Integer, ObjectNode> choices = new TreeMap<>();

    void add(JsonNode chunk) {
        chunk.properties()
                .forEach(field -> {
                    if (!field.getKey().equals("choices") && !field.getValue().isNull()) {
                        whole.set(field.getKey(), field.getValue());
                    }
                });
        for (JsonNode choice : chunk.path("choices")) {
            ObjectNode known =
                    choices.computeIfAbsent(
                            choice.path(INDEX).asInt(),
                            index -> ProviderJson.JSON.createObjectNode().put(INDEX, index));
            for (Map.Entry<String, JsonNode> field : choice.properties()) {
                if (field.getKey().equals(DELTA)) {
                    merge(known.withObjectProperty(MESSAGE), field.getValue());
                } else if (!field.getKey().equals(INDEX) && !field.getValue().isNull()) {
                    known.set(field.getKey(), field.getValue());
                }
            }
        }
    }

    ObjectNode completion() {
        whole.put("object", "chat.completion");
        ArrayNode all = whole.putArray("choices");
        choices.values().forEach(all::add);
        return whole;
    }

    /// Texts are continued, objects and lists (by their elements' index) too, all else is replaced.
    private static void merge(ObjectNode known, JsonNode delta) {
        for (Map.Entry<String, JsonNode> field : delta.properties()) {
            String name = field.getKey();
            JsonNode more = field.getValue();
            JsonNode before = known.path(name);
            if (more.isNull()) {
                if (before.isMissingNode()) {
                    known.set(name, more);
                }
            } else if (more.isTextual() && before.isTextual() && isContinued(name)) {
                known.put(name, before.textValue() + more.textValue());
            } else if (more.isObject() && before instanceof ObjectNode object) {
                merge(object, more);
            } else if (more.isArray() && before.isTextual()) {
                // Content that goes on in parts, or below, that goes on as a text.
                more.forEach(known.putArray(name).add(part(before))::add);
            } else if (before instanceof ArrayNode array) {
                if (more.isArray()) {
                    more.forEach(element -> merge(array, element));
                } else {
                    array.add(part(more));
                }
            } else {
                known.set(name, more.deepCopy());
            }
        }
    }

    private static void merge(ArrayNode known, JsonNode element) {
        JsonNode index = element.path(INDEX);
        for (JsonNode before : known) {
            if (index.isInt()
                    && before instanceof ObjectNode object
                    && index.equals(before.path(INDEX))) {
                merge(object, element);
                return;
            }
        }
        known.add(element.deepCopy());
    }

    private static ObjectNode part(JsonNode text) {
        ObjectNode part = ProviderJson.JSON.createObjectNode().put("type", "text");
        part.set("text", text);
        return part;
    }

    private static boolean isContinued(String name) {
        return !name.equals("role") && !name.equals("id") && !name.equals("type");
    }

    /// The chunks that a whole answer could have come in, each as JSON on one line.
    static List<String> chunks(JsonNode completion, boolean withUsage) {
        ObjectNode chunk = completion.deepCopy();
        chunk.put("object", "chat.completion.chunk");
        JsonNode usage = chunk.remove("usage");
        for (JsonNode one : chunk.path("choices")) {
            if (one instanceof ObjectNode choice) {
                JsonNode message = choice.path(MESSAGE);
                int index = 0;
                for (JsonNode call : message.path("tool_calls")) {
                    if (call instanceof ObjectNode object) {
                        object.put(INDEX, index++);
                    }
                }
                choice.remove(MESSAGE);
                choice.set(DELTA, message.isObject() ? message : choice.objectNode());
            }
        }
        List<String> chunks = new ArrayList<>(List.of(ProviderJson.written(chunk)));
        if (withUsage && usage != null) {
            chunk.putArray("choices");
            chunk.set("usage", usage);
            chunks.add(ProviderJson.written(chunk));
        }
        return chunks;
    }
}
