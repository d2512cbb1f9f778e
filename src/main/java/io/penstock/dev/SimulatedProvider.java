package io.penstock.dev;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.util.concurrent.CompletionException;

/// An OpenAI-compatible chat completions server that answers from the prompt itself, misbehaves on
/// demand and keeps a log of what it saw. Thread-safe.
///
/// It listens on 127.0.0.1 only and runs on event loops and timers, without a thread per request.
/// Under `/v1` it speaks OpenAI's API; under `/admin` tests steer and watch it. How it answers is
/// its [Behaviour], which a message may override for itself with `[[sim latency=1s fault=reset]]`;
/// the marker is not part of the prompt that is answered.
///
/// An answer depends on the conversation alone: `Answer `, the CRC-32 of all system and user
/// content in 8 hex digits, and the beginning of the last user message.
public final class SimulatedProvider implements AutoCloseable {
    private static final String HOST = "127.0.0.1";

    private final Vertx vertx;
    private final Admin admin;
    private final ChatApi api;
    private final int port;

    /// How to start.
    ///
    /// @param port 0: a free one
    /// @param behaviour what the provider does unless told otherwise
    /// @param logLimit most log entries kept; the oldest are dropped
    /// @param eventLoops threads that serve
    /// @param seed of the dice for `latency_p99` and `rate`
    public record Options(int port, Behaviour behaviour, int logLimit, int eventLoops, long seed) {
        public Options {
            if (port < 0 || port > 65_535) {
                throw new IllegalArgumentException("port must be from 0 to 65535");
            }
            if (logLimit < 0) {
                throw new IllegalArgumentException("log-limit must be at least 0");
            }
            if (eventLoops < 1) {
                throw new IllegalArgumentException("event-loops must be at least 1");
            }
        }

        /// A free port, well-behaved, 100,000 log entries, one event loop, seed 1.
        public static Options defaults() {
            return new Options(0, Behaviour.WELL_BEHAVED, 100_000, 1, 1);
        }

        public Options withPort(int other) {
            return new Options(other, behaviour, logLimit, eventLoops, seed);
        }

        public Options withBehaviour(Behaviour other) {
            return new Options(port, other, logLimit, eventLoops, seed);
        }

        public Options withLogLimit(int other) {
            return new Options(port, behaviour, other, eventLoops, seed);
        }

        public Options withEventLoops(int other) {
            return new Options(port, behaviour, logLimit, other, seed);
        }

        public Options withSeed(long other) {
            return new Options(port, behaviour, logLimit, eventLoops, other);
        }
    }

    /// Starts a provider and returns once it listens.
    ///
    /// @throws IllegalStateException when the port is taken
    public static SimulatedProvider start(Options options) {
        return new SimulatedProvider(options);
    }

    private SimulatedProvider(Options options) {
        vertx =
                Vertx.vertx(
                        new VertxOptions()
                                .setEventLoopPoolSize(options.eventLoops())
                                .setWorkerPoolSize(1)
                                .setInternalBlockingPoolSize(1)
                                .setFileSystemOptions(
                                        new FileSystemOptions()
                                                .setFileCachingEnabled(false)
                                                .setClassPathResolvingEnabled(false)));
        long now = System.nanoTime();
        var conduct = new Conduct(options.behaviour(), options.seed(), now);
        var gates = new Gates();
        var ledger = new Ledger(options.logLimit(), now);
        var limits = new Limits();
        admin = new Admin(vertx, conduct, gates, ledger, limits);
        api = new ChatApi(vertx, conduct, gates, ledger, limits);
        // Minus one: a free port, and the same one for all servers of this Vert.x.
        int listening = 0;
        int bound = options.port() == 0 ? -1 : options.port();
        try {
            // Each server has an event loop of its own; the same port makes them share connections.
            for (int i = 0; i < options.eventLoops(); i++) {
                listening = listen(bound);
            }
        } catch (CompletionException e) {
            vertx.close();
            Throwable cause = e.getCause();
            throw new IllegalStateException(
                    "The simulated provider cannot listen on %s:%d: %s"
                            .formatted(HOST, bound, cause == null ? e : cause.getMessage()),
                    e);
        }
        port = listening;
    }

    private int listen(int wanted) {
        HttpServer server =
                vertx.createHttpServer(
                        new HttpServerOptions()
                                .setHost(HOST)
                                .setPort(wanted)
                                .setAcceptBacklog(4_096)
                                .setHttp2ClearTextEnabled(false)
                                .setHandle100ContinueAutomatically(true)
                                .setMaxHeaderSize(64 * 1_024)
                                .setMaxChunkSize(64 * 1_024));
        return server.requestHandler(this::handle)
                .listen()
                .toCompletionStage()
                .toCompletableFuture()
                .join()
                .actualPort();
    }

    public int port() {
        return port;
    }

    /// Where a client of OpenAI's API is to be pointed, without a slash at the end.
    public String baseUrl() {
        return "http://" + HOST + ":" + port + "/v1";
    }

    /// Ends all connections and stops listening. May be called again.
    @Override
    public void close() {
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    private void handle(HttpServerRequest request) {
        if (String.valueOf(request.path()).startsWith("/admin/")) {
            admin.handle(request);
        } else {
            api.handle(request);
        }
    }
}
