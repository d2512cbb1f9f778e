package io.penstock.testing.lambda;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.testing.Caller;
import io.penstock.testing.Door;
import io.penstock.testing.Emulators;
import java.net.URI;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The whole of Penstock in the cloud, on this machine: an HTTP API and a WebSocket API in front,
/// the four functions, the queue between them, and the store's emulators behind.
public final class Cloud implements Door, AutoCloseable {

    /// An HTTP API waits 30 s.
    private static final Duration HTTP_TIMEOUT = Duration.ofSeconds(29);

    private static final Duration SOCKET_TIMEOUT = Duration.ofSeconds(120);
    private static final Duration SWEEP_TIMEOUT = Duration.ofSeconds(60);
    private static final int DOORS = 4;

    /// Each prompt of a connection is an invocation, and so are its beginning and end.
    private static final int SOCKETS = 10;

    /// Deliveries of a message before it is a dead letter.
    private static final int RECEIVES_MAX = 10;

    /// As AWS asks for it: "Using Lambda with Amazon SQS".
    private static final int VISIBILITY_TIMEOUTS = 6;

    private final LocalFunction http;
    private final LocalFunction work;
    private final LocalFunction socket;
    private final LocalFunction sweep;
    private final HttpFront httpFront;
    private final SocketFront socketFront;
    private final EventSource queue;
    private final EventSource deadLetters;
    private final Schedule schedule;
    private final Caller caller;

    /// How large it is.
    ///
    /// @param workers environments of the function that works on batches
    /// @param workTimeout that function's
    /// @param sweepEvery the schedule's
    /// @param httpPort 0 for any that is free
    /// @param socketPort 0 for any that is free
    public record Size(
            int workers, Duration workTimeout, Duration sweepEvery, int httpPort, int socketPort) {

        /// With free ports.
        public static Size of(int workers, Duration workTimeout, Duration sweepEvery) {
            return new Size(workers, workTimeout, sweepEvery, 0, 0);
        }
    }

    /// @param name of the table, the bucket and the queues
    /// @param variables of all functions, besides those of the store
    public Cloud(Emulators emulators, String name, Size size, Map<String, String> variables) {
        Emulators.Queues queues =
                emulators.queues(
                        name, size.workTimeout.multipliedBy(VISIBILITY_TIMEOUTS), RECEIVES_MAX);
        socketFront = new SocketFront(size.socketPort);
        Map<String, String> all =
                new HashMap<>(
                        emulators.environment(
                                emulators.table(name), emulators.bucket(name), queues));
        all.put("PENSTOCK_LAMBDA_CONNECTIONS_URL", socketFront.connectionsUrl());
        all.put("PENSTOCK_BATCH_SWEEP_EVERY", size.sweepEvery.toSeconds() + "s");
        all.putAll(variables);
        http = new LocalFunction("http", all, HTTP_TIMEOUT, DOORS);
        work = new LocalFunction("work", all, size.workTimeout, size.workers);
        socket = new LocalFunction("socket", all, SOCKET_TIMEOUT, SOCKETS);
        // The dead letters' events and the schedule's may come at once.
        sweep = new LocalFunction("sweep", all, SWEEP_TIMEOUT, 2);
        httpFront = new HttpFront(http, size.httpPort);
        socketFront.invokes(socket);
        queue = new EventSource(emulators.sqs(), queues.url(), work, 1, size.workers);
        deadLetters = new EventSource(emulators.sqs(), queues.deadUrl(), sweep, 10, 1);
        schedule = new Schedule(sweep, size.sweepEvery);
        caller = new Caller(httpFront.url());
    }

    /// Gives the processes that start from now on one value of a variable after the other.
    public void vary(String name, List<String> values) {
        List.of(http, work, socket, sweep).forEach(function -> function.vary(name, values));
    }

    public URI httpUrl() {
        return httpFront.url();
    }

    public URI socketUrl() {
        return socketFront.url();
    }

    /// The function that works on batches.
    public LocalFunction work() {
        return work;
    }

    public LocalFunction http() {
        return http;
    }

    @Override
    public Raw call(String method, String target, String contentType, String body) {
        Caller.Answer answer =
                Caller.join(
                        caller.send(
                                caller.request(target)
                                        .header("content-type", contentType)
                                        .method(
                                                method,
                                                body.isEmpty()
                                                        ? HttpRequest.BodyPublishers.noBody()
                                                        : HttpRequest.BodyPublishers.ofString(body))
                                        .build()));
        ObjectNode headers = Caller.JSON.createObjectNode();
        answer.http()
                .headers()
                .map()
                .forEach((name, values) -> headers.put(name, values.getFirst()));
        return new Raw(answer.status(), headers, answer.body());
    }

    /// What all processes have printed.
    public String log() {
        return String.join("\n", http.log(), work.log(), socket.log(), sweep.log());
    }

    @Override
    public void close() {
        schedule.close();
        queue.close();
        deadLetters.close();
        httpFront.close();
        socketFront.close();
        http.close();
        work.close();
        socket.close();
        sweep.close();
    }
}
