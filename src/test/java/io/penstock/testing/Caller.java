package io.penstock.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/// Somebody who calls Penstock over HTTP.
public final class Caller {

    public static final ObjectMapper JSON = new ObjectMapper();

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI base;
    private final @Nullable String key;

    public Caller(URI base) {
        this(base, null);
    }

    private Caller(URI base, @Nullable String key) {
        this.base = base;
        this.key = key;
    }

    /// One that shows a key with each request.
    public Caller showing(String itsKey) {
        return new Caller(base, itsKey);
    }

    /// An answer as it came.
    public record Answer(HttpResponse<String> http) {

        public int status() {
            return http.statusCode();
        }

        public String body() {
            return http.body();
        }

        public JsonNode json() {
            return parse(http.body());
        }

        public String header(String name) {
            return http.headers().firstValue(name).orElse("");
        }

        /// The error's code, or an empty text.
        public String code() {
            return json().path("error").path("code").asText("");
        }

        /// The data of the server-sent events.
        public List<JsonNode> events() {
            List<JsonNode> events = new ArrayList<>();
            for (String line : http.body().split("\n")) {
                if (line.startsWith("data:")) {
                    events.add(parse(line.substring("data:".length())));
                }
            }
            return events;
        }
    }

    public static ObjectNode prompt(String text) {
        return JSON.createObjectNode().put("prompt", text);
    }

    public Answer complete(String prompt) {
        return complete(prompt(prompt));
    }

    public Answer complete(ObjectNode body) {
        return join(completeAsync(body));
    }

    public CompletableFuture<Answer> completeAsync(ObjectNode body) {
        return send(json(body.toString()).build());
    }

    public Answer stream(String prompt) {
        return stream(prompt(prompt));
    }

    public Answer stream(ObjectNode body) {
        return join(streamAsync(body));
    }

    public CompletableFuture<Answer> streamAsync(ObjectNode body) {
        return send(json(body.toString()).header("accept", "text/event-stream").build());
    }

    /// A request to `/complete` to be finished by the test.
    public HttpRequest.Builder json(String body) {
        return request("/complete")
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body));
    }

    public HttpRequest.Builder request(String path) {
        HttpRequest.Builder request = HttpRequest.newBuilder(base.resolve(path)).timeout(LIMIT);
        return key == null ? request : request.header("authorization", "Bearer " + key);
    }

    public CompletableFuture<Answer> send(HttpRequest request) {
        return client.sendAsync(request, HttpResponse.BodyHandlers.ofString())
                .thenApply(Answer::new);
    }

    public HttpClient client() {
        return client;
    }

    public static <T> T join(CompletableFuture<T> future) {
        try {
            return future.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof IOException io) {
                throw new UncheckedIOException(io);
            }
            throw e;
        }
    }

    public static JsonNode parse(String json) {
        try {
            return JSON.readTree(json);
        } catch (IOException e) {
            throw new UncheckedIOException("Not JSON: " + json, e);
        }
    }
}
