package io.penstock.batch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import io.penstock.llm.Fields;
import io.penstock.llm.Usage;
import java.io.ByteArrayOutputStream;
import org.jspecify.annotations.Nullable;

/// The outcome of one item as it is recorded and read, one line of JSON:
/// `{"index","custom_id","result","model","finish_reason","usage","attempts"}` or
/// `{"index","error":{"message","type","param","code"},"custom_id","attempts"}`.
///
/// The index always comes first, and an error always second, so that lines can be sorted and told
/// apart without being parsed.
final class ResultLine {

    private static final String INDEX = "{\"index\":";
    private static final String ERROR = ",\"error\":";

    private ResultLine() {}

    static byte[] completed(long index, @Nullable String customId, Completion done, int attempts) {
        ObjectNode line = Fields.JSON.createObjectNode().put("index", index);
        line.put("custom_id", customId)
                .put("result", done.text())
                .put("model", done.model())
                .put("finish_reason", done.finishReason());
        Usage usage = done.usage();
        if (usage == null) {
            line.putNull("usage");
        } else {
            line.putObject("usage")
                    .put("prompt_tokens", usage.promptTokens())
                    .put("completion_tokens", usage.completionTokens())
                    .put("total_tokens", usage.totalTokens());
        }
        return bytes(line.put("attempts", attempts));
    }

    static byte[] failed(long index, @Nullable String customId, Failure failure, int attempts) {
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
        return error(index, customId, code, type, failure.message(), attempts);
    }

    static byte[] error(
            long index,
            @Nullable String customId,
            String code,
            String type,
            String message,
            int attempts) {
        ObjectNode line = Fields.JSON.createObjectNode().put("index", index);
        line.putObject("error")
                .put("message", message)
                .put("type", type)
                .putNull("param")
                .put("code", code);
        return bytes(line.put("custom_id", customId).put("attempts", attempts));
    }

    /// The index that a line begins with.
    static long index(byte[] line) {
        long index = 0;
        for (int i = INDEX.length(); i < line.length && line[i] >= '0' && line[i] <= '9'; i++) {
            index = index * 10 + (line[i] - '0');
        }
        return index;
    }

    /// Whether a line tells of an error.
    static boolean isError(byte[] line) {
        int at = INDEX.length();
        while (at < line.length && line[at] >= '0' && line[at] <= '9') {
            at++;
        }
        for (int i = 0; i < ERROR.length(); i++) {
            if (at + i >= line.length || line[at + i] != ERROR.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    static void append(ByteArrayOutputStream lines, byte[] line) {
        lines.writeBytes(line);
        lines.write('\n');
    }

    private static byte[] bytes(ObjectNode line) {
        try {
            return Fields.JSON.writeValueAsBytes(line);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("A tree of JSON nodes is always writable", impossible);
        }
    }
}
