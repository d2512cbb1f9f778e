package io.penstock.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.json.Json;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import io.penstock.llm.Prompt;
import io.penstock.pipeline.StageOutcome.Failed;
import io.penstock.pipeline.StageOutcome.Finished;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// One prompt of a pipeline. Immutable as long as nobody writes to `responseFormat`. JSON:
/// `{"name","prompt","system","model","temperature","max_tokens","response_format","answers",
/// "max_concurrency","task"}`, without those that are not set.
///
/// @param template empty where it is a task
/// @param answers the only ones that there may be; empty for any
/// @param maxConcurrency calls of it in flight at most, in one process; null for no bound of its
///   own
/// @param task what it runs instead of a prompt; null for none
public record Stage(
        String name,
        Template template,
        @Nullable String system,
        @Nullable String model,
        @Nullable Double temperature,
        @Nullable Integer maxTokens,
        @Nullable JsonNode responseFormat,
        List<String> answers,
        @Nullable Integer maxConcurrency,
        @Nullable StageTask task) {

    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_-]{0,39}");
    private static final Pattern MODEL = Pattern.compile("\\S{1,256}");
    private static final Set<String> FORMATS = Set.of("text", "json_object", "json_schema");

    /// As many as OpenAI takes in one enum (guide "Structured Outputs", "Limitations on enum
    /// size").
    private static final int ANSWERS_MAX = 1_000;

    /// @throws IllegalArgumentException with the rest of the key and the end of a sentence
    static Stage of(PipelineConfig.StageConfig config) {
        if (!NAME.matcher(config.name()).matches() || config.name().equals("input")) {
            throw wrong(
                    "name",
                    "is none: give 1 to 40 lower-case letters, digits, hyphens and underscores, a"
                            + " letter first, and not \"input\".");
        }
        if (config.task().isPresent()) {
            return ofTask(config, config.task().get());
        }
        if (!config.arguments().isEmpty()) {
            throw wrong("arguments", "are a task's: give the task too.");
        }
        String prompt =
                config.prompt()
                        .orElseThrow(() ->
                                wrong(
                                        "prompt",
                                        "is missing: say what is to be done, with {input} for the input, or"
                                                + " give a task."));
        Template template;
        try {
            template = Template.parse(prompt);
        } catch (IllegalArgumentException malformed) {
            throw wrong("prompt", String.valueOf(malformed.getMessage()));
        }
        if (prompt.isBlank()) {
            throw wrong("prompt", "is blank: say what is to be done, with {input} for the input.");
        }
        String model = config.model().orElse(null);
        if (model != null && !MODEL.matcher(model).matches()) {
            throw wrong("model", "is no model's name: give 1 to 256 characters without spaces.");
        }
        Double temperature =
                config.temperature().isPresent() ? config.temperature().getAsDouble() : null;
        if (temperature != null && !(temperature >= 0 && temperature <= 2)) {
            throw wrong("temperature", "is " + temperature + ": give a number from 0 to 2.");
        }
        Integer maxTokens = positive("max-tokens", config.maxTokens().stream().boxed().toList());
        Integer maxConcurrency =
                positive("max-concurrency", config.maxConcurrency().stream().boxed().toList());
        List<String> answers = List.copyOf(config.answers().orElse(List.of()));
        if (answers.size() > ANSWERS_MAX
                || Set.copyOf(answers).size() < answers.size()
                || answers.stream().anyMatch(String::isBlank)) {
            throw wrong(
                    "answers",
                    "has a blank or repeated answer, or more than "
                            + ANSWERS_MAX
                            + ": list each once, with commas.");
        }
        JsonNode format = config.responseFormat().map(Stage::format).orElse(null);
        if (format != null && !answers.isEmpty()) {
            throw wrong("response-format", "does not go with answers: give one of them.");
        }
        return new Stage(
                config.name(),
                template,
                config.system().filter(text -> !text.isBlank()).orElse(null),
                model,
                temperature,
                maxTokens,
                format,
                answers,
                maxConcurrency,
                null);
    }

    private static Stage ofTask(PipelineConfig.StageConfig config, String task) {
        Map<String, Boolean> others =
                Map.of(
                        "prompt", config.prompt().isPresent(),
                        "system", config.system().isPresent(),
                        "model", config.model().isPresent(),
                        "temperature", config.temperature().isPresent(),
                        "max-tokens", config.maxTokens().isPresent(),
                        "response-format", config.responseFormat().isPresent(),
                        "answers", config.answers().isPresent(),
                        "max-concurrency", config.maxConcurrency().isPresent());
        others.forEach((key, isThere) -> {
            if (isThere) {
                throw wrong(
                        key, "is the task's method's to say (@Bulkhead, for one): leave it out.");
            }
        });
        return new Stage(
                config.name(),
                Template.parse(""),
                null,
                null,
                null,
                null,
                null,
                List.of(),
                null,
                StageTask.of(task, config.arguments()));
    }

    /// The task that it runs instead of a prompt; null for none.
    public @Nullable String taskName() {
        return task == null ? null : task.name();
    }

    /// The earlier stages whose results it names.
    Set<String> uses() {
        return task == null ? template.stages() : task.stages();
    }

    private static @Nullable Integer positive(String key, List<Integer> given) {
        if (!given.isEmpty() && given.getFirst() < 1) {
            throw wrong(key, "is " + given.getFirst() + ": give a whole number from 1.");
        }
        return given.isEmpty() ? null : given.getFirst();
    }

    private static JsonNode format(String json) {
        try {
            JsonNode format = Json.read(json);
            if (FORMATS.contains(format.path("type").asText())
                    && (format.path("json_schema").isObject()
                            || !format.path("type").asText().equals("json_schema"))) {
                return format;
            }
        } catch (InvalidRequest notJson) {
            // Said below, in the same words as for JSON of the wrong kind.
        }
        throw wrong(
                "response-format",
                "is no response format: give OpenAI's as JSON, such as {\"type\":\"json_object\"}.");
    }

    private static IllegalArgumentException wrong(String key, String sentence) {
        return new IllegalArgumentException("." + key + " " + sentence);
    }

    /// The prompt for one input.
    ///
    /// @param results of earlier stages
    Prompt.Text prompt(String input, Function<String, String> results) {
        return new Prompt.Text(
                template.fill(input, results),
                model,
                system,
                temperature,
                maxTokens,
                answers.isEmpty() ? responseFormat : choice());
    }

    /// OpenAI API reference, "response_format", `json_schema`.
    private JsonNode choice() {
        ObjectNode format = Fields.JSON.createObjectNode().put("type", "json_schema");
        ObjectNode schema =
                format.putObject("json_schema")
                        .put("name", "answer")
                        .put("strict", true)
                        .putObject("schema")
                        .put("type", "object");
        ArrayNode values =
                schema.putObject("properties")
                        .putObject("answer")
                        .put("type", "string")
                        .putArray("enum");
        answers.forEach(values::add);
        schema.putArray("required").add("answer");
        schema.put("additionalProperties", false);
        return format;
    }

    /// Takes an answer, unless it is none that later stages may use.
    StageOutcome read(Completion completion, int attempts) {
        if (completion.isCut()) {
            return unusable(
                    FailureKind.LENGTH,
                    "The answer was cut at the stage's max-tokens; ask for a shorter one, or raise it.",
                    completion,
                    attempts);
        }
        String result = answers.isEmpty() ? completion.text() : chosen(completion.text());
        if (result == null || result.isBlank()) {
            return unusable(
                    FailureKind.UNEXPECTED_ANSWER,
                    result == null
                            ? "The answer is none of those that this stage may give; try again, or use"
                                    + " a model that keeps to a JSON schema."
                            : "The answer is blank; try again, or change the stage's prompt.",
                    completion,
                    attempts);
        }
        return new Finished(
                name,
                result,
                completion.model(),
                completion.finishReason(),
                completion.usage(),
                attempts);
    }

    private @Nullable String chosen(String text) {
        try {
            String answer = Json.read(text).path("answer").textValue();
            return answer != null && answers.contains(answer) ? answer : null;
        } catch (InvalidRequest notJson) {
            return null;
        }
    }

    private Failed unusable(FailureKind kind, String message, Completion completion, int attempts) {
        return new Failed(name, new Failure(kind, message, null, null), attempts, completion);
    }

    ObjectNode toJson() {
        ObjectNode json = Fields.JSON.createObjectNode().put("name", name);
        if (task != null) {
            return json.set("task", task.toJson());
        }
        json.put("prompt", template.text());
        if (system != null) {
            json.put("system", system);
        }
        if (model != null) {
            json.put("model", model);
        }
        if (temperature != null) {
            json.put("temperature", temperature);
        }
        if (maxTokens != null) {
            json.put("max_tokens", maxTokens);
        }
        if (responseFormat != null) {
            json.set("response_format", responseFormat);
        }
        if (!answers.isEmpty()) {
            answers.forEach(json.putArray("answers")::add);
        }
        if (maxConcurrency != null) {
            json.put("max_concurrency", maxConcurrency);
        }
        return json;
    }

    /// Reads what [#toJson] wrote.
    static Stage of(JsonNode json) {
        List<String> answers = new ArrayList<>();
        json.path("answers").forEach(answer -> answers.add(answer.asText()));
        return new Stage(
                json.path("name").asText(),
                Template.parse(json.path("prompt").asText()),
                json.path("system").textValue(),
                json.path("model").textValue(),
                json.has("temperature") ? json.path("temperature").asDouble() : null,
                json.has("max_tokens") ? json.path("max_tokens").asInt() : null,
                json.get("response_format"),
                answers,
                json.has("max_concurrency") ? json.path("max_concurrency").asInt() : null,
                json.has("task") ? StageTask.of(json.path("task")) : null);
    }
}
