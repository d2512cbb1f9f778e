package io.penstock.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.batch.ItemReader;
import io.penstock.batch.OutputFiles;
import io.penstock.batch.Progress;
import io.penstock.json.Fields;
import io.penstock.store.Counts;
import io.penstock.store.Job;
import io.penstock.store.Job.Status;
import io.penstock.store.StoredFile;
import io.penstock.store.Tokens;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// OpenAI's objects (API reference, "The file object", "The batch object"); times are Unix seconds.
final class OpenAiJson {

    private OpenAiJson() {}

    /// `{"id","object":"file","bytes","created_at","expires_at","filename","purpose","status"}`
    static ObjectNode of(StoredFile file) {
        return Fields.JSON
                .createObjectNode()
                .put("id", file.id())
                .put("object", "file")
                .put("bytes", Math.max(0, file.bytes()))
                .put("created_at", file.createdAt().getEpochSecond())
                .put("expires_at", file.expiresAt().getEpochSecond())
                .put("filename", file.filename())
                .put("purpose", file.purpose())
                // Deprecated, and still required.
                .put("status", file.isComplete() ? "processed" : "uploaded");
    }

    /// A batch, with `x_state` and `x_reason` where it is paused, for which OpenAI has no words.
    static ObjectNode of(Job job, Job.OpenAi asked, Progress progress) {
        ObjectNode json =
                Fields.JSON
                        .createObjectNode()
                        .put("id", job.id())
                        .put("object", "batch")
                        .put("endpoint", ItemReader.CHAT)
                        .put("model", asked.model());
        if (asked.errors() == null) {
            json.putNull("errors");
        } else {
            json.putObject("errors").put("object", "list").set("data", parse(asked.errors()));
        }
        json.put("input_file_id", asked.file())
                .put("completion_window", asked.window())
                .put("status", job.status().wireName())
                .put("output_file_id", OutputFiles.answers(job))
                .put("error_file_id", OutputFiles.errors(job))
                .put("created_at", job.createdAt().getEpochSecond())
                .put("in_progress_at", seconds(job.startedAt()))
                .put("expires_at", job.expiresAt().getEpochSecond())
                .put("finalizing_at", seconds(asked.finalizingAt()))
                .put("completed_at", ended(job, Status.COMPLETED))
                .put("failed_at", ended(job, Status.FAILED))
                .put("expired_at", ended(job, Status.EXPIRED))
                .put("cancelling_at", seconds(asked.cancellingAt()))
                .put("cancelled_at", ended(job, Status.CANCELLED));
        Counts counts = progress.counts();
        json.putObject("request_counts")
                .put("total", job.input().itemCount())
                .put("completed", counts.completed())
                .put("failed", counts.ended() - counts.completed());
        usage(json.putObject("usage"), progress.tokens());
        json.set("metadata", asked.metadata() == null ? null : parse(asked.metadata()));
        if (job.paused() != null) {
            json.put("x_state", "paused").put("x_reason", job.paused() + ": " + job.reason());
        }
        return json;
    }

    private static void usage(ObjectNode json, Tokens tokens) {
        json.put("input_tokens", tokens.prompt());
        json.putObject("input_tokens_details").put("cached_tokens", tokens.cached());
        json.put("output_tokens", tokens.completion());
        json.putObject("output_tokens_details").put("reasoning_tokens", tokens.reasoning());
        json.put("total_tokens", tokens.total());
    }

    /// `{"object":"list","data","first_id","last_id","has_more"}`
    static String list(List<ObjectNode> objects, boolean hasMore) {
        ObjectNode json = Fields.JSON.createObjectNode().put("object", "list");
        ArrayNode data = json.putArray("data");
        data.addAll(objects);
        return json.put("first_id", data.path(0).path("id").textValue())
                .put("last_id", data.path(data.size() - 1).path("id").textValue())
                .put("has_more", hasMore)
                .toString();
    }

    private static @Nullable Long ended(Job job, Status how) {
        return job.status() == how ? seconds(job.finishedAt()) : null;
    }

    private static @Nullable Long seconds(@Nullable Instant at) {
        return at == null ? null : at.getEpochSecond();
    }

    private static JsonNode parse(String json) {
        try {
            return Fields.JSON.readTree(json);
        } catch (JsonProcessingException damaged) {
            throw new IllegalStateException("A stored list or map is not JSON", damaged);
        }
    }
}
