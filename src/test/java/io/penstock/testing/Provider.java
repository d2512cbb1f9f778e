package io.penstock.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.config.ConfigProvider;

/// The simulated provider as tests steer and watch it, over its admin API.
public final class Provider {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private final URI admin;

    private Provider(URI baseUrl) {
        this.admin = baseUrl.resolve("/admin/");
    }

    /// The one that the application under test calls.
    public static Provider configured() {
        return at(ConfigProvider.getConfig().getValue("penstock.llm.base-url", String.class));
    }

    /// The one at `baseUrl`.
    public static Provider at(String baseUrl) {
        return new Provider(URI.create(baseUrl));
    }

    /// Where its admin API is.
    public URI admin() {
        return admin;
    }

    /// Forgets what has happened and opens what is held.
    public Provider reset() {
        send("DELETE", "gates", "");
        send("DELETE", "behaviour", "");
        await("in_flight_at_most=0", Duration.ofSeconds(20));
        send("DELETE", "log", "");
        return this;
    }

    /// Sets the behaviour for prompts without a marker.
    public void behave(String json) {
        send("PUT", "behaviour", json);
    }

    /// Calls it as another program on the same account does.
    public void complete(String prompt) {
        send(
                "POST",
                "../v1/chat/completions",
                JSON.valueToTree(
                                Map.of(
                                        "model",
                                        "another",
                                        "messages",
                                        List.of(Map.of("role", "user", "content", prompt))))
                        .toString());
    }

    public void open(String gate) {
        send("POST", "gates/" + gate, "");
    }

    public JsonNode stats() {
        return send("GET", "stats", "").json();
    }

    /// Log entries whose prompt contains `word`, oldest first.
    public List<JsonNode> log(String word) {
        List<JsonNode> matching = new ArrayList<>();
        for (JsonNode entry : send("GET", "log", "").json().path("entries")) {
            if (entry.path("key").asText().contains(word)) {
                matching.add(entry);
            }
        }
        return matching;
    }

    /// How many of some calls the provider had at once, at most.
    public static int peak(List<JsonNode> calls) {
        int peak = 0;
        for (JsonNode call : calls) {
            double at = call.path("at").asDouble();
            long besides =
                    calls.stream()
                            .filter(other ->
                                    other.path("at").asDouble() <= at
                                            && other.path("ended_at").asDouble(Double.MAX_VALUE)
                                                    > at)
                            .count();
            peak = Math.max(peak, (int) besides);
        }
        return peak;
    }

    /// Every log entry, oldest first, read in pages.
    ///
    /// @throws AssertionError when the log was too small to keep them all
    public List<JsonNode> wholeLog() {
        List<JsonNode> all = new ArrayList<>();
        long after = 0;
        while (true) {
            JsonNode page = send("GET", "log?after=" + after + "&limit=2000", "").json();
            if (page.path("dropped").asLong() > 0) {
                throw new AssertionError("The log has dropped " + page.path("dropped"));
            }
            if (page.path("entries").isEmpty()) {
                return all;
            }
            page.path("entries").forEach(all::add);
            after = all.getLast().path("seq").asLong();
        }
    }

    /// Waits for a condition such as `requests=3`.
    ///
    /// @throws AssertionError when it does not come
    public JsonNode await(String condition, Duration limit) {
        Reply reply = send("GET", "await?" + condition + "&timeout_ms=" + limit.toMillis(), "");
        if (reply.status != 200) {
            throw new AssertionError(condition + " did not come in " + limit + ": " + reply.body);
        }
        return reply.json();
    }

    private Reply send(String method, String path, String body) {
        try {
            HttpResponse<String> answer =
                    CLIENT.send(
                            HttpRequest.newBuilder(admin.resolve(path))
                                    .header("authorization", "Bearer test")
                                    .method(method, HttpRequest.BodyPublishers.ofString(body))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() >= 400 && answer.statusCode() != 408) {
                throw new AssertionError(method + " " + path + ": " + answer.body());
            }
            return new Reply(answer.statusCode(), answer.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private record Reply(int status, String body) {

        JsonNode json() {
            try {
                return JSON.readTree(body);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
