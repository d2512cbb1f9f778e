package io.penstock.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The packaged application as a Lambda function behind an HTTP API.
public final class Function implements Door, AutoCloseable {

    private static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final RuntimeApi lambda;
    private final PackagedApplication application;

    /// Starts it and waits until it asks for its first event.
    ///
    /// @param environment the function's own variables
    public Function(Map<String, String> environment) {
        this(environment, TIMEOUT);
    }

    /// @param timeout the function's
    public Function(Map<String, String> environment, Duration timeout) {
        this(environment, timeout, List.of());
    }

    /// @param options of its process, `-D…`
    public Function(Map<String, String> environment, List<String> options) {
        this(environment, TIMEOUT, options);
    }

    private Function(Map<String, String> environment, Duration timeout, List<String> options) {
        lambda = new RuntimeApi(timeout);
        Map<String, String> all = new HashMap<>(environment);
        all.put("AWS_LAMBDA_RUNTIME_API", lambda.authority());
        application = PackagedApplication.function(all, options);
        lambda.awaitStarted(START_LIMIT);
    }

    /// What a caller of the HTTP API gets.
    public record Answer(int status, JsonNode headers, JsonNode body) {}

    /// Posts to `/complete`.
    public Answer complete(ObjectNode body) {
        ObjectNode event = Caller.JSON.createObjectNode();
        event.put("version", "2.0").put("routeKey", "$default").put("rawPath", "/complete");
        event.put("rawQueryString", "").put("isBase64Encoded", false).put("body", body.toString());
        event.putObject("headers").put("content-type", "application/json").put("host", "x");
        event.putObject("requestContext")
                .putObject("http")
                .put("method", "POST")
                .put("path", "/complete")
                .put("sourceIp", "192.0.2.1");
        return invoke(event);
    }

    /// Sends any event.
    public Answer invoke(ObjectNode event) {
        return invoke(event.toString());
    }

    /// Sends any event as it is.
    public Answer invoke(String event) {
        JsonNode answer = Caller.parse(answer(event));
        return new Answer(
                answer.path("statusCode").asInt(),
                answer.path("headers"),
                Caller.parse(answer.path("body").asText()));
    }

    /// Sends any event to a function behind anything else than an HTTP API.
    public String answer(String event) {
        return lambda.invoke(event);
    }

    @Override
    public Raw call(String method, String target, String contentType, String body) {
        int query = target.indexOf('?');
        ObjectNode event = Caller.JSON.createObjectNode();
        event.put("version", "2.0").put("routeKey", "$default");
        event.put("rawPath", query < 0 ? target : target.substring(0, query));
        event.put("rawQueryString", query < 0 ? "" : target.substring(query + 1));
        event.put("isBase64Encoded", false).put("body", body);
        event.putObject("headers").put("content-type", contentType).put("host", "x");
        event.putObject("requestContext").putObject("http").put("method", method);
        JsonNode answer = Caller.parse(lambda.invoke(event.toString()));
        String text = answer.path("body").asText();
        return new Raw(
                answer.path("statusCode").asInt(),
                answer.path("headers"),
                answer.path("isBase64Encoded").asBoolean()
                        ? new String(
                                java.util.Base64.getDecoder().decode(text),
                                java.nio.charset.StandardCharsets.UTF_8)
                        : text);
    }

    /// Ends the process as `kill -9` does and waits until it is gone.
    public void kill() {
        close();
        application.awaitGone();
    }

    /// Sends the process a signal such as `STOP`.
    public void signal(String name) {
        application.signal(name);
    }

    public long pid() {
        return application.pid();
    }

    /// What the process has printed.
    public String log() {
        return application.log();
    }

    @Override
    public void close() {
        application.close();
        lambda.close();
    }
}
