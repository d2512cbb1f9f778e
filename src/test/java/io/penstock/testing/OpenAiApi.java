package io.penstock.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.testing.Caller.Answer;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;

/// `/v1/files` and `/v1/batches` as HTTP has them, without any SDK.
public record OpenAiApi(Caller caller) {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String BOUNDARY = "----boundary";

    /// A part of a form that is a field.
    public static String field(String name, String value) {
        return part("form-data; name=\"" + name + "\"", value);
    }

    /// A part of a form that is a file.
    public static String file(String filename, String content) {
        return part("form-data; name=\"file\"; filename=\"" + filename + "\"", content);
    }

    /// A part of a form.
    public static String part(String disposition, String content) {
        return "--"
                + BOUNDARY
                + "\r\nContent-Disposition: "
                + disposition
                + "\r\n\r\n"
                + content
                + "\r\n";
    }

    /// Posts a form of such parts.
    public Answer form(String... parts) {
        return post(
                "/v1/files",
                "multipart/form-data; boundary=" + BOUNDARY,
                String.join("", parts) + "--" + BOUNDARY + "--\r\n");
    }

    public Answer post(String path, String type, String body) {
        return Caller.join(
                caller.send(
                        caller.request(path)
                                .header("content-type", type)
                                .POST(HttpRequest.BodyPublishers.ofString(body))
                                .build()));
    }

    public Answer json(String path, ObjectNode body) {
        return post(path, "application/json", body.toString());
    }

    public Answer get(String path) {
        return Caller.join(caller.send(caller.request(path).build()));
    }

    public Answer delete(String path) {
        return Caller.join(caller.send(caller.request(path).DELETE().build()));
    }

    /// The id of a file of these lines.
    public String upload(String lines) {
        Answer answer = form(field("purpose", "batch"), file("lines.jsonl", lines));
        if (answer.status() != 200) {
            throw new AssertionError(answer.body());
        }
        return answer.json().path("id").asText();
    }

    /// What asks for a batch of a file.
    public static ObjectNode batch(String file) {
        return Caller.JSON
                .createObjectNode()
                .put("input_file_id", file)
                .put("endpoint", "/v1/chat/completions")
                .put("completion_window", "24h");
    }

    /// A line that asks for one completion.
    public static String line(String id, String content) {
        ObjectNode line = Caller.JSON.createObjectNode().put("custom_id", id);
        line.put("method", "POST").put("url", "/v1/chat/completions");
        line.putObject("body")
                .put("model", "gpt-4o-mini")
                .putArray("messages")
                .addObject()
                .put("role", "user")
                .put("content", content);
        return line + "\n";
    }

    /// Asks until a batch is as wanted.
    public JsonNode await(String id, Predicate<JsonNode> wanted) {
        long end = System.nanoTime() + LIMIT.toNanos();
        JsonNode batch = get("/v1/batches/" + id).json();
        while (!wanted.test(batch)) {
            if (System.nanoTime() > end) {
                throw new AssertionError("It did not come to that: " + batch);
            }
            batch = get("/v1/batches/" + id).json();
        }
        return batch;
    }

    public JsonNode awaitStatus(String id, String status) {
        return await(id, batch -> batch.path("status").asText().equals(status));
    }

    /// The lines of a file.
    public List<JsonNode> lines(String file) {
        return Batch.lines(get("/v1/files/" + file + "/content"));
    }

    /// Bytes of a text in UTF-8.
    public static int size(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
