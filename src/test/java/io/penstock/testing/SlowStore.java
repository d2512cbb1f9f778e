package io.penstock.testing;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/// Stands before a stand-in for AWS, takes as long for each request as the real service does, and
/// counts them by operation. Thread-safe.
public final class SlowStore implements AutoCloseable {

    private static final int CONNECTIONS_MAX = 500;

    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    private final HttpClient client;
    private final URI target;
    private final Duration latency;
    private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();
    private final HttpServer server;

    public SlowStore(URI target, Duration latency) {
        this.target = target;
        this.latency = latency;
        client =
                vertx.createHttpClient(
                        new HttpClientOptions().setKeepAlive(true),
                        new PoolOptions().setHttp1MaxSize(CONNECTIONS_MAX));
        server =
                vertx.createHttpServer(new HttpServerOptions().setHost("127.0.0.1").setPort(0))
                        .requestHandler(this::slow)
                        .listen()
                        .toCompletionStage()
                        .toCompletableFuture()
                        .join();
    }

    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + server.actualPort());
    }

    /// Requests so far, by operation.
    public Map<String, Long> counts() {
        Map<String, Long> sums = new TreeMap<>();
        counts.forEach((operation, count) -> sums.put(operation, count.sum()));
        return sums;
    }

    private void slow(HttpServerRequest request) {
        counts.computeIfAbsent(operation(request), _ -> new LongAdder()).increment();
        request.pause();
        vertx.setTimer(Math.max(1, latency.toMillis()), _ -> pass(request));
    }

    /// The operation as the service's own price list names it, or the method where it has no name.
    private static String operation(HttpServerRequest request) {
        String named = request.getHeader("x-amz-target");
        return named == null
                ? request.method().name()
                : named.substring(named.lastIndexOf('.') + 1);
    }

    private void pass(HttpServerRequest request) {
        client.request(
                        new RequestOptions()
                                .setMethod(request.method())
                                .setHost(target.getHost())
                                .setPort(target.getPort())
                                .setURI(request.uri())
                                // Signed, the host's name too.
                                .setHeaders(request.headers()))
                .onSuccess(out -> pass(request, out))
                .onFailure(_ -> request.connection().close());
    }

    private static void pass(HttpServerRequest request, HttpClientRequest out) {
        request.exceptionHandler(_ -> out.reset());
        out.send(request)
                .onSuccess(answer -> {
                    request.response()
                            .setStatusCode(answer.statusCode())
                            .headers()
                            .setAll(answer.headers());
                    answer.pipeTo(request.response()).onFailure(_ -> request.connection().close());
                })
                .onFailure(_ -> request.connection().close());
    }

    @Override
    public void close() {
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }
}
