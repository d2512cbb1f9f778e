package io.penstock.json;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The fields of a JSON object that a caller sent, each taken by name and checked; what nobody has
/// taken at the end is refused. Not thread-safe.
///
/// Null counts as absent. Nothing is converted: a number in quotes is not a number.
public final class Fields {

    public static final ObjectMapper JSON = Json.MAPPER;

    private final ObjectNode object;

    private Fields(ObjectNode object) {
        this.object = object;
    }

    /// @throws InvalidRequest when the bytes are not one JSON object, as [Json#read(byte\[\])]
    public static Fields of(byte[] json) {
        return of(Json.read(json));
    }

    /// @throws InvalidRequest as [#of(byte\[\])]
    public static Fields of(String json) {
        return of(Json.read(json));
    }

    /// @throws InvalidRequest when it is no object
    public static Fields of(@Nullable JsonNode node) {
        if (node instanceof ObjectNode object) {
            return new Fields(object);
        }
        if (node == null || node.isMissingNode()) {
            throw InvalidRequest.about(null, "invalid_json", "is empty; send a JSON object.");
        }
        throw InvalidRequest.about(
                null, "invalid_json", "is " + named(node) + "; send a JSON object.");
    }

    /// Refuses the request if it has any other field, so that a misspelt option is never passed
    /// over in silence. Comes before the fields are taken: a misspelt name says more than a missing
    /// one.
    public Fields only(Set<String> names) {
        object.fieldNames()
                .forEachRemaining(name -> {
                    if (!names.contains(name)) {
                        throw InvalidRequest.about(
                                bounded(name), "unknown_field", "is not a field of this request.");
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
            throw InvalidRequest.about(name, "missing_field", "is missing.");
        }
        if (text.isBlank()) {
            throw InvalidRequest.about(name, "blank_field", "is blank.");
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

    /// A text or a number by which a caller tells something apart, as it came.
    public @Nullable JsonNode label(String name) {
        JsonNode node = take(name);
        if (node != null && !node.isTextual() && !node.isNumber()) {
            throw mistyped(name, node, "a string or a number");
        }
        return node;
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
            throw InvalidRequest.about(
                    name, "out_of_range", "must be from " + plain(min) + " to " + plain(max) + ".");
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
            throw InvalidRequest.about(
                    name, "out_of_range", "must be from " + min + " to " + max + ".");
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

    private static InvalidRequest mistyped(String name, JsonNode node, String wanted) {
        return InvalidRequest.about(
                name, "wrong_type", "is " + named(node) + "; it must be " + wanted + ".");
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

    static String bounded(String name) {
        return name.length() > 64 ? Unicode.beginning(name, 64) + "…" : name;
    }

    private static String plain(double bound) {
        return bound == Math.rint(bound) ? Long.toString((long) bound) : Double.toString(bound);
    }
}
