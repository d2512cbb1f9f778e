package io.penstock.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/// A provider that keeps what it was sent, to the letter, and gives every request the same answer.
public final class RecordingServer implements AutoCloseable {

    private static final String ANSWER =
            """
            {"id":"c1","object":"chat.completion","created":1,"model":"served-model","choices":[{"index":0,\
            "message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}],\
            "usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}\
            """;

    /// What came.
    public record Received(String path, Headers headers, String text) {

        public JsonNode body() {
            return Caller.parse(text);
        }
    }

    private final HttpServer server;
    private final boolean isSecure;
    private final String answer;
    private final BlockingQueue<Received> received = new LinkedBlockingQueue<>();

    public RecordingServer() {
        this(null, ANSWER);
    }

    /// @param answer to every request
    public RecordingServer(String answer) {
        this(null, answer);
    }

    /// Speaks HTTPS.
    public RecordingServer(SSLContext secure) {
        this(secure, ANSWER);
    }

    private RecordingServer(@Nullable SSLContext secure, String answer) {
        this.answer = answer;
        isSecure = secure != null;
        try {
            InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
            if (secure == null) {
                server = HttpServer.create(any, 0);
            } else {
                HttpsServer https = HttpsServer.create(any, 0);
                https.setHttpsConfigurator(new HttpsConfigurator(secure));
                server = https;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.createContext("/", this::answer);
        server.start();
    }

    public String baseUrl() {
        return (isSecure ? "https://localhost:" : "http://127.0.0.1:")
                + server.getAddress().getPort()
                + "/some/v1";
    }

    /// The oldest request not yet taken.
    public Received take() throws InterruptedException {
        return received.take();
    }

    @Override
    public void close() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        received.add(
                new Received(
                        exchange.getRequestURI().toString(), exchange.getRequestHeaders(), body));
        byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("content-type", "application/json");
        exchange.getResponseHeaders().set("x-request-id", "req_recorded");
        exchange.sendResponseHeaders(200, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }
}
