package io.penstock.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.batch.JobOptions;
import io.penstock.batch.Progress;
import io.penstock.batch.Results;
import io.penstock.json.Fields;
import io.penstock.json.Json;
import io.penstock.llm.Prices;
import io.penstock.store.Counts;
import io.penstock.store.Job;
import io.penstock.store.Tokens;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The JSON of a batch:
/// `{"job_id","status","completed","failed","expired","cancelled","pending","total","results",
/// "errors","results_url","created_at","started_at","finished_at","expires_at","usage",
/// "rate_per_second","eta_seconds","reason","retry_of","pipeline","task"}`; times are ISO 8601 in
/// UTC.
final class JobJson {

    /// The words for where a job stands.
    static final Set<String> STATUSES =
            Set.of(
                    "processing",
                    "paused",
                    "completed",
                    "failed",
                    "cancelling",
                    "cancelled",
                    "expired");

    /// A larger job's results are read from `results_url`.
    private static final long RESULTS_ITEMS_MAX = 1_000;

    private static final long RESULTS_BYTES_MAX = 4 << 20;

    private JobJson() {}

    /// Without the results themselves.
    static ObjectNode of(Job job, Progress progress, Instant now) {
        Counts counts = progress.counts();
        long total = job.input().itemCount();
        ObjectNode json =
                Fields.JSON
                        .createObjectNode()
                        .put("job_id", job.id())
                        .put("status", status(job))
                        .put("completed", counts.completed())
                        .put("failed", counts.failed())
                        .put("expired", counts.expired())
                        .put("cancelled", counts.cancelled())
                        .put("pending", total - counts.ended())
                        .put("total", total)
                        .putNull("results")
                        .putNull("errors")
                        .put("results_url", "/batch/" + job.id() + "/results")
                        .put("created_at", job.createdAt().toString())
                        .put("started_at", text(job.startedAt()))
                        .put("finished_at", text(job.finishedAt()))
                        .put("expires_at", job.expiresAt().toString());
        Tokens tokens = progress.tokens();
        json.putObject("usage")
                .put("prompt_tokens", tokens.prompt())
                .put("completion_tokens", tokens.completion())
                .put("total_tokens", tokens.total());
        json.put("cost", Prices.amount(tokens.costNanos()));
        json.put("uncounted_answers", tokens.uncounted());
        Double rate = rate(job, counts, now);
        json.put("rate_per_second", rate);
        if (rate != null && rate > 0 && !job.status().isTerminal() && job.paused() == null) {
            json.put("eta_seconds", (long) Math.ceil((total - counts.ended()) / rate));
        } else {
            json.putNull("eta_seconds");
        }
        return json.put("reason", job.paused() == null ? job.reason() : reason(job))
                .put("retry_of", job.input().retryOf())
                .put("pipeline", JobOptions.pipelineName(job))
                .put("task", JobOptions.taskName(job));
    }

    /// With the results of a job that has ended, when they are few enough.
    static ObjectNode withResults(Job job, Progress progress, Results results, Instant now) {
        ObjectNode json = of(job, progress, now);
        Job.Totals totals = job.totals();
        if (totals == null
                || job.input().itemCount() > RESULTS_ITEMS_MAX
                || totals.outputBytes() + totals.errorBytes() > RESULTS_BYTES_MAX) {
            return json;
        }
        ArrayNode texts = json.putArray("results");
        ArrayNode errors = json.putArray("errors");
        for (String line : lines(results)) {
            JsonNode result = parse(line);
            if (result.has("error")) {
                texts.addNull();
                ObjectNode error = errors.addObject();
                error.put("index", result.path("index").asLong())
                        .put("custom_id", result.path("custom_id").textValue())
                        .put("code", result.path("error").path("code").textValue())
                        .put("message", result.path("error").path("message").textValue());
                if (result.hasNonNull("stage")) {
                    error.set("stage", result.get("stage"));
                }
            } else {
                texts.add(result.path("result"));
            }
        }
        return json;
    }

    /// The word for where a job stands, at this door.
    static String status(Job job) {
        return switch (job.status()) {
            case VALIDATING, IN_PROGRESS -> job.paused() == null ? "processing" : "paused";
            case FINALIZING -> "processing";
            case COMPLETED, FAILED, EXPIRED, CANCELLING, CANCELLED -> job.status().wireName();
        };
    }

    private static String reason(Job job) {
        return job.paused() + ": " + job.reason();
    }

    /// Items a second since the start, as they were recorded; null before there is any.
    private static @Nullable Double rate(Job job, Counts counts, Instant now) {
        Instant started = job.startedAt();
        if (started == null || counts.ended() == 0) {
            return null;
        }
        Instant until = job.finishedAt() == null ? now : job.finishedAt();
        double seconds = Math.max(1, Duration.between(started, until).toMillis()) / 1000.0;
        return Math.round(counts.ended() / seconds * 10) / 10.0;
    }

    private static String[] lines(Results results) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try {
            results.write(Results.Order.INPUT, all);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        String text = all.toString(StandardCharsets.UTF_8);
        return text.isEmpty() ? new String[0] : text.split("\n", 0);
    }

    /// All of a result but the provider's own answer, which may be anything; it comes last.
    private static JsonNode parse(String line) {
        int body = line.indexOf(",\"body\":");
        return Json.read(body < 0 ? line : line.substring(0, body) + "}");
    }

    private static @Nullable String text(@Nullable Instant instant) {
        return instant == null ? null : instant.toString();
    }
}
