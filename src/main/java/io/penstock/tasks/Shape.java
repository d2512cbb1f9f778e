package io.penstock.tasks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What values there are of a type, as a part of JSON Schema that every provider takes: it is
/// written into requests and documents, and values are held against it. Immutable.
sealed interface Shape {

    /// A value that is none of a shape.
    ///
    /// @param at where it is, such as `prices[2].amount`; empty for the value as a whole
    /// @param code `missing_field`, `unknown_field`, `wrong_type` or `out_of_range`
    /// @param sentence what to change, without where it is
    record Misfit(String at, String code, String sentence) {

        Misfit in(String name) {
            String separator = at.isEmpty() || at.startsWith("[") ? "" : ".";
            return new Misfit(name + separator + at, code, sentence);
        }
    }

    /// Its schema, which [#of] reads.
    ObjectNode schema();

    /// What it is, for a sentence that ends with it.
    String words();

    /// @return null for a value of this shape
    @Nullable Misfit misfit(JsonNode value);

    private static Misfit mistyped(JsonNode value, Shape wanted) {
        return new Misfit(
                "",
                "wrong_type",
                "is " + Fields.named(value) + "; it must be " + wanted.words() + ".");
    }

    private static ObjectNode typed(String type) {
        return Fields.JSON.createObjectNode().put("type", type);
    }

    record Text() implements Shape {

        @Override
        public ObjectNode schema() {
            return typed("string");
        }

        @Override
        public String words() {
            return "a string";
        }

        @Override
        public @Nullable Misfit misfit(JsonNode value) {
            return value.isTextual() ? null : mistyped(value, this);
        }
    }

    /// @param bits of the two's complement; 0 for any number
    record Whole(int bits) implements Shape {

        @Override
        public ObjectNode schema() {
            ObjectNode schema = typed("integer");
            return bits == 0 ? schema : schema.put("format", "int" + bits);
        }

        @Override
        public String words() {
            return bits == 0 ? "a whole number" : "a whole number of " + bits + " bits";
        }

        @Override
        public @Nullable Misfit misfit(JsonNode value) {
            if (!value.isIntegralNumber()) {
                return mistyped(value, this);
            }
            BigInteger number = value.bigIntegerValue();
            return bits == 0 || number.bitLength() < bits
                    ? null
                    : new Misfit("", "out_of_range", "is no whole number of " + bits + " bits.");
        }
    }

    record Decimal() implements Shape {

        @Override
        public ObjectNode schema() {
            return typed("number");
        }

        @Override
        public String words() {
            return "a number";
        }

        @Override
        public @Nullable Misfit misfit(JsonNode value) {
            return value.isNumber() ? null : mistyped(value, this);
        }
    }

    record Truth() implements Shape {

        @Override
        public ObjectNode schema() {
            return typed("boolean");
        }

        @Override
        public String words() {
            return "true or false";
        }

        @Override
        public @Nullable Misfit misfit(JsonNode value) {
            return value.isBoolean() ? null : mistyped(value, this);
        }
    }

    /// One of several names.
    record OneOf(List<String> names) implements Shape {

        @Override
        public ObjectNode schema() {
            ObjectNode schema = typed("string");
            names.forEach(schema.putArray("enum")::add);
            return schema;
        }

        @Override
        public String words() {
            return "one of " + String.join(", ", names);
        }

        @Override
        public @Nullable Misfit misfit(JsonNode value) {
            if (!value.isTextual()) {
                return mistyped(value, this);
            }
            return names.contains(value.textValue())
                    ? null
                    : new Misfit("", "out_of_range", "must be " + words() + ".");
        }
    }

    /// Any number of values, each of one shape.
    record Sequence(Shape of) implements Shape {

        @Override
        public ObjectNode schema() {
            return typed("array").set("items", of.schema());
        }

        @Override
        public String words() {
            return "an array";
        }

        @Override
        public @Nullable Misfit misfit(JsonNode value) {
            if (!value.isArray()) {
                return mistyped(value, this);
            }
            for (int i = 0; i < value.size(); i++) {
                Misfit misfit = of.misfit(value.get(i));
                if (misfit != null) {
                    return misfit.in("[" + i + "]");
                }
            }
            return null;
        }
    }

    /// A field of an object.
    ///
    /// @param optional whether it may be null, and absent where nobody is asked for it
    record Field(String name, Shape shape, boolean optional, @Nullable String description) {

        private ObjectNode schema() {
            ObjectNode schema = shape.schema();
            if (optional) {
                String type = schema.path("type").asText();
                schema.putArray("type").add(type).add("null");
                if (schema.get("enum") instanceof ArrayNode names) {
                    names.addNull();
                }
            }
            return description == null ? schema : schema.put("description", description);
        }
    }

    /// An object with these fields and no other.
    record Structure(List<Field> fields, @Nullable String description) implements Shape {

        @Override
        public ObjectNode schema() {
            ObjectNode schema = typed("object");
            if (description != null) {
                schema.put("description", description);
            }
            ObjectNode properties = schema.putObject("properties");
            ArrayNode required = schema.putArray("required");
            for (Field field : fields) {
                properties.set(field.name, field.schema());
                if (!field.optional) {
                    required.add(field.name);
                }
            }
            return schema.put("additionalProperties", false);
        }

        @Override
        public String words() {
            return "an object";
        }

        Set<String> names() {
            return fields.stream().map(Field::name).collect(Collectors.toUnmodifiableSet());
        }

        @Override
        public @Nullable Misfit misfit(JsonNode value) {
            if (!value.isObject()) {
                return mistyped(value, this);
            }
            Set<String> names = names();
            for (String name : (Iterable<String>) value::fieldNames) {
                if (!names.contains(name)) {
                    return new Misfit(
                            name.length() > 64 ? name.substring(0, 64) : name,
                            "unknown_field",
                            "is none of its fields, which are " + known() + ".");
                }
            }
            for (Field field : fields) {
                JsonNode one = value.path(field.name);
                boolean absent = one.isMissingNode() || one.isNull();
                if (absent && !field.optional) {
                    return new Misfit(
                            field.name,
                            "missing_field",
                            "is missing; it must be " + field.shape.words() + ".");
                }
                Misfit misfit = absent ? null : field.shape.misfit(one);
                if (misfit != null) {
                    return misfit.in(field.name);
                }
            }
            return null;
        }

        private String known() {
            return fields.stream().map(Field::name).collect(Collectors.joining(", "));
        }
    }

    /// The schema as OpenAI's structured outputs want it (guide "Structured Outputs", "Supported
    /// schemas"): all fields are required, and what may be absent may be null.
    default ObjectNode strict() {
        ObjectNode schema = schema();
        tighten(schema);
        return schema;
    }

    private static void tighten(JsonNode schema) {
        if (schema instanceof ObjectNode object) {
            object.remove("format");
            if (object.get("properties") instanceof ObjectNode properties) {
                ArrayNode required = object.putArray("required");
                properties.fieldNames().forEachRemaining(required::add);
                properties.forEach(Shape::tighten);
            }
            tighten(object.path("items"));
        }
    }

    /// Reads what [#schema] wrote.
    static Shape of(JsonNode schema) {
        JsonNode type = schema.path("type");
        return switch (type.isArray() ? type.path(0).asText() : type.asText()) {
            case "string" -> schema.has("enum") ? choice(schema.path("enum")) : new Text();
            case "integer" ->
                    new Whole(
                            Integer.parseInt(
                                    "0" + schema.path("format").asText("").replace("int", "")));
            case "number" -> new Decimal();
            case "boolean" -> new Truth();
            case "array" -> new Sequence(of(schema.path("items")));
            default -> structure(schema);
        };
    }

    private static OneOf choice(JsonNode names) {
        List<String> all = new ArrayList<>();
        names.forEach(name -> {
            if (!name.isNull()) {
                all.add(name.asText());
            }
        });
        return new OneOf(List.copyOf(all));
    }

    private static Structure structure(JsonNode schema) {
        List<Field> fields = new ArrayList<>();
        schema.path("properties")
                .properties()
                .forEach(one ->
                        fields.add(
                                new Field(
                                        one.getKey(),
                                        of(one.getValue()),
                                        one.getValue().path("type").isArray(),
                                        one.getValue().path("description").textValue())));
        return new Structure(List.copyOf(fields), schema.path("description").textValue());
    }
}
