package io.penstock.batch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import io.penstock.json.Fields;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import io.penstock.llm.Prices;
import io.penstock.llm.Usage;
import io.penstock.pipeline.StageOutcome.Finished;
import io.penstock.store.StoreException;
import io.penstock.store.Tokens;
import io.penstock.tasks.TaskOutcome;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The outcome of one item as it is recorded and read, one line of JSON:
/// `{"index","custom_id","result","model","finish_reason","usage","attempts"}` or
/// `{"index","error":{"message","type","param","code"},"custom_id","attempts","status"?,
/// "provider_request_id"?}`. An item in OpenAI's form has the provider's whole answer too:
/// `"provider_request_id"` and `"body"`, and its result is null where the first choice has no text.
///
/// In a pipeline there are also `"stages":[{"name","result","model","finish_reason","usage",
/// "attempts"}…]`, those that are finished, and `"final_result"`, or with an error `"stage"`, the
/// one that failed; usage and attempts are those of all stages.
///
/// A row of a task has a result of any type and `"cost"`, both also of its failed attempts, and
/// `"fallback":true` where the result is no model's; one whose answers did not fit has `"raw"`.
///
/// A stage that is finished while its item has no outcome yet is a line `{"index","stage":{…}}`:
/// for the worker that goes on with the item, and not for readers. So is `{"index","stage":null,
/// "attempts","again","spent"?}`, which is written when a worker hands on what it has tried.
///
/// The index always comes first, and an error or a stage always second, so that lines can be sorted
/// and told apart without being parsed. The body comes last, byte for byte but for line ends. No
/// other class knows this layout.
final class ResultLine {

    private static final String INDEX = "{\"index\":";
    private static final String ERROR = ",\"error\":";
    private static final String STAGE = ",\"stage\":";
    private static final String TRIED = ",\"stage\":null";

    /// Never within a string, where a quotation mark has a backslash before it.
    private static final byte[] BODY = ",\"body\":".getBytes(StandardCharsets.US_ASCII);

    /// How far an item came in its pipeline.
    ///
    /// @param stages that are finished
    /// @param failed the stage without a usable answer; null when no stage is to blame
    record Reached(List<Finished> stages, @Nullable String failed) {}

    /// What was tried of an item that has no outcome yet.
    ///
    /// @param attempts requests that were made for it, without those for its finished stages
    /// @param again claims in which it failed although others were answered
    /// @param spent on answers that came to nothing
    /// @param failedMicros when the first attempt began of those that the provider has failed last,
    ///   in microseconds of the store's time; 0 for none
    record Tried(int attempts, int again, Tokens spent, long failedMicros) {

        static final Tried NOT = new Tried(0, 0, Tokens.NONE, 0);
    }

    private ResultLine() {}

    static byte[] completed(long index, @Nullable String customId, Completion done, int attempts) {
        ObjectNode line = Fields.JSON.createObjectNode().put("index", index);
        line.put("custom_id", customId)
                .put("result", done.text())
                .put("model", done.model())
                .put("finish_reason", done.finishReason());
        line.set("usage", usage(done.usage()));
        line.put("attempts", attempts);
        String body = done.body();
        if (body == null) {
            return bytes(line);
        }
        if (done.text().isEmpty()) {
            line.putNull("result");
        }
        line.put("provider_request_id", done.providerRequestId());
        // Outside of its strings JSON takes a line end for a space; inside there is none.
        line.putRawValue("body", new RawValue(body.replace('\n', ' ').replace('\r', ' ')));
        return bytes(line);
    }

    /// @param stages all of the pipeline's
    static byte[] completed(
            long index, @Nullable String customId, List<Finished> stages, int attempts) {
        Finished last = stages.getLast();
        ObjectNode line = Fields.JSON.createObjectNode().put("index", index);
        line.put("custom_id", customId)
                .put("result", last.result())
                .put("model", last.model())
                .put("finish_reason", last.finishReason());
        line.set("usage", usage(Finished.usage(stages)));
        line.put("attempts", attempts).set("stages", Finished.array(stages));
        return bytes(line.put("final_result", last.result()));
    }

    /// A row of a task.
    ///
    /// @param last answer of a model; null where there was none
    /// @param spent on it by all workers
    static byte[] returned(
            long index,
            @Nullable String customId,
            TaskOutcome.Returned returned,
            @Nullable Completion last,
            int attempts,
            Tokens spent) {
        ObjectNode line = Fields.JSON.createObjectNode().put("index", index);
        line.put("custom_id", customId).set("result", returned.value());
        if (returned.fallback()) {
            line.put("fallback", true);
        }
        line.put("model", last == null ? null : last.model())
                .put("finish_reason", last == null ? null : last.finishReason());
        putSpent(line, spent);
        return bytes(line.put("attempts", attempts));
    }

    private static void putSpent(ObjectNode line, Tokens spent) {
        line.set("usage", usage(Usage.of(spent)));
        line.put("cost", Prices.amount(spent.costNanos()));
    }

    static byte[] stage(long index, Finished stage) {
        ObjectNode line = Fields.JSON.createObjectNode().put("index", index);
        line.set("stage", stage.toJson());
        return bytes(line);
    }

    static byte[] tried(long index, Tried tried) {
        ObjectNode line =
                Fields.JSON
                        .createObjectNode()
                        .put("index", index)
                        .putNull("stage")
                        .put("attempts", tried.attempts)
                        .put("again", tried.again)
                        .put("failed", tried.failedMicros);
        if (!tried.spent.equals(Tokens.NONE)) {
            tried.spent.putTo(line.putObject("spent"));
        }
        return bytes(line);
    }

    private static @Nullable ObjectNode usage(@Nullable Usage usage) {
        return usage == null ? null : usage.toJson();
    }

    static byte[] failed(
            long index,
            @Nullable String customId,
            Failure failure,
            int attempts,
            @Nullable Reached reached) {
        return bytes(json(index, customId, failure, attempts, reached));
    }

    /// A row of a task.
    ///
    /// @param spent on it by all workers
    static byte[] failed(long index, Happened.Failed failed, Tokens spent) {
        ObjectNode line = json(index, failed.customId(), failed.failure(), failed.attempts(), null);
        putSpent(line, spent);
        if (failed.raw() != null) {
            line.put("raw", failed.raw());
        }
        return bytes(line);
    }

    private static ObjectNode json(
            long index,
            @Nullable String customId,
            Failure failure,
            int attempts,
            @Nullable Reached reached) {
        String code = failure.kind().code();
        if (failure.kind() == FailureKind.INVALID_REQUEST && failure.providerCode() != null) {
            code = failure.providerCode();
        }
        String type =
                switch (failure.kind()) {
                    case INVALID_REQUEST, CONTENT_FILTER -> "invalid_request_error";
                    case RATE_LIMITED, REJECTED -> "rate_limit_error";
                    default -> "provider_error";
                };
        ObjectNode line = json(index, customId, code, type, failure.message(), attempts, reached);
        ((ObjectNode) line.path("error")).put("param", failure.param());
        if (failure.status() != 0) {
            line.put("status", failure.status());
        }
        if (failure.requestId() != null) {
            line.put("provider_request_id", failure.requestId());
        }
        return line;
    }

    static byte[] error(
            long index,
            @Nullable String customId,
            String code,
            String type,
            String message,
            int attempts,
            @Nullable Reached reached) {
        return bytes(json(index, customId, code, type, message, attempts, reached));
    }

    private static ObjectNode json(
            long index,
            @Nullable String customId,
            String code,
            String type,
            String message,
            int attempts,
            @Nullable Reached reached) {
        ObjectNode line = Fields.JSON.createObjectNode().put("index", index);
        line.putObject("error")
                .put("message", message)
                .put("type", type)
                .putNull("param")
                .put("code", code);
        line.put("custom_id", customId).put("attempts", attempts);
        if (reached != null) {
            line.put("stage", reached.failed).set("stages", Finished.array(reached.stages));
        }
        return line;
    }

    /// The index that a line begins with.
    static long index(byte[] line) {
        long index = 0;
        for (int i = INDEX.length(); i < line.length && line[i] >= '0' && line[i] <= '9'; i++) {
            index = index * 10 + (line[i] - '0');
        }
        return index;
    }

    /// A line taken apart.
    ///
    /// @param head all but the body
    /// @param body the provider's whole answer as it was recorded; null when the line has none
    record Halves(JsonNode head, @Nullable RawValue body) {}

    /// Reads a line, and leaves its body as it is.
    static Halves read(byte[] line) {
        int at = body(line);
        if (at < 0) {
            return new Halves(parse(line), null);
        }
        byte[] head = Arrays.copyOf(line, at + 1);
        head[at] = '}';
        int from = at + BODY.length;
        String body = new String(line, from, line.length - 1 - from, StandardCharsets.UTF_8);
        return new Halves(parse(head), new RawValue(body));
    }

    /// Where the comma before a line's body is; -1 when it has none.
    private static int body(byte[] line) {
        for (int i = 0; i + BODY.length <= line.length; i++) {
            if (line[i] == ',' && Arrays.equals(line, i, i + BODY.length, BODY, 0, BODY.length)) {
                return i;
            }
        }
        return -1;
    }

    /// Whether a line tells of an error.
    static boolean isError(byte[] line) {
        return isSecond(ERROR, line);
    }

    /// Whether a line tells of a finished stage, or of what was tried, and of no outcome.
    static boolean isStage(byte[] line) {
        return isSecond(STAGE, line);
    }

    /// Whether a line tells of what was tried.
    static boolean isTried(byte[] line) {
        return isSecond(TRIED, line);
    }

    /// What such a line tells of.
    static Tried tried(byte[] line) {
        JsonNode tried = parse(line);
        return new Tried(
                tried.path("attempts").asInt(),
                tried.path("again").asInt(),
                Tokens.of(tried.path("spent")),
                tried.path("failed").asLong());
    }

    /// The stage that a line tells of.
    static Finished stage(byte[] line) {
        return Finished.of(parse(line).path("stage"));
    }

    /// The finished stages that an outcome tells of.
    static List<Finished> stages(byte[] line) {
        return Finished.all(parse(line).path("stages"));
    }

    private static JsonNode parse(byte[] line) {
        try {
            return Fields.JSON.readTree(line);
        } catch (IOException damaged) {
            throw new StoreException("A recorded line is not JSON", damaged);
        }
    }

    private static boolean isSecond(String name, byte[] line) {
        int at = INDEX.length();
        while (at < line.length && line[at] >= '0' && line[at] <= '9') {
            at++;
        }
        for (int i = 0; i < name.length(); i++) {
            if (at + i >= line.length || line[at + i] != name.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    static void append(ByteArrayOutputStream lines, byte[] line) {
        lines.writeBytes(line);
        lines.write('\n');
    }

    /// A line's bytes, without the line end.
    static byte[] bytes(ObjectNode line) {
        try {
            return Fields.JSON.writeValueAsBytes(line);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("A tree of JSON nodes is always writable", impossible);
        }
    }
}
