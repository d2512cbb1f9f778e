package io.penstock.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Somebody who streams over a WebSocket, and keeps the frames that come.
public final class Socket implements WebSocket.Listener {

    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final Duration SOON = Duration.ofSeconds(20);

    private final BlockingQueue<JsonNode> frames = new LinkedBlockingQueue<>();
    private final StringBuilder partial = new StringBuilder();
    private final CompletableFuture<Boolean> ended = new CompletableFuture<>();
    private final WebSocket webSocket;

    /// @param server of HTTP or WebSocket
    public Socket(URI server, String path) {
        webSocket =
                CLIENT.newWebSocketBuilder()
                        .buildAsync(
                                URI.create(
                                        "ws://" + server.getHost() + ":" + server.getPort() + path),
                                this)
                        .join();
    }

    /// The socket itself, to do what no decent client does.
    public WebSocket webSocket() {
        return webSocket;
    }

    /// Completes when the server has closed the socket, or it broke.
    public CompletableFuture<Boolean> ended() {
        return ended;
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
        partial.append(data);
        if (last) {
            frames.add(Caller.parse(partial.toString()));
            partial.setLength(0);
        }
        socket.request(1);
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
        ended.complete(true);
        return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
        ended.complete(true);
    }

    public void send(ObjectNode message) {
        webSocket.sendText(message.toString(), true).join();
    }

    public JsonNode next() {
        try {
            JsonNode frame = frames.poll(SOON.toMillis(), TimeUnit.MILLISECONDS);
            if (frame == null) {
                throw new AssertionError("No frame came.");
            }
            return frame;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /// Frames up to the first that ends a prompt.
    public List<JsonNode> untilLast() {
        List<JsonNode> taken = new ArrayList<>();
        do {
            taken.add(next());
        } while (taken.getLast().has("token"));
        return taken;
    }

    /// The text of all tokens.
    public static String text(List<JsonNode> frames) {
        StringBuilder text = new StringBuilder();
        frames.forEach(frame -> text.append(frame.path("token").asText("")));
        return text.toString();
    }
}
