package io.penstock.http;

import io.penstock.llm.Llm;
import io.quarkus.websockets.next.OnBinaryMessage;
import io.quarkus.websockets.next.OnClose;
import io.quarkus.websockets.next.OnError;
import io.quarkus.websockets.next.OnOpen;
import io.quarkus.websockets.next.OnTextMessage;
import io.quarkus.websockets.next.WebSocket;
import io.quarkus.websockets.next.WebSocketConnection;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.core.buffer.Buffer;
import jakarta.inject.Singleton;
import java.util.concurrent.ConcurrentHashMap;

/// `WS /stream`: prompts in, tokens out, several at once.
///
/// In: `{"prompt", "id"?, …}` or `{"cancel": id}`. Out, each with the prompt's `id` if it has one:
/// `{"token"}` … `{"done":true,"finish_reason","usage"}`, or `{"error"}`. The socket stays open
/// after an error; closing it cancels all.
///
/// One instance serves all sockets. Each prompt runs in a virtual thread of its own, which waits
/// while the client is slow.
@WebSocket(path = "/stream")
@Singleton
public class StreamSocket {

    private final Llm llm;
    private final PromptReader prompts;
    private final int maxStreams;
    private final ConcurrentHashMap<String, SocketStreams> sockets = new ConcurrentHashMap<>();

    StreamSocket(Llm llm, PromptReader prompts, HttpConfig config) {
        this.llm = llm;
        this.prompts = prompts;
        this.maxStreams = config.maxStreamsPerSocket();
    }

    @OnOpen
    void onOpen(WebSocketConnection connection) {
        sockets.put(connection.id(), new SocketStreams(connection, llm, maxStreams));
    }

    /// Starts or cancels a prompt.
    @OnTextMessage
    @RunOnVirtualThread
    void onText(String message, WebSocketConnection connection) {
        SocketStreams streams = sockets.get(connection.id());
        if (streams == null) {
            return;
        }
        String id = null;
        try {
            Fields fields = Fields.of(message);
            String cancel = fields.text("cancel");
            if (cancel != null) {
                fields.nothingElse();
                streams.cancel(cancel);
                return;
            }
            id = SocketStreams.fit(fields.text("id"));
            PromptReader.Asked asked = prompts.read(fields);
            fields.nothingElse();
            streams.start(id, asked);
        } catch (Problem problem) {
            streams.send(id, problem.toJson());
        }
    }

    @OnBinaryMessage
    @RunOnVirtualThread
    void onBinary(Buffer message, WebSocketConnection connection) {
        SocketStreams streams = sockets.get(connection.id());
        if (streams != null) {
            streams.send(
                    null,
                    Problem.invalid(null, "invalid_json", "Send JSON as text, not binary.")
                            .toJson());
        }
    }

    /// Cancels what still runs.
    @OnClose
    void onClose(WebSocketConnection connection) {
        SocketStreams streams = sockets.remove(connection.id());
        if (streams != null) {
            streams.cancelAll();
        }
    }

    /// A send that fails means that the client is gone, and closing tells so too.
    @OnError
    void onError(Throwable thrown, WebSocketConnection connection) {
        onClose(connection);
    }
}
