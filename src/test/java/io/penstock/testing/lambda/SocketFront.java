package io.penstock.testing.lambda;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.testing.Caller;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.ServerWebSocket;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/// A WebSocket API whose every route is a function, and its `@connections`: AWS documentation,
/// "Working with WebSocket APIs" and "Use @connections commands in your backend service". Each
/// message is an invocation of its own, and those of one connection run beside each other.
public final class SocketFront implements AutoCloseable {

    /// "API Gateway quotas for WebSocket APIs".
    private static final int MESSAGE_MAX = 128 << 10;

    private static final String STAGE = "local";
    private static final String CONNECTIONS = "/" + STAGE + "/@connections/";

    private final Vertx vertx = Vertx.vertx();
    private final HttpServer server;
    private final Map<String, ServerWebSocket> open = new ConcurrentHashMap<>();
    private final List<Posted> posted = new CopyOnWriteArrayList<>();
    private @Nullable LocalFunction function;
    private volatile @Nullable Semaphore gate;

    /// A message that the function sent to a connection.
    public record Posted(long atNanos, String connection, String message) {}

    /// @param port 0 for any that is free
    public SocketFront(int port) {
        server =
                vertx.createHttpServer(
                                new HttpServerOptions()
                                        .setHost("127.0.0.1")
                                        .setPort(port)
                                        .setMaxWebSocketMessageSize(MESSAGE_MAX)
                                        .setMaxWebSocketFrameSize(MESSAGE_MAX))
                        .webSocketHandler(this::connected)
                        .requestHandler(this::post);
        await(server.listen());
    }

    /// Names the function that is invoked. It comes later than the front: its variables name the
    /// front's address.
    public void invokes(LocalFunction connected) {
        function = connected;
    }

    /// Where clients connect.
    public URI url() {
        return URI.create("ws://127.0.0.1:" + server.actualPort() + "/");
    }

    /// What `penstock.lambda.connections-url` has to be.
    public String connectionsUrl() {
        return "http://127.0.0.1:" + server.actualPort() + "/" + STAGE;
    }

    /// All that the function has sent.
    public List<Posted> posted() {
        return posted;
    }

    /// From now on each message of the function waits for a permit of its own.
    public void hold(Semaphore permits) {
        gate = permits;
    }

    private void connected(ServerWebSocket socket) {
        // Not to be guessed, and with a character that a path has to encode, as the real ones.
        String id = UUID.randomUUID().toString().substring(0, 12) + "=";
        open.put(id, socket);
        socket.textMessageHandler(text -> invoke(id, "MESSAGE", "$default", text));
        socket.binaryMessageHandler(
                // "Binary media types are not supported for WebSocket APIs" as they come.
                _ -> socket.close((short) 1003));
        socket.exceptionHandler(_ -> {});
        socket.closeHandler(_ -> {
            open.remove(id);
            invoke(id, "DISCONNECT", "$disconnect", null);
        });
        invoke(id, "CONNECT", "$connect", null);
    }

    private void invoke(String connection, String type, String route, @Nullable String body) {
        LocalFunction invoked = function;
        if (invoked == null) {
            return;
        }
        String event = event(connection, type, route, body);
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        Outcome outcome = invoked.invoke(event);
                        ServerWebSocket socket = open.get(connection);
                        if (!(outcome instanceof Outcome.Answered) && socket != null) {
                            socket.writeTextMessage(
                                    "{\"message\":\"Internal server error\",\"connectionId\":\""
                                            + connection
                                            + "\"}");
                        }
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
    }

    /// The event of a proxy integration; "Using $context variables" names what is in it.
    ///
    /// @param type `CONNECT`, `MESSAGE` or `DISCONNECT`
    public static String event(
            String connection, String type, String route, @Nullable String body) {
        ObjectNode event = Caller.JSON.createObjectNode();
        ObjectNode context = event.putObject("requestContext");
        context.put("routeKey", route)
                .put("eventType", type)
                .put("extendedRequestId", UUID.randomUUID().toString())
                .put("messageDirection", "IN")
                .put("stage", STAGE)
                .put("connectedAt", System.currentTimeMillis())
                .put("requestTimeEpoch", System.currentTimeMillis())
                .put("requestId", UUID.randomUUID().toString())
                .put("domainName", "local.execute-api.eu-central-1.amazonaws.com")
                .put("connectionId", connection)
                .put("apiId", "local");
        context.putObject("identity").put("sourceIp", "127.0.0.1");
        if (body != null) {
            context.put("messageId", UUID.randomUUID().toString());
            event.put("body", body);
        }
        return event.put("isBase64Encoded", false).toString();
    }

    private void post(HttpServerRequest request) {
        String path = URLDecoder.decode(request.path(), StandardCharsets.UTF_8);
        if (!path.startsWith(CONNECTIONS) || request.getHeader("authorization") == null) {
            request.response().setStatusCode(403).end("{\"message\":\"Forbidden\"}");
            return;
        }
        String id = path.substring(CONNECTIONS.length());
        request.body()
                .onSuccess(body ->
                        Thread.ofVirtual()
                                .start(() -> {
                                    awaitPermit();
                                    answer(request, id, body.toString());
                                }));
    }

    private void awaitPermit() {
        Semaphore permits = gate;
        if (permits != null) {
            permits.acquireUninterruptibly();
        }
    }

    private void answer(HttpServerRequest request, String id, String body) {
        ServerWebSocket socket = open.get(id);
        int status = 200;
        if (socket == null) {
            status = 410;
        } else if (body.length() > MESSAGE_MAX) {
            status = 413;
        } else if (request.method().name().equals("DELETE")) {
            socket.close();
        } else if (request.method().name().equals("POST")) {
            posted.add(new Posted(System.nanoTime(), id, body));
            socket.writeTextMessage(body);
        }
        request.response()
                .setStatusCode(status)
                .putHeader(
                        "x-amzn-ErrorType",
                        status == 410
                                ? "GoneException"
                                : status == 413 ? "PayloadTooLargeException" : "")
                .putHeader("content-type", "application/json")
                .end("{}");
    }

    private static void await(Future<?> future) {
        try {
            future.toCompletionStage().toCompletableFuture().get();
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        await(vertx.close());
    }
}
