package io.penstock.dev;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Reads the fields of a request and refuses what does not fit in OpenAI's words.
final class Expect {
    private Expect() {}

    static @Nullable JsonNode present(JsonNode object, String field) {
        JsonNode value = object.get(field);
        return value == null || value.isNull() ? null : value;
    }

    static boolean flag(JsonNode object, String field) throws Refusal {
        JsonNode value = present(object, field);
        if (value == null) {
            return false;
        }
        expect(value, JsonNodeType.BOOLEAN, field, "a boolean");
        return value.booleanValue();
    }

    static int integer(ObjectNode root, String field, int min, int max, int unset) throws Refusal {
        JsonNode value = present(root, field);
        if (value == null) {
            return unset;
        }
        if (!value.isIntegralNumber()) {
            throw mistyped(field, "an integer", value);
        }
        checkRange(field, "integer", value, min, max);
        return value.intValue();
    }

    static void decimal(ObjectNode root, String field, int min, int max) throws Refusal {
        JsonNode value = present(root, field);
        if (value != null) {
            expect(value, JsonNodeType.NUMBER, field, "a decimal");
            checkRange(field, "decimal", value, min, max);
        }
    }

    static void checkRange(String field, String kind, JsonNode value, int min, int max)
            throws Refusal {
        boolean below = value.doubleValue() < min;
        if (below || value.doubleValue() > max) {
            throw new Refusal(
                    400,
                    field,
                    kind + (below ? "_below_min_value" : "_above_max_value"),
                    "Invalid '%s': %s %s value. Expected a value %s %d, but got %s instead."
                            .formatted(
                                    field,
                                    kind,
                                    below ? "below minimum" : "above maximum",
                                    below ? ">=" : "<=",
                                    below ? min : max,
                                    value));
        }
    }

    static void expect(JsonNode value, JsonNodeType type, String param, String expected)
            throws Refusal {
        if (value.getNodeType() != type) {
            throw mistyped(param, expected, value);
        }
    }

    static Refusal unreadable() {
        return new Refusal(
                400,
                null,
                null,
                "We could not parse the JSON body of your request. The API expects a JSON object.");
    }

    static Refusal missing(String param) {
        return new Refusal(
                400,
                param,
                "missing_required_parameter",
                "Missing required parameter: '" + param + "'.");
    }

    static Refusal mistyped(String param, String expected, JsonNode value) {
        return new Refusal(
                400,
                param,
                "invalid_type",
                "Invalid type for '%s': expected %s, but got %s instead."
                        .formatted(
                                param,
                                expected,
                                value.getNodeType().name().toLowerCase(Locale.ROOT)));
    }

    static Refusal invalid(String param, JsonNode value, String supported) {
        return new Refusal(
                400,
                param,
                "invalid_value",
                "Invalid value: '%s'. Supported values are: %s."
                        .formatted(value.asText(), supported));
    }
}
