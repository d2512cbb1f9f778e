package io.penstock.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.json.Json;
import io.penstock.tasks.TaskMethod;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/// The task that a stage runs in place of a prompt. Immutable. JSON: `{"name","arguments"}`.
///
/// @param arguments how each is made; empty where they are what comes from the stage before: the
///   fields of these names of an object, or the whole for a task's one argument
record StageTask(String name, Map<String, Template> arguments) {

    /// @throws IllegalArgumentException with the rest of the key and the end of a sentence
    static StageTask of(String name, Map<String, String> declared) {
        Map<String, Template> arguments = new LinkedHashMap<>();
        new TreeMap<>(declared)
                .forEach((argument, text) -> {
                    try {
                        arguments.put(argument, Template.parse(text));
                    } catch (IllegalArgumentException malformed) {
                        throw new IllegalArgumentException(
                                ".arguments." + argument + " " + malformed.getMessage(), malformed);
                    }
                });
        return new StageTask(name, arguments);
    }

    /// The stages whose results it takes by their names.
    Set<String> stages() {
        Set<String> stages = new HashSet<>();
        arguments.values().forEach(template -> stages.addAll(template.stages()));
        return stages;
    }

    /// What the task is run with.
    ///
    /// @param before the result of the stage before; the input for the first
    /// @param results of earlier stages
    /// @throws InvalidRequest when what comes from the stage before cannot be its arguments
    ObjectNode arguments(
            TaskMethod task, String input, String before, Function<String, String> results) {
        ObjectNode made = Fields.JSON.createObjectNode();
        List<String> names = task.argumentNames();
        if (!arguments.isEmpty()) {
            arguments.forEach(
                    (name, template) -> put(made, task, name, template.fill(input, results)));
        } else if (read(before) instanceof ObjectNode object
                && names.stream().anyMatch(object::has)) {
            names.stream().filter(object::has).forEach(name -> made.set(name, object.get(name)));
        } else if (names.size() == 1) {
            put(made, task, names.getFirst(), before);
        } else {
            throw InvalidRequest.of(
                    null,
                    "missing_field",
                    "What comes to task "
                            + this.name
                            + " is no object with its arguments, which are "
                            + String.join(", ", names)
                            + ".");
        }
        task.check(made, "");
        return made;
    }

    private static void put(ObjectNode made, TaskMethod task, String name, String text) {
        JsonNode value = task.cell(name, text);
        if (!value.isMissingNode()) {
            made.set(name, value);
        }
    }

    private static JsonNode read(String text) {
        try {
            return Json.read(text);
        } catch (InvalidRequest notJson) {
            return Fields.JSON.missingNode();
        }
    }

    ObjectNode toJson() {
        ObjectNode json = Fields.JSON.createObjectNode().put("name", name);
        ObjectNode templates = json.putObject("arguments");
        arguments.forEach((argument, template) -> templates.put(argument, template.text()));
        return json;
    }

    /// Reads what [#toJson] wrote.
    static StageTask of(JsonNode json) {
        Map<String, Template> arguments = new LinkedHashMap<>();
        json.path("arguments")
                .properties()
                .forEach(one ->
                        arguments.put(one.getKey(), Template.parse(one.getValue().asText())));
        return new StageTask(json.path("name").asText(), arguments);
    }
}
