package io.penstock.http;

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
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;

/// `WS /stream`: prompts in, tokens out, several at once; [SocketStreams] has the messages. The
/// socket stays open after an error; closing it cancels all.
///
/// One instance serves all sockets.
@WebSocket(path = "/stream")
@Singleton
public class StreamSocket {

    private static final Logger LOG = Logger.getLogger(StreamSocket.class);

    /// RFC 6455, section 7.4.1: a message too big to process, by far the likeliest that cannot be
    /// read.
    static final CloseReason TOO_LONG =
            new CloseReason(1009, "a message is longer than penstock.http.max-body");

    private final Sockets sockets;
    private final Callers callers;
    private final ConcurrentHashMap<String, SocketStreams> open = new ConcurrentHashMap<>();

    StreamSocket(Sockets sockets, Callers callers) {
        this.callers = callers;
        this.sockets = sockets;
    }

    @OnOpen
    void onOpen(WebSocketConnection connection) {
        open.put(
                connection.id(),
                sockets.open(
                        frame -> connection.sendTextAndAwait(frame.toString()), callers.account()));
    }

    @OnTextMessage
    @RunOnVirtualThread
    void onText(String message, WebSocketConnection connection) {
        SocketStreams streams = open.get(connection.id());
        if (streams != null) {
            streams.take(message);
        }
    }

    @OnBinaryMessage
    @RunOnVirtualThread
    void onBinary(Buffer message, WebSocketConnection connection) {
        SocketStreams streams = open.get(connection.id());
        if (streams != null) {
            streams.takeBinary();
        }
    }

    /// Cancels what still runs.
    @OnClose
    void onClose(WebSocketConnection connection) {
        SocketStreams streams = open.remove(connection.id());
        if (streams != null) {
            streams.cancelAll();
        }
    }

    /// Ends the socket: a message could not be read, or the client is gone.
    @OnError
    @RunOnVirtualThread
    void onError(Throwable thrown, WebSocketConnection connection) {
        try {
            // First, else the client reads that its prompts were cancelled, and not why.
            if (connection.isOpen()) {
                connection.closeAndAwait(TOO_LONG);
            }
        } catch (RuntimeException gone) {
            LOG.debugf("A socket did not close: %s", gone);
        } finally {
            onClose(connection);
        }
    }
}
