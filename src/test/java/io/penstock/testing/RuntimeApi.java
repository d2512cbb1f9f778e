package io.penstock.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// The side of AWS Lambda that a function's process talks to: hands out events, takes answers.
///
/// Paths and headers: AWS documentation, "Using the Lambda runtime API for custom runtimes"; sizes:
/// "Lambda quotas".
public final class RuntimeApi implements AutoCloseable {

    /// Bytes of an event and of an answer: 6 MB, and what Lambda adds for its own.
    public static final int PAYLOAD_MAX = 6_291_556;

    private static final String PREFIX = "/2018-06-01/runtime/";

    private record Invocation(String id, String event, CompletableFuture<Answer> answer) {}

    /// What a function has answered.
    ///
    /// @param isError whether it reports an error, as JSON `{"errorType","errorMessage"}`
    public record Answer(String body, boolean isError) {}

    private final HttpServer server;
    private final BlockingQueue<Invocation> queue = new LinkedBlockingQueue<>();
    private final Map<String, Invocation> running = new ConcurrentHashMap<>();
    private final Semaphore idle = new Semaphore(0);
    private final CompletableFuture<Void> polled = new CompletableFuture<>();
    private final Duration timeout;

    /// @param timeout the function's, sent as each invocation's deadline
    public RuntimeApi(Duration timeout) {
        this.timeout = timeout;
        try {
            server =
                    HttpServer.create(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext(PREFIX, this::handle);
        server.start();
    }

    /// What the environment variable `AWS_LAMBDA_RUNTIME_API` has to be.
    public String authority() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    /// Waits until the function has asked for its first event.
    public void awaitStarted(Duration limit) {
        get(polled, limit);
    }

    /// Ends the wait for a function that will not ask any more.
    public void fail(String why) {
        polled.completeExceptionally(new AssertionError(why));
    }

    /// Sends an event and waits for the function's answer.
    ///
    /// @throws AssertionError when the function reports an error or does not answer in time
    public String invoke(String event) {
        Answer answer = get(send(event), timeout.plusSeconds(5));
        if (answer.isError) {
            throw new AssertionError(answer.body);
        }
        return answer.body;
    }

    /// Sends an event. Its deadline counts from the moment when the function takes it.
    public CompletableFuture<Answer> send(String event) {
        Invocation invocation =
                new Invocation(UUID.randomUUID().toString(), event, new CompletableFuture<>());
        queue.add(invocation);
        return invocation.answer;
    }

    /// Waits until the function asks for the next event, which is when Lambda freezes it.
    ///
    /// @return false when it does not in time
    public boolean awaitIdle(Duration limit) throws InterruptedException {
        if (idle.tryAcquire(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            idle.release();
            return true;
        }
        return false;
    }

    @Override
    public void close() {
        server.stop(0);
    }

    private void handle(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath().substring(PREFIX.length());
        if (path.equals("invocation/next")) {
            polled.complete(null);
            next(exchange);
            return;
        }
        byte[] bytes = exchange.getRequestBody().readAllBytes();
        String body = new String(bytes, StandardCharsets.UTF_8);
        String[] parts = path.split("/");
        Invocation invocation = parts.length == 3 ? running.remove(parts[1]) : null;
        if (invocation == null) {
            polled.completeExceptionally(new AssertionError(path + ": " + body));
        } else if (bytes.length > PAYLOAD_MAX) {
            invocation.answer.complete(
                    new Answer("{\"errorType\":\"Function.ResponseSizeTooLarge\"}", true));
            exchange.sendResponseHeaders(413, -1);
            exchange.close();
            return;
        } else {
            invocation.answer.complete(new Answer(body, !parts[2].equals("response")));
        }
        exchange.sendResponseHeaders(202, -1);
        exchange.close();
    }

    private void next(HttpExchange exchange) throws IOException {
        try {
            idle.release();
            Invocation invocation = queue.take();
            idle.acquire();
            running.put(invocation.id, invocation);
            var headers = exchange.getResponseHeaders();
            headers.set("Lambda-Runtime-Aws-Request-Id", invocation.id);
            headers.set(
                    "Lambda-Runtime-Deadline-Ms",
                    Long.toString(System.currentTimeMillis() + timeout.toMillis()));
            headers.set(
                    "Lambda-Runtime-Invoked-Function-Arn",
                    "arn:aws:lambda:eu-west-1:123456789012:function:penstock");
            headers.set("Lambda-Runtime-Trace-Id", "Root=1-5759e988-bd862e3fe1be46a994272793");
            headers.set("content-type", "application/json");
            byte[] event = invocation.event.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, event.length);
            exchange.getResponseBody().write(event);
            exchange.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static <T> T get(CompletableFuture<T> future, Duration limit) {
        try {
            return future.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        } catch (TimeoutException e) {
            throw new AssertionError("Nothing came in " + limit, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
