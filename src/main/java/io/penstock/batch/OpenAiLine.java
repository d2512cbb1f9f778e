package io.penstock.batch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;

/// The outcome of one item as OpenAI's batch API writes it (API reference, "The request output
/// object"): `{"id","custom_id","response":{"status_code","request_id","body"},"error":null}`, and
/// with `"response":null,"error":{"code","message"}` where there was no HTTP answer.
final class OpenAiLine {

    private OpenAiLine() {}

    /// @param recorded a line that [ResultLine] wrote
    /// @param area of the item's job
    static byte[] of(byte[] recorded, String area) {
        ResultLine.Halves read = ResultLine.read(recorded);
        JsonNode head = read.head();
        String id = "batch_req_%s%08x".formatted(area, ResultLine.index(recorded));
        ObjectNode line =
                Fields.JSON
                        .createObjectNode()
                        .put("id", id)
                        .put("custom_id", head.path("custom_id").textValue());
        if (head.has("error")) {
            fail(line, head, id);
        } else if (read.body() == null) {
            throw new IllegalStateException("Item " + head.path("index") + " has no body");
        } else {
            line.putObject("response")
                    .put("status_code", 200)
                    .put("request_id", head.path("provider_request_id").asText(id))
                    .putRawValue("body", read.body());
            line.putNull("error");
        }
        return ResultLine.bytes(line);
    }

    private static void fail(ObjectNode line, JsonNode head, String id) {
        JsonNode error = head.path("error");
        if (head.has("status")) {
            line.putObject("response")
                    .put("status_code", head.path("status").asInt())
                    .put("request_id", head.path("provider_request_id").asText(id))
                    .putObject("body")
                    .set("error", error);
            line.putNull("error");
        } else {
            line.putNull("response")
                    .putObject("error")
                    .put("code", code(error.path("code").asText()))
                    .put("message", error.path("message").asText());
        }
    }

    /// The words that OpenAI has for an item that got no HTTP answer.
    private static String code(String ours) {
        return switch (ours) {
            case "batch_expired", "batch_cancelled" -> ours;
            case "timeout", "deadline_exceeded" -> "request_timeout";
            default -> "batch_failed";
        };
    }
}
