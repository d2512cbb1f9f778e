package io.penstock.testing.lambda;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.penstock.testing.Caller;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/// An HTTP API whose every route is a function: AWS documentation, "Create AWS Lambda proxy
/// integrations for HTTP APIs in API Gateway", payload format 2.0.
public final class HttpFront implements AutoCloseable {

    /// "Quotas for configuring and running an HTTP API": the integration's timeout and the size of
    /// a payload.
    private static final long TIMEOUT_SECONDS = 30;

    private static final int BODY_MAX = 10 << 20;

    /// What is handed on as text; all else is base64.
    private static final Pattern TEXT =
            Pattern.compile("text/.*|application/(json|javascript|xml|[^;]*\\+(json|xml))(;.*)?");

    private final HttpServer server;
    private final Invocation function;

    /// What answers the events.
    public interface Invocation {
        Outcome invoke(String event) throws InterruptedException;
    }

    public HttpFront(Invocation function) {
        this(function, 0);
    }

    /// @param port 0 for any that is free
    public HttpFront(Invocation function, int port) {
        this.function = function;
        try {
            server =
                    HttpServer.create(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::handle);
        server.start();
    }

    /// Where the API is.
    public URI url() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    @Override
    public void close() {
        server.stop(0);
    }

    private void handle(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readNBytes(BODY_MAX + 1);
        if (body.length > BODY_MAX) {
            answer(exchange, 413, "{\"message\":\"Request Entity Too Large\"}");
            return;
        }
        try {
            Outcome outcome = invoke(event(exchange, body).toString());
            switch (outcome) {
                case Outcome.Answered(String answer) -> answer(exchange, answer);
                case Outcome.Failed _ ->
                        answer(exchange, 500, "{\"message\":\"Internal Server Error\"}");
                case Outcome.Throttled _ -> unavailable(exchange);
            }
        } catch (TimeoutException _) {
            unavailable(exchange);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Who called hears of the gateway's timeout; the function goes on.
    private Outcome invoke(String event) throws InterruptedException, TimeoutException {
        CompletableFuture<Outcome> outcome = new CompletableFuture<>();
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        outcome.complete(function.invoke(event));
                    } catch (InterruptedException | RuntimeException | AssertionError failed) {
                        outcome.complete(new Outcome.Failed(failed.toString()));
                    }
                });
        try {
            return outcome.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException impossible) {
            throw new AssertionError(impossible);
        }
    }

    private static void unavailable(HttpExchange exchange) throws IOException {
        answer(exchange, 503, "{\"message\":\"Service Unavailable\"}");
    }

    /// The event of a request.
    static ObjectNode event(HttpExchange exchange, byte[] body) {
        URI target = exchange.getRequestURI();
        ObjectNode event = Caller.JSON.createObjectNode();
        event.put("version", "2.0").put("routeKey", "$default");
        event.put("rawPath", target.getPath());
        event.put("rawQueryString", target.getRawQuery() == null ? "" : target.getRawQuery());
        ObjectNode headers = event.putObject("headers");
        exchange.getRequestHeaders()
                .forEach((name, values) -> {
                    String lower = name.toLowerCase(Locale.ROOT);
                    if (lower.equals("cookie")) {
                        var cookies = event.putArray("cookies");
                        values.forEach(value -> List.of(value.split("; *")).forEach(cookies::add));
                    } else {
                        headers.put(lower, String.join(",", values));
                    }
                });
        if (target.getRawQuery() != null) {
            ObjectNode query = event.putObject("queryStringParameters");
            for (String pair : target.getQuery().split("&")) {
                int at = pair.indexOf('=');
                query.put(
                        at < 0 ? pair : pair.substring(0, at),
                        at < 0 ? "" : pair.substring(at + 1));
            }
        }
        ObjectNode context = event.putObject("requestContext");
        context.put("accountId", "123456789012")
                .put("apiId", "local")
                .put("domainName", "local.execute-api.eu-central-1.amazonaws.com")
                .put("domainPrefix", "local")
                .put("requestId", UUID.randomUUID().toString())
                .put("routeKey", "$default")
                .put("stage", "$default")
                .put("timeEpoch", System.currentTimeMillis());
        context.putObject("http")
                .put("method", exchange.getRequestMethod())
                .put("path", target.getPath())
                .put("protocol", "HTTP/1.1")
                .put("sourceIp", "127.0.0.1")
                .put("userAgent", headers.path("user-agent").asText());
        if (body.length > 0) {
            boolean isText =
                    TEXT.matcher(headers.path("content-type").asText().toLowerCase(Locale.ROOT))
                            .matches();
            event.put(
                    "body",
                    isText
                            ? new String(body, StandardCharsets.UTF_8)
                            : Base64.getEncoder().encodeToString(body));
            event.put("isBase64Encoded", !isText);
        } else {
            event.put("isBase64Encoded", false);
        }
        return event;
    }

    private static void answer(HttpExchange exchange, String answer) throws IOException {
        JsonNode json;
        try {
            json = Caller.JSON.readTree(answer);
        } catch (JsonProcessingException notJson) {
            answer(exchange, 500, "{\"message\":\"Internal Server Error\"}");
            return;
        }
        if (!json.has("statusCode")) {
            // "Format 2.0: API Gateway can infer the response format".
            answer(exchange, 200, answer);
            return;
        }
        json.path("headers")
                .properties()
                .forEach(header ->
                        exchange.getResponseHeaders()
                                .add(header.getKey(), header.getValue().asText()));
        json.path("cookies")
                .forEach(
                        cookie -> exchange.getResponseHeaders().add("set-cookie", cookie.asText()));
        String text = json.path("body").asText("");
        write(
                exchange,
                json.path("statusCode").asInt(),
                json.path("isBase64Encoded").asBoolean()
                        ? Base64.getDecoder().decode(text)
                        : text.getBytes(StandardCharsets.UTF_8));
    }

    private static void answer(HttpExchange exchange, int status, String json) throws IOException {
        exchange.getResponseHeaders().set("content-type", "application/json");
        write(exchange, status, json.getBytes(StandardCharsets.UTF_8));
    }

    private static void write(HttpExchange exchange, int status, byte[] body) throws IOException {
        boolean none = body.length == 0 || exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(status, none ? -1 : body.length);
        if (!none) {
            exchange.getResponseBody().write(body);
        }
        exchange.close();
    }
}
