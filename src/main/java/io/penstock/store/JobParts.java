package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;

/// How parts of a [Job] are stored.
final class JobParts {

    private JobParts() {}

    static void put(Job.Totals totals, ObjectNode json) {
        totals.counts().putTo(json.putObject("counts"));
        totals.tokens().putTo(json.putObject("tokens"));
        json.put("output_bytes", totals.outputBytes()).put("error_bytes", totals.errorBytes());
    }

    static Job.Totals totals(JsonNode json) {
        return new Job.Totals(
                Counts.of(json.path("counts")),
                Tokens.of(json.path("tokens")),
                json.path("output_bytes").asLong(),
                json.path("error_bytes").asLong());
    }

    static void put(Job.OpenAi openAi, ObjectNode json) {
        json.put("file", openAi.file()).put("window", openAi.window());
        StoredJson.put(json, "metadata", openAi.metadata());
        Duration life = openAi.outputLife();
        if (life != null) {
            json.put("output_life", life.toSeconds());
        }
        StoredJson.put(json, "model", openAi.model());
        StoredJson.put(json, "errors", openAi.errors());
        StoredJson.put(json, "finalizing_at", openAi.finalizingAt());
        StoredJson.put(json, "cancelling_at", openAi.cancellingAt());
    }

    static Job.OpenAi openAi(JsonNode json) {
        JsonNode life = json.path("output_life");
        return new Job.OpenAi(
                json.path("file").textValue(),
                json.path("window").textValue(),
                StoredJson.text(json, "metadata"),
                life.isNumber() ? Duration.ofSeconds(life.longValue()) : null,
                StoredJson.text(json, "model"),
                StoredJson.text(json, "errors"),
                StoredJson.instant(json, "finalizing_at"),
                StoredJson.instant(json, "cancelling_at"));
    }
}
