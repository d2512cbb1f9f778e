package io.penstock.batch;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.json.Json;
import io.penstock.store.Job;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What a message of the queue says: where to look. JSON: `{"task":"chunk","job","chunk"}`,
/// `{"task":"finish","job"}` or `{"task":"split","job","attempt"}`.
sealed interface Task {

    String job();

    record RunChunk(String job, int chunk) implements Task {}

    record Finish(String job) implements Task {}

    /// @param attempt how many workers had no time to do it
    record Split(String job, int attempt) implements Task {

        Split(String job) {
            this(job, 0);
        }
    }

    /// One for each of a job's chunks.
    static List<Task> chunks(Job job) {
        List<Task> tasks = new ArrayList<>();
        for (int i = 0; i < job.input().chunkCount(); i++) {
            tasks.add(new RunChunk(job.id(), i));
        }
        return tasks;
    }

    default String toJson() {
        var json = Fields.JSON.createObjectNode();
        switch (this) {
            case RunChunk(String job, int chunk) ->
                    json.put("task", "chunk").put("job", job).put("chunk", chunk);
            case Finish(String job) -> json.put("task", "finish").put("job", job);
            case Split(String job, int attempt) ->
                    json.put("task", "split").put("job", job).put("attempt", attempt);
        }
        return json.toString();
    }

    /// @return empty for what is no task
    static Optional<Task> parse(String body) {
        JsonNode json;
        try {
            json = Json.read(body);
        } catch (InvalidRequest notJson) {
            return Optional.empty();
        }
        String job = json.path("job").asText("");
        if (job.isEmpty()) {
            return Optional.empty();
        }
        return switch (json.path("task").asText("")) {
            case "chunk" -> Optional.of(new RunChunk(job, json.path("chunk").asInt()));
            case "finish" -> Optional.of(new Finish(job));
            case "split" -> Optional.of(new Split(job, json.path("attempt").asInt()));
            default -> Optional.empty();
        };
    }
}
