package io.penstock.dev;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penstock.dev.SimulatedProvider.Options;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// A provider and ways to call it; bodies may be written with single quotes.
final class ProviderClient implements AutoCloseable {
    static final ObjectMapper JSON = new ObjectMapper();

    final SimulatedProvider provider;
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    /// How a raw answer ended, and its bytes.
    record Raw(String bytes, End end) {}

    enum End {
        CLOSED,
        RESET,
        SILENT
    }

    ProviderClient(Options options) {
        provider = SimulatedProvider.start(options);
    }

    @Override
    public void close() {
        http.shutdownNow();
        provider.close();
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + provider.port() + path);
    }

    HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(uri(path)).header("authorization", "Bearer any");
    }

    HttpRequest.Builder chat(String body) {
        return to("/v1/chat/completions").POST(BodyPublishers.ofString(body));
    }

    HttpResponse<String> send(HttpRequest.Builder request) {
        return http.sendAsync(request.build(), BodyHandlers.ofString()).join();
    }

    HttpResponse<String> post(String body) {
        return later(body).join();
    }

    CompletableFuture<HttpResponse<String>> later(String body) {
        return http.sendAsync(chat(body).build(), BodyHandlers.ofString());
    }

    HttpResponse<String> put(String path, String body) {
        return send(to(path).PUT(BodyPublishers.ofString(body)));
    }

    JsonNode get(String path) {
        return read(send(to(path)).body());
    }

    JsonNode stats() {
        return get("/admin/stats");
    }

    JsonNode await(String condition) {
        HttpResponse<String> response = send(to("/admin/await?timeout_ms=5000&" + condition));
        assertThat(response.statusCode()).as(condition + ": " + response.body()).isEqualTo(200);
        return read(response.body());
    }

    JsonNode lastEntry() {
        JsonNode entries = get("/admin/log").path("entries");
        return entries.get(entries.size() - 1);
    }

    JsonNode complete(String body) {
        HttpResponse<String> response = post(body.replace('\'', '"'));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.headers().firstValue("x-request-id").orElse("")).startsWith("req_");
        assertThat(response.headers().firstValue("content-type")).contains("application/json");
        return read(response.body());
    }

    String text(String prompt) {
        return complete(prompt(prompt)).at("/choices/0/message/content").asText();
    }

    /// All events of a stream that must end with `[DONE]`.
    List<JsonNode> events(String body) {
        HttpResponse<String> response = post(body.replace('\'', '"'));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type").orElse(""))
                .startsWith("text/event-stream");
        List<String> events = List.of(response.body().split("\n\n", -1));
        assertThat(events).endsWith("data: [DONE]", "");
        return events.subList(0, events.size() - 2).stream()
                .map(event -> read(event.substring("data: ".length())))
                .toList();
    }

    /// Sends the bytes on a new connection.
    Socket connect(String request) throws IOException {
        var socket = new Socket(InetAddress.getLoopbackAddress(), provider.port());
        socket.setSoTimeout(5_000);
        socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
        return socket;
    }

    /// Sends the prompt and reads until the connection ends or nothing comes for a while.
    Raw exchange(String body, int silenceMillis) throws IOException {
        try (var socket = connect(raw(body, "connection: close\r\n"))) {
            socket.setSoTimeout(silenceMillis);
            var bytes = new ByteArrayOutputStream();
            try {
                int b = socket.getInputStream().read();
                while (b >= 0) {
                    bytes.write(b);
                    b = socket.getInputStream().read();
                }
                return new Raw(bytes.toString(StandardCharsets.UTF_8), End.CLOSED);
            } catch (SocketTimeoutException _) {
                return new Raw(bytes.toString(StandardCharsets.UTF_8), End.SILENT);
            } catch (SocketException _) {
                return new Raw(bytes.toString(StandardCharsets.UTF_8), End.RESET);
            }
        }
    }

    static String readUntil(Socket socket, String text) throws IOException {
        var bytes = new ByteArrayOutputStream();
        while (!bytes.toString(StandardCharsets.UTF_8).contains(text)) {
            int b = socket.getInputStream().read();
            if (b < 0) {
                break;
            }
            bytes.write(b);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    static String raw(String body, String headers) {
        return "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\n"
                + headers
                + "content-length: "
                + body.getBytes(StandardCharsets.UTF_8).length
                + "\r\n\r\n"
                + body;
    }

    static String prompt(String text) {
        return prompt(text, false);
    }

    static String prompt(String text, boolean stream) {
        return ("{\"model\":\"m\",\"stream\":%s,"
                        + "\"messages\":[{\"role\":\"user\",\"content\":%s}]}")
                .formatted(stream, WireJson.quote(text));
    }

    static JsonNode read(String json) {
        try {
            return JSON.readTree(json);
        } catch (IOException e) {
            throw new AssertionError(json, e);
        }
    }
}
