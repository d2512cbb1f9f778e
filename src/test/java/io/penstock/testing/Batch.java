package io.penstock.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.testing.Caller.Answer;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/// A batch as its owner sees it, over HTTP.
public record Batch(Caller caller, String id) {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    /// Submits a JSON body.
    public static Answer submit(Caller caller, String body, String... headers) {
        return send(caller, "application/json", body, headers);
    }

    /// Submits JSON Lines.
    public static Answer submitLines(Caller caller, String lines, String... headers) {
        return send(caller, "application/jsonl", lines, headers);
    }

    private static Answer send(Caller caller, String type, String body, String... headers) {
        HttpRequest.Builder request =
                caller.request("/batch")
                        .header("content-type", type)
                        .POST(HttpRequest.BodyPublishers.ofString(body));
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        return Caller.join(caller.send(request.build()));
    }

    /// The batch that an answer tells of.
    public static Batch of(Caller caller, Answer submitted) {
        return new Batch(caller, submitted.json().path("job_id").asText());
    }

    /// A batch of so many prompts, each with its number in a form.
    public static Batch ofPrompts(Caller caller, int count, String form) {
        ObjectNode body = Caller.JSON.createObjectNode();
        ArrayNode prompts = body.putArray("prompts");
        for (int i = 0; i < count; i++) {
            prompts.add(form.formatted(i));
        }
        return of(caller, submit(caller, body.toString()));
    }

    public JsonNode status() {
        return get("").json();
    }

    public Answer get(String below) {
        return Caller.join(caller.send(caller.request("/batch/" + id + below).build()));
    }

    public Answer post(String below) {
        return Caller.join(
                caller.send(
                        caller.request("/batch/" + id + below)
                                .POST(HttpRequest.BodyPublishers.noBody())
                                .build()));
    }

    public Answer delete() {
        return Caller.join(caller.send(caller.request("/batch/" + id).DELETE().build()));
    }

    /// Asks until the status is as wanted.
    public JsonNode await(Predicate<JsonNode> wanted) {
        long end = System.nanoTime() + LIMIT.toNanos();
        JsonNode status = status();
        while (!wanted.test(status)) {
            if (System.nanoTime() > end) {
                throw new AssertionError("It did not come to that: " + status);
            }
            status = status();
        }
        return status;
    }

    public JsonNode awaitStatus(String wanted) {
        return await(status -> status.path("status").asText().equals(wanted));
    }

    /// The lines of an answer.
    public static List<JsonNode> lines(Answer answer) {
        List<JsonNode> lines = new ArrayList<>();
        answer.body().lines().forEach(line -> lines.add(Caller.parse(line)));
        return lines;
    }

    /// The indices of the items in an answer's lines, as they come.
    public static List<Integer> indices(Answer results) {
        return lines(results).stream().map(line -> line.path("index").asInt()).toList();
    }

    /// All items that a status counts.
    public static int sum(JsonNode status) {
        return Stream.of("completed", "failed", "expired", "cancelled", "pending")
                .mapToInt(count -> status.path(count).asInt())
                .sum();
    }
}
