package io.penstock.lambda;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketEvent;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketResponse;
import io.penstock.http.SocketStreams;
import io.penstock.http.Sockets;
import io.penstock.store.StoreException;
import io.penstock.store.StoreLog;
import io.penstock.store.StreamNotes;
import io.penstock.store.StreamNotes.Stream;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Answers the events of an API Gateway WebSocket API as `WS /stream` does: AWS documentation,
/// "Working with WebSocket APIs". Each message is an invocation, which lasts as long as the prompt
/// that it starts; frames go out through the API's `@connections`.
///
/// A prompt is ended at the provider when a message does not reach its connection any more, and
/// with the AWS engine also within a second of a `cancel` or of the `$disconnect` event, which come
/// to other processes. With the local engine those know nothing of each other.
@Named("socket")
@ApplicationScoped
public class SocketHandler
        implements RequestHandler<APIGatewayV2WebSocketEvent, APIGatewayV2WebSocketResponse> {

    /// What is left of the invocation's time for the last frame.
    private static final Duration MARGIN = Duration.ofSeconds(2);

    /// How often a prompt that runs looks whether somebody has ended it.
    private static final Duration LOOK = Duration.ofMillis(500);

    private final Sockets sockets;
    private final Connections connections;
    private final StreamNotes notes;
    private final StoreLog storeLog;

    SocketHandler(Sockets sockets, Connections connections, StreamNotes notes, StoreLog storeLog) {
        this.sockets = sockets;
        this.connections = connections;
        this.notes = notes;
        this.storeLog = storeLog;
    }

    @Override
    public APIGatewayV2WebSocketResponse handleRequest(
            APIGatewayV2WebSocketEvent event, Context context) {
        var asked = event.getRequestContext();
        if (asked == null || asked.getConnectionId() == null || asked.getEventType() == null) {
            return status(400);
        }
        Duration left = Duration.ofMillis(context.getRemainingTimeInMillis());
        return switch (asked.getEventType()) {
            case "CONNECT" -> status(200);
            case "DISCONNECT" -> disconnected(asked.getConnectionId());
            case "MESSAGE" -> message(event, left.minus(MARGIN));
            default -> status(400);
        };
    }

    private APIGatewayV2WebSocketResponse disconnected(String connection) {
        try {
            notes.cancelAll(connection);
        } catch (StoreException failed) {
            storeLog.failed(
                    "Prompts of a client that has left run on until their next token",
                    failed.text());
        }
        return status(200);
    }

    private APIGatewayV2WebSocketResponse message(
            APIGatewayV2WebSocketEvent event, Duration longest) {
        String connection = event.getRequestContext().getConnectionId();
        ConnectionPrompts running = new ConnectionPrompts(connection, longest);
        try (Posts posts = new Posts(connections.of(event.getRequestContext()))) {
            SocketStreams streams = sockets.open(posts::send, running, longest);
            if (event.isIsBase64Encoded() || event.getBody() == null) {
                streams.takeBinary();
            } else {
                streams.take(event.getBody());
            }
            while (!streams.await(LOOK)) {
                if (posts.isBroken() || running.isCancelled()) {
                    streams.cancelAll();
                }
            }
            return status(200);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted", e);
        }
    }

    private static APIGatewayV2WebSocketResponse status(int status) {
        APIGatewayV2WebSocketResponse response = new APIGatewayV2WebSocketResponse();
        response.setStatusCode(status);
        return response;
    }

    /// The prompts of one connection, of which this invocation runs one at most.
    private final class ConnectionPrompts implements SocketStreams.OtherProcesses {

        private final String connection;
        private final Duration longest;
        private volatile @Nullable Stream mine;

        private ConnectionPrompts(String connection, Duration longest) {
            this.connection = connection;
            this.longest = longest;
        }

        @Override
        public boolean begins(String id) {
            Stream beginning = new Stream(connection, id);
            boolean alone = notes.begin(beginning, longest);
            if (alone) {
                mine = beginning;
            }
            return alone;
        }

        @Override
        public boolean cancel(String id) {
            return notes.cancel(new Stream(connection, id));
        }

        @Override
        public void ended(String id) {
            try {
                notes.end(new Stream(connection, id));
            } catch (StoreException failed) {
                storeLog.failed(
                        "The id of a prompt stays in use until the function's time is up",
                        failed.text());
            }
        }

        private boolean isCancelled() {
            Stream running = mine;
            try {
                return running != null && notes.isCancelled(running);
            } catch (StoreException failed) {
                storeLog.failed(
                        "A prompt runs on without a look whether it is cancelled", failed.text());
                return false;
            }
        }
    }
}
