package io.penstock.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// Stages that one input goes through, in their order. Immutable. JSON: `{"name","stages"}`.
///
/// @param stages one at least
public record Pipeline(String name, List<Stage> stages) {

    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9_-]{0,63}");
    private static final int STAGES_MAX = 50;

    /// A job keeps its pipeline, and a job has to fit into one item of DynamoDB with 400 KB
    /// (Developer Guide, "Quotas").
    private static final int BYTES_MAX = 64 << 10;

    /// @throws IllegalArgumentException with the rest of the key and the end of a sentence
    static Pipeline of(String name, PipelineConfig.Declared declared) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    " is no name of a pipeline: give 1 to 64 lower-case letters, digits, hyphens and"
                            + " underscores.");
        }
        if (declared.stages().isEmpty() || declared.stages().size() > STAGES_MAX) {
            throw new IllegalArgumentException(
                    " has "
                            + declared.stages().size()
                            + " stages: give from 1 to "
                            + STAGES_MAX
                            + ", stages[0].name and so on.");
        }
        List<Stage> stages = new ArrayList<>();
        Set<String> earlier = new HashSet<>();
        for (int i = 0; i < declared.stages().size(); i++) {
            String key = ".stages[" + i + "]";
            Stage stage;
            try {
                stage = Stage.of(declared.stages().get(i));
            } catch (IllegalArgumentException wrong) {
                throw new IllegalArgumentException(key + wrong.getMessage(), wrong);
            }
            for (String used : stage.uses()) {
                if (!earlier.contains(used)) {
                    throw new IllegalArgumentException(
                            key
                                    + (stage.task() == null ? ".prompt" : ".arguments")
                                    + " takes {"
                                    + used
                                    + ".result}, but no earlier stage has that name: name one of "
                                    + earlier.stream().sorted().toList()
                                    + ", or put the stage after it.");
                }
            }
            if (!earlier.add(stage.name())) {
                throw new IllegalArgumentException(
                        key
                                + ".name is "
                                + stage.name()
                                + ", like an earlier stage's: give each its own.");
            }
            stages.add(stage);
        }
        Pipeline pipeline = new Pipeline(name, List.copyOf(stages));
        int bytes = pipeline.toJson().toString().getBytes(StandardCharsets.UTF_8).length;
        if (bytes > BYTES_MAX) {
            throw new IllegalArgumentException(
                    " has "
                            + bytes
                            + " bytes of prompts and other settings: at most "
                            + BYTES_MAX
                            + " are kept with each batch; shorten them.");
        }
        return pipeline;
    }

    /// What a batch keeps of the pipeline that it was submitted with.
    public ObjectNode toJson() {
        ObjectNode json = Fields.JSON.createObjectNode().put("name", name);
        ArrayNode array = json.putArray("stages");
        stages.forEach(stage -> array.add(stage.toJson()));
        return json;
    }

    /// Reads what [#toJson] wrote.
    public static Pipeline of(JsonNode json) {
        List<Stage> stages = new ArrayList<>();
        json.path("stages").forEach(stage -> stages.add(Stage.of(stage)));
        return new Pipeline(json.path("name").asText(), List.copyOf(stages));
    }
}
