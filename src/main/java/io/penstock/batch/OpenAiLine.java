package io.penstock.batch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.store.StoreException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// The outcome of one item as OpenAI's batch API writes it (API reference, "The request output
/// object"): `{"id","custom_id","response":{"status_code","request_id","body"},"error":null}`, and
/// with `"response":null,"error":{"code","message"}` where there was no HTTP answer.
final class OpenAiLine {

    private OpenAiLine() {}

    /// @param line as [ResultLine] wrote it
    /// @param area of the item's job
    static byte[] of(byte[] line, String area) {
        int body = ResultLine.body(line);
        JsonNode ours = parse(line, body);
        String id = "batch_req_%s%08x".formatted(area, ResultLine.index(line));
        ObjectNode head =
                Fields.JSON
                        .createObjectNode()
                        .put("id", id)
                        .put("custom_id", ours.path("custom_id").textValue());
        JsonNode error = ours.path("error");
        if (!error.isMissingNode()) {
            return bytes(failed(head, ours, error, id));
        }
        String requestId = ours.path("provider_request_id").asText(id);
        if (body < 0) {
            throw new IllegalStateException("Item " + ours.path("index") + " has no body");
        }
        byte[] start =
                bytes(
                        head.set(
                                "response",
                                Fields.JSON
                                        .createObjectNode()
                                        .put("status_code", 200)
                                        .put("request_id", requestId)));
        ByteArrayOutputStream whole = new ByteArrayOutputStream(start.length + line.length - body);
        // Into the response, which is the last of the object.
        whole.write(start, 0, start.length - 2);
        whole.write(line, body, line.length - body - 1);
        whole.writeBytes("},\"error\":null}".getBytes(StandardCharsets.US_ASCII));
        return whole.toByteArray();
    }

    private static ObjectNode failed(ObjectNode head, JsonNode ours, JsonNode error, String id) {
        if (ours.has("status")) {
            ObjectNode response =
                    head.putObject("response")
                            .put("status_code", ours.path("status").asInt())
                            .put("request_id", id);
            response.putObject("body").set("error", error);
            return head.putNull("error");
        }
        head.putNull("response")
                .putObject("error")
                .put("code", code(error.path("code").asText()))
                .put("message", error.path("message").asText());
        return head;
    }

    /// The words that OpenAI has for what got no HTTP answer.
    private static String code(String ours) {
        return switch (ours) {
            case "batch_expired", "batch_cancelled" -> ours;
            case "timeout", "deadline_exceeded" -> "request_timeout";
            default -> "batch_failed";
        };
    }

    /// All but the body.
    private static JsonNode parse(byte[] line, int body) {
        byte[] head = line;
        if (body >= 0) {
            head = Arrays.copyOf(line, body + 1);
            head[body] = '}';
        }
        try {
            return Fields.JSON.readTree(head);
        } catch (IOException damaged) {
            throw new StoreException("A recorded result is not JSON", damaged);
        }
    }

    private static byte[] bytes(JsonNode json) {
        try {
            return Fields.JSON.writeValueAsBytes(json);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("A tree of JSON nodes is always writable", impossible);
        }
    }
}
