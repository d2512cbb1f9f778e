package io.penstock.dev;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/// Makes a value that fits a JSON schema, always the same one of the same prompt. Texts are the
/// answer that the prompt would have without a schema; where a schema names its values, one of them
/// is chosen: the one that is the answer, else by the prompt.
final class SchemaAnswer {

    private static final int NESTING_MAX = 20;

    private final String text;

    private SchemaAnswer(String text) {
        this.text = text;
    }

    /// The answer as JSON.
    ///
    /// @param schema that `response_format` names; anything else than a schema fits everything
    /// @param text the answer without a schema, which is another for each prompt
    static String of(JsonNode schema, String text) {
        JsonNode value = new SchemaAnswer(text).value(schema, 0);
        // Spaces, so that a stream has more than one piece of it.
        return WireJson.write(value).replace("\":", "\": ").replace("\",\"", "\", \"");
    }

    private JsonNode value(JsonNode schema, int depth) {
        JsonNode names = schema.path("enum");
        if (names.isArray() && !names.isEmpty()) {
            return choice(names, depth);
        }
        if (schema.has("const")) {
            return schema.get("const");
        }
        JsonNode type = schema.path("type");
        String wanted = type.isArray() ? type.path(0).asText() : type.asText();
        var make = WireJson.MAPPER.getNodeFactory();
        return switch (wanted) {
            case "integer" -> make.numberNode(from(schema, 1 + at(depth) % 9));
            case "number" -> make.numberNode(from(schema, at(depth) % 101) / 100.0);
            case "boolean" -> make.booleanNode(at(depth) % 2 == 0);
            case "array" -> array(schema, depth);
            case "string" -> make.textNode(text);
            case "null" -> make.nullNode();
            default -> object(schema, depth);
        };
    }

    private static long from(JsonNode schema, long value) {
        return Math.max(value, schema.path("minimum").asLong(0));
    }

    private JsonNode choice(JsonNode names, int depth) {
        for (JsonNode name : names) {
            if (name.asText().equalsIgnoreCase(text)) {
                return name;
            }
        }
        return names.get((int) (at(depth) % names.size()));
    }

    private ArrayNode array(JsonNode schema, int depth) {
        ArrayNode array = WireJson.MAPPER.createArrayNode();
        long count = Math.max(1 + at(depth) % 2, schema.path("minItems").asLong(0));
        for (long i = 0; i < count && depth < NESTING_MAX; i++) {
            array.add(value(schema.path("items"), depth + 1 + (int) i));
        }
        return array;
    }

    private ObjectNode object(JsonNode schema, int depth) {
        ObjectNode object = WireJson.MAPPER.createObjectNode();
        int place = depth;
        for (Map.Entry<String, JsonNode> one : schema.path("properties").properties()) {
            if (depth < NESTING_MAX) {
                object.set(one.getKey(), value(one.getValue(), ++place));
            }
        }
        return object;
    }

    /// A number of this place in the answer.
    private long at(int depth) {
        return Math.floorMod(text.hashCode() * 31L + depth * 17L, 10_007L);
    }
}
