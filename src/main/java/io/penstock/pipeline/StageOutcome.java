package io.penstock.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.Usage;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How one stage of one input ended.
public sealed interface StageOutcome {

    /// The stage's name.
    String name();

    /// With an answer that later stages may use. JSON:
    /// `{"name","result","model","finish_reason","usage","attempts"}`.
    ///
    /// @param model the one that served; empty where a task's `@Fallback` did
    /// @param usage null when the provider sent none
    /// @param attempts requests made for it
    record Finished(
            String name,
            String result,
            String model,
            String finishReason,
            @Nullable Usage usage,
            int attempts)
            implements StageOutcome {

        public ObjectNode toJson() {
            ObjectNode json =
                    Fields.JSON
                            .createObjectNode()
                            .put("name", name)
                            .put("result", result)
                            .put("model", model.isEmpty() ? null : model)
                            .put("finish_reason", finishReason);
            json.set("usage", usage == null ? null : usage.toJson());
            return json.put("attempts", attempts);
        }

        /// Reads what [#toJson] wrote.
        public static Finished of(JsonNode json) {
            return new Finished(
                    json.path("name").asText(),
                    json.path("result").asText(),
                    json.path("model").asText(""),
                    json.path("finish_reason").asText(),
                    Usage.of(json.path("usage")),
                    json.path("attempts").asInt());
        }

        /// Reads what [#array] wrote; none where there is no array.
        public static List<Finished> all(JsonNode array) {
            List<Finished> all = new ArrayList<>();
            array.forEach(one -> all.add(of(one)));
            return all;
        }

        /// The stages as JSON, in their order.
        public static ArrayNode array(List<Finished> stages) {
            ArrayNode array = Fields.JSON.createArrayNode();
            stages.forEach(stage -> array.add(stage.toJson()));
            return array;
        }

        /// What the stages have used together; null when that is not known of any.
        public static @Nullable Usage usage(List<Finished> stages) {
            Usage sum = null;
            for (Finished stage : stages) {
                Usage one = stage.usage;
                if (one != null) {
                    sum = sum == null ? one : sum.plus(one);
                }
            }
            return sum;
        }
    }

    /// Without one.
    ///
    /// @param attempts requests made for it
    /// @param unusable a whole answer that no later stage may use, though it is paid for; null when
    ///   there was none
    record Failed(String name, Failure failure, int attempts, @Nullable Completion unusable)
            implements StageOutcome {}
}
