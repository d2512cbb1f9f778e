package io.penstock.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/// AWS Secrets Manager with one secret, as far as GetSecretValue goes (API reference).
public final class Secrets implements AutoCloseable {

    private final HttpServer server;
    private final String name;
    private final String text;
    private final List<String> asked = new CopyOnWriteArrayList<>();

    public Secrets(String name, String text) {
        this.name = name;
        this.text = text;
        try {
            server =
                    HttpServer.create(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.createContext("/", this::answer);
        server.start();
    }

    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /// Variables for a process that reads its secrets here.
    public Map<String, String> environment() {
        Map<String, String> environment = new HashMap<>();
        environment.put("AWS_REGION", "eu-central-1");
        environment.put("AWS_ACCESS_KEY_ID", "penstock");
        environment.put("AWS_SECRET_ACCESS_KEY", "penstock-test");
        environment.put("AWS_ENDPOINT_URL_SECRETS_MANAGER", endpoint().toString());
        return environment;
    }

    /// The operations that were asked for, with the secrets.
    public List<String> asked() {
        return asked;
    }

    @Override
    public void close() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String operation = exchange.getRequestHeaders().getFirst("X-Amz-Target");
        JsonNode body =
                Caller.parse(
                        new String(
                                exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
        String wanted = body.path("SecretId").asText();
        asked.add(operation + " " + wanted);
        ObjectNode answer = Caller.JSON.createObjectNode();
        boolean known = wanted.equals(name);
        if (known) {
            answer.put("Name", name).put("SecretString", text);
        } else {
            answer.put("__type", "ResourceNotFoundException")
                    .put("message", "Secrets Manager can't find the specified secret.");
        }
        byte[] bytes = answer.toString().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("content-type", "application/x-amz-json-1.1");
        exchange.sendResponseHeaders(known ? 200 : 400, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }
}
