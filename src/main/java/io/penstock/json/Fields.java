package io.penstock.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The fields of a JSON object that a caller sent, each taken by name and checked; what nobody has
/// taken at the end is refused. Not thread-safe.
///
/// Null counts as absent. Nothing is converted: a number in quotes is not a number.
public final class Fields {

    public static final ObjectMapper JSON =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .streamReadConstraints(
                                            // Bodies are bounded before they are parsed.
                                            StreamReadConstraints.builder()
                                                    .maxStringLength(Integer.MAX_VALUE)
                                                    .build())
                                    .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    // Numbers are passed on to the last digit.
                    .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                    .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
                    .build();

    private final ObjectNode object;

    private Fields(ObjectNode object) {
        this.object = object;
    }

    /// @throws InvalidRequest when the bytes are not one JSON object in UTF-8, with the position,
    ///   or when a text in it, however deep, is none that can be passed on unchanged, with its name
    public static Fields of(byte[] json) {
        requireUtf8(json);
        try {
            return of(text(JSON.readTree(json)));
        } catch (JsonProcessingException malformed) {
            throw malformed(malformed);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    /// @throws InvalidRequest as [#of(byte\[\])]
    public static Fields of(String json) {
        try {
            return of(text(JSON.readTree(json)));
        } catch (JsonProcessingException malformed) {
            throw malformed(malformed);
        }
    }

    /// @throws InvalidRequest when it is no object
    public static Fields of(@Nullable JsonNode node) {
        if (node instanceof ObjectNode object) {
            return new Fields(object);
        }
        if (node == null || node.isMissingNode()) {
            throw InvalidRequest.of(null, "invalid_json", "The body is empty; send a JSON object.");
        }
        throw InvalidRequest.of(
                null, "invalid_json", "The body is " + named(node) + "; send a JSON object.");
    }

    private static void requireUtf8(byte[] json) {
        int at = Unicode.firstThatIsNotUtf8(json);
        // JSON in UTF-16 or UTF-32 has a zero here; Jackson would read it, but the lines of JSON
        // Lines would be cut in the middle of characters.
        for (int i = 0; at < 0 && i < Math.min(4, json.length); i++) {
            at = json[i] == 0 ? i : -1;
        }
        if (at < 0) {
            return;
        }
        int line = 1;
        int start = 0;
        for (int i = 0; i < at; i++) {
            if (json[i] == '\n') {
                line++;
                start = i + 1;
            }
        }
        throw InvalidRequest.of(
                null,
                "invalid_json",
                "The body is not valid UTF-8: see line "
                        + line
                        + ", byte "
                        + (at - start + 1)
                        + ".");
    }

    /// The tree as it is, when all its texts are text.
    private static @Nullable JsonNode text(@Nullable JsonNode tree) {
        if (tree != null) {
            requireText(tree, "");
        }
        return tree;
    }

    /// As deep as Jackson lets JSON nest.
    private static void requireText(JsonNode node, String path) {
        if (node.isTextual()) {
            int at = Unicode.firstLoneSurrogate(node.textValue());
            if (at >= 0) {
                throw loneSurrogate(path, "has half of a surrogate pair at character " + (at + 1));
            }
        } else if (node.isArray()) {
            for (int i = 0; i < node.size(); i++) {
                JsonNode child = node.get(i);
                if (child.isTextual() || child.isContainerNode()) {
                    requireText(child, path + "[" + i + "]");
                }
            }
        } else if (node.isObject()) {
            for (Map.Entry<String, JsonNode> field : node.properties()) {
                if (Unicode.firstLoneSurrogate(field.getKey()) >= 0) {
                    throw loneSurrogate(
                            path, "has a field whose name has half of a surrogate pair");
                }
                if (field.getValue().isTextual() || field.getValue().isContainerNode()) {
                    String name = bounded(field.getKey());
                    requireText(field.getValue(), path.isEmpty() ? name : path + "." + name);
                }
            }
        }
    }

    private static InvalidRequest loneSurrogate(String path, String what) {
        return InvalidRequest.of(
                path.isEmpty() ? null : path,
                "invalid_json",
                (path.isEmpty() ? "The body " : "\"" + path + "\" ")
                        + what
                        + ", which is no character; send both halves or neither.");
    }

    /// Refuses the request if it has any other field, so that a misspelt option is never passed
    /// over in silence. Comes before the fields are taken: a misspelt name says more than a missing
    /// one.
    public Fields only(Set<String> names) {
        object.fieldNames()
                .forEachRemaining(name -> {
                    if (!names.contains(name)) {
                        throw InvalidRequest.of(
                                bounded(name),
                                "unknown_field",
                                "\"" + bounded(name) + "\" is not a field of this request.");
                    }
                });
        return this;
    }

    public boolean has(String name) {
        return object.hasNonNull(name);
    }

    /// A text that is there and not blank.
    public String requiredText(String name) {
        String text = text(name);
        if (text == null) {
            throw InvalidRequest.of(name, "missing_field", "\"" + name + "\" is missing.");
        }
        if (text.isBlank()) {
            throw InvalidRequest.of(name, "blank_field", "\"" + name + "\" is blank.");
        }
        return text;
    }

    public @Nullable String text(String name) {
        JsonNode node = take(name);
        if (node != null && !node.isTextual()) {
            throw mistyped(name, node, "a string");
        }
        return node == null ? null : node.textValue();
    }

    public @Nullable Double number(String name, double min, double max) {
        JsonNode node = take(name);
        if (node == null) {
            return null;
        }
        if (!node.isNumber()) {
            throw mistyped(name, node, "a number");
        }
        double value = node.doubleValue();
        if (!(value >= min && value <= max)) {
            throw InvalidRequest.of(
                    name,
                    "out_of_range",
                    "\"" + name + "\" must be from " + plain(min) + " to " + plain(max) + ".");
        }
        return value;
    }

    public @Nullable Long integer(String name, long min, long max) {
        JsonNode node = take(name);
        if (node == null) {
            return null;
        }
        if (!node.isIntegralNumber()) {
            throw mistyped(name, node, "a whole number");
        }
        if (!node.canConvertToLong() || node.longValue() < min || node.longValue() > max) {
            throw InvalidRequest.of(
                    name,
                    "out_of_range",
                    "\"" + name + "\" must be from " + min + " to " + max + ".");
        }
        return node.longValue();
    }

    public @Nullable Boolean flag(String name) {
        JsonNode node = take(name);
        if (node != null && !node.isBoolean()) {
            throw mistyped(name, node, "true or false");
        }
        return node == null ? null : node.booleanValue();
    }

    public @Nullable JsonNode object(String name) {
        JsonNode node = take(name);
        if (node != null && !node.isObject()) {
            throw mistyped(name, node, "an object");
        }
        return node;
    }

    /// The array of that name.
    public @Nullable ArrayNode array(String name) {
        JsonNode node = take(name);
        if (node != null && !node.isArray()) {
            throw mistyped(name, node, "an array");
        }
        return (ArrayNode) node;
    }

    /// The object itself.
    public ObjectNode json() {
        return object;
    }

    private @Nullable JsonNode take(String name) {
        JsonNode node = object.get(name);
        return node == null || node.isNull() ? null : node;
    }

    private static InvalidRequest malformed(JsonProcessingException malformed) {
        JsonLocation at = malformed.getLocation();
        return InvalidRequest.of(
                null,
                "invalid_json",
                at == null
                        ? "The body is not valid JSON."
                        : "The body is not valid JSON: see line "
                                + at.getLineNr()
                                + ", column "
                                + at.getColumnNr()
                                + ".");
    }

    private static InvalidRequest mistyped(String name, JsonNode node, String wanted) {
        return InvalidRequest.of(
                name,
                "wrong_type",
                "\"" + name + "\" is " + named(node) + "; it must be " + wanted + ".");
    }

    /// What a JSON value is, in words.
    public static String named(JsonNode node) {
        JsonNodeType type = node.getNodeType();
        return switch (type) {
            case STRING -> "a string";
            case NUMBER -> "a number";
            case BOOLEAN -> "a boolean";
            case ARRAY -> "an array";
            case OBJECT -> "an object";
            default -> "null";
        };
    }

    private static String bounded(String name) {
        return name.length() > 64 ? name.substring(0, 64) + "…" : name;
    }

    private static String plain(double bound) {
        return bound == Math.rint(bound) ? Long.toString((long) bound) : Double.toString(bound);
    }
}
