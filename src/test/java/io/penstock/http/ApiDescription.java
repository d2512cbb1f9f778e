package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// The OpenAPI document as a caller gets it, and the answers that were held against it.
final class ApiDescription {

    private static final Set<String> METHODS = Set.of("get", "post", "put", "delete", "patch");
    private static final String ITEM = "x-item-schema";

    private final SchemaRegistry schemas =
            SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    private final JsonNode document;
    private final Set<String> seen = new HashSet<>();

    ApiDescription(JsonNode document) {
        this.document = document;
    }

    /// Method and path of each operation.
    Set<String> operations() {
        Set<String> operations = new TreeSet<>();
        for (Map.Entry<String, JsonNode> path : document.path("paths").properties()) {
            path.getValue()
                    .fieldNames()
                    .forEachRemaining(method -> {
                        if (METHODS.contains(method)) {
                            operations.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey());
                        }
                    });
        }
        return operations;
    }

    /// The operations that have given an answer without an error.
    Set<String> seen() {
        return new TreeSet<>(seen);
    }

    /// The types of body that an operation takes.
    Set<String> takes(String operation) {
        Set<String> types = new TreeSet<>();
        operation(operation)
                .path("requestBody")
                .path("content")
                .fieldNames()
                .forEachRemaining(types::add);
        return types;
    }

    /// Holds an answer against what its operation says: status, type, and each value of the body.
    void check(String operation, Answer answer) {
        JsonNode described =
                resolved(
                        operation(operation)
                                .path("responses")
                                .path(Integer.toString(answer.status())));
        String as = operation + " " + answer.status() + " " + answer.body();
        assertThat(described.isObject()).as("the status is described: %s", as).isTrue();
        if (answer.status() < 300) {
            seen.add(operation);
        }
        if (!described.has("content")) {
            assertThat(answer.body()).as(as).isEmpty();
            return;
        }
        String type = answer.header("content-type").replaceFirst(";.*", "");
        JsonNode content = described.path("content").path(type);
        assertThat(content.isObject()).as("the type %s is described: %s", type, as).isTrue();
        if (content.has(ITEM)) {
            List<String> items = items(answer, type);
            assertThat(items).as(as).isNotEmpty();
            for (String item : items) {
                assertThat(wrong(content.path(ITEM), item)).as(as).isEmpty();
            }
        } else if (type.contains("json")) {
            assertThat(wrong(content.path("schema"), answer.body())).as(as).isEmpty();
        }
    }

    /// Holds a request's body against the operation, as a caller's own tools may.
    void checkRequest(String operation, String type, String body) {
        JsonNode content = operation(operation).path("requestBody").path("content").path(type);
        String as = operation + " " + body;
        assertThat(content.isObject()).as(as).isTrue();
        List<String> items = content.has(ITEM) ? body.lines().toList() : List.of(body);
        JsonNode schema = content.has(ITEM) ? content.path(ITEM) : content.path("schema");
        for (String item : items) {
            assertThat(wrong(schema, item)).as(as).isEmpty();
        }
    }

    private static List<String> items(Answer answer, String type) {
        if (!type.equals("text/event-stream")) {
            return answer.body().lines().toList();
        }
        List<String> data = new ArrayList<>();
        for (String line : answer.body().split("\n")) {
            String item = line.startsWith("data:") ? line.substring("data:".length()).strip() : "";
            if (!item.isEmpty() && !item.equals("[DONE]")) {
                data.add(item);
            }
        }
        return data;
    }

    private List<String> wrong(JsonNode schema, String json) {
        ObjectNode whole = schema.deepCopy();
        whole.set("$defs", document.path("components").path("schemas"));
        String text = whole.toString().replace("#/components/schemas/", "#/$defs/");
        Schema compiled = schemas.getSchema(text, InputFormat.JSON);
        return compiled.validate(json, InputFormat.JSON).stream().map(Error::toString).toList();
    }

    private JsonNode operation(String operation) {
        int space = operation.indexOf(' ');
        JsonNode found =
                document.path("paths")
                        .path(operation.substring(space + 1))
                        .path(operation.substring(0, space).toLowerCase(Locale.ROOT));
        assertThat(found.isObject()).as(operation).isTrue();
        return found;
    }

    private JsonNode resolved(JsonNode node) {
        return node.has("$ref")
                ? document.at(node.path("$ref").asText().replaceFirst("^#", ""))
                : node;
    }

    /// As a caller gets it.
    static ApiDescription at(Caller caller) {
        Answer answer = Caller.join(caller.send(caller.request("/q/openapi?format=json").build()));
        assertThat(answer.status()).isEqualTo(200);
        return new ApiDescription(answer.json());
    }
}
