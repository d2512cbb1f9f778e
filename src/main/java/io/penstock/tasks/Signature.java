package io.penstock.tasks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.tasks.Shape.Field;
import io.penstock.tasks.Shape.Structure;
import java.util.ArrayList;
import java.util.List;

/// What a task takes and gives, as it was read from its method when the application was built.
/// Immutable. JSON: `{"name","method","arguments","types","result","bulkhead"}`.
///
/// @param method the interface's simple name and the method's, for people
/// @param arguments the parameters as the fields of an object, in their order
/// @param types the parameters' Java types: a name, or `List<name>` or `Set<name>`
/// @param bulkhead runs at once that its `@Bulkhead` allows; 0 without one
record Signature(
        String name,
        String method,
        Structure arguments,
        List<String> types,
        Shape result,
        int bulkhead) {

    ObjectNode toJson() {
        ObjectNode json = Fields.JSON.createObjectNode().put("name", name).put("method", method);
        json.set("arguments", arguments.schema());
        ArrayNode array = json.putArray("types");
        types.forEach(array::add);
        json.set("result", result.schema());
        return json.put("bulkhead", bulkhead);
    }

    /// Reads what [#toJson] wrote.
    static Signature of(JsonNode json) {
        List<String> types = new ArrayList<>();
        json.path("types").forEach(type -> types.add(type.asText()));
        return new Signature(
                json.path("name").asText(),
                json.path("method").asText(),
                (Structure) Shape.of(json.path("arguments")),
                List.copyOf(types),
                Shape.of(json.path("result")),
                json.path("bulkhead").asInt());
    }

    /// The answer as a model gives it: an object, as structured outputs have no other.
    /// LangChain4j's parsers take the value of what is none out of it (`ParsingUtils`).
    Structure answer() {
        return switch (result) {
            case Structure object -> object;
            case Shape.Sequence list -> wrapped("values", list);
            default -> wrapped("value", result);
        };
    }

    private static Structure wrapped(String name, Shape shape) {
        return new Structure(List.of(new Field(name, shape, false, null)), null);
    }

    boolean isText() {
        return result instanceof Shape.Text;
    }

    /// OpenAI's `response_format` that asks for such an answer (API reference, "Create chat
    /// completion").
    ObjectNode responseFormat() {
        ObjectNode format = Fields.JSON.createObjectNode().put("type", "json_schema");
        format.putObject("json_schema")
                .put("name", name)
                .put("strict", true)
                .set("schema", answer().strict());
        return format;
    }
}
