package io.penstock.http;

import io.penstock.llm.Fields;
import io.penstock.llm.InvalidRequest;
import io.penstock.llm.Llm;
import io.penstock.llm.PromptReader;
import io.quarkus.websockets.next.CloseReason;
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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

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

    private static final Logger LOG = Logger.getLogger(StreamSocket.class);

    /// RFC 6455, section 7.4.1: a message too big to process, by far the likeliest that cannot be
    /// read.
    private static final CloseReason UNREADABLE =
            new CloseReason(1009, "a message is longer than penstock.http.max-body");

    private static final Set<String> CANCEL_FIELDS = Set.of("cancel");

    private static final Set<String> PROMPT_FIELDS =
            Stream.concat(Stream.of("id"), PromptReader.FIELDS.stream())
                    .collect(Collectors.toUnmodifiableSet());

    private final Llm llm;
    private final PromptReader prompts;
    private final int maxStreams;
    private final Bodies bodies;
    private final ConcurrentHashMap<String, SocketStreams> sockets = new ConcurrentHashMap<>();

    StreamSocket(Llm llm, PromptReader prompts, HttpConfig config, Bodies bodies) {
        this.bodies = bodies;
        this.llm = llm;
        this.prompts = prompts;
        this.maxStreams = config.maxStreamsPerSocket();
    }

    @OnOpen
    void onOpen(WebSocketConnection connection) {
        sockets.put(connection.id(), new SocketStreams(connection, llm, bodies, maxStreams));
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
            if (fields.has("cancel")) {
                streams.cancel(fields.only(CANCEL_FIELDS).requiredText("cancel"));
                return;
            }
            id = SocketStreams.fit(fields.text("id"));
            requireText(message);
            streams.start(id, prompts.read(fields.only(PROMPT_FIELDS)), message.length());
        } catch (InvalidRequest invalid) {
            streams.send(id, Problem.of(invalid).toJson());
        } catch (Problem problem) {
            streams.send(id, problem.toJson());
        }
    }

    /// What comes here was decoded already, with U+FFFD wherever the bytes were not UTF-8, and
    /// nothing tells that from the character itself.
    private static void requireText(String message) {
        int at = message.indexOf('\ufffd');
        if (at >= 0) {
            throw InvalidRequest.of(
                    null,
                    "invalid_json",
                    "The message is not valid UTF-8 at character "
                            + (at + 1)
                            + ", or has U+FFFD there; send UTF-8, and that character as \\ufffd.");
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

    /// Ends the socket: a message could not be read, or the client is gone.
    @OnError
    void onError(Throwable thrown, WebSocketConnection connection) {
        onClose(connection);
        if (connection.isOpen()) {
            connection
                    .close(UNREADABLE)
                    .subscribe()
                    .with(_ -> {}, failed -> LOG.debugf("A socket did not close: %s", failed));
        }
    }
}
