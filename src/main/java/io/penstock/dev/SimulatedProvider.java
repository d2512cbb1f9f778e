package io.penstock.dev;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

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
    private static final String CHAT = "/v1/chat/completions";
    private static final String WRONG_KEY = "wrong-key";
    private static final String[] MODELS = {"gpt-4o", "gpt-4o-mini", "gpt-4.1-mini", "simulated"};

    private static final String OPTIONS =
            "options are --port=8089, --log-limit=100000, --event-loops=1, --seed=1 and the"
                    + " settings of the behaviour, such as --latency=200ms.";

    private final Vertx vertx;
    private final Conduct conduct;
    private final Gates gates = new Gates();
    private final Limits limits = new Limits();
    private final Ledger ledger;
    private final Admin admin;
    private final Set<HttpConnection> connections = ConcurrentHashMap.newKeySet();
    private final AtomicLong ids = new AtomicLong();
    private final String idPrefix =
            "%016x".formatted(ThreadLocalRandom.current().nextLong()).substring(0, 12);
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

    /// Runs the provider until the process is told to stop. Options are those of [Options], such as
    /// `--port=8089`, and the settings of [Behaviour], such as `--max-in-flight=50`.
    public static void main(String[] args) {
        Options options;
        try {
            options = options(args);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        System.err.println("Seed " + options.seed());
        try {
            var provider = start(options);
            Runtime.getRuntime().addShutdownHook(new Thread(provider::close));
            System.out.println("Simulated provider on " + provider.baseUrl());
        } catch (IllegalStateException e) {
            System.err.println(e.getMessage());
            System.exit(1);
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
        conduct = new Conduct(options.behaviour(), options.seed());
        ledger = new Ledger(options.logLimit());
        admin = new Admin(vertx, conduct, gates, ledger, limits);
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
        String path = String.valueOf(request.path());
        if (path.startsWith("/admin/")) {
            admin.handle(request);
            return;
        }
        if (path.startsWith("/v1/")) {
            track(request.connection());
        }
        request.response().putHeader("x-request-id", "req_" + nextId());
        String route = request.method().name() + " " + path;
        if (route.equals("POST " + CHAT)) {
            request.body().onSuccess(body -> chat(request, body));
            return;
        }
        Refusal unauthorized = unauthorized(request);
        if (!route.equals("GET /v1/models")) {
            String message = "Invalid URL (" + route + ")";
            answer(request, Reply.refused(new Refusal(404, null, null, message)));
        } else if (unauthorized != null) {
            answer(request, Reply.refused(unauthorized));
        } else {
            answer(request, Reply.json(200, models()));
        }
    }

    private void track(HttpConnection connection) {
        if (connections.add(connection)) {
            ledger.connected();
            connection.closeHandler(_ -> {
                connections.remove(connection);
                ledger.disconnected();
            });
        }
    }

    private void chat(HttpServerRequest request, Buffer body) {
        String custom = request.getHeader("x-penstock-item");
        Refusal refusal = unauthorized(request);
        Prompt prompt = null;
        try {
            if (refusal == null) {
                prompt = Prompt.parse(body);
                admit(request, prompt, custom);
                return;
            }
        } catch (Refusal e) {
            refusal = e;
        } catch (Behaviour.BadSetting e) {
            refusal = new Refusal(400, "messages", "invalid_marker", "" + e.getMessage());
        }
        Reply reply = Reply.refused(refusal);
        var arrival = new LogEntry.Arrival(prompt, custom, Fault.NONE, 0, false, false);
        exchange(request, arrival).reply(null, Duration.ZERO, Map.of(), () -> reply);
    }

    private void admit(HttpServerRequest request, Prompt prompt, @Nullable String custom) {
        Behaviour base = conduct.behaviour();
        boolean marked = !prompt.marker().isEmpty();
        Behaviour behaviour = marked ? base.overlaidBy(prompt.marker()) : base;
        long now = System.nanoTime();
        int tokens = prompt.tokens() + Answer.to(prompt, Fault.NONE).completionTokens();
        Limits.Excess excess = limits.admit(base, tokens, now);
        Map<String, String> headers = limits.headers(base, now);
        if (excess != null) {
            var arrival = new LogEntry.Arrival(prompt, custom, Fault.NONE, 0, true, false);
            exchange(request, arrival)
                    .reply(null, Duration.ZERO, headers, () -> Reply.over(excess));
            return;
        }
        Fault fault = conduct.fault(behaviour, prompt.conversation());
        Answer answer = Answer.to(prompt, fault);
        int answerTokens = fault.status() == 200 ? answer.completionTokens() : 0;
        var arrival = new LogEntry.Arrival(prompt, custom, fault, answerTokens, false, true);
        String id = "chatcmpl-" + nextId();
        exchange(request, arrival)
                .reply(
                        behaviour.gate(),
                        conduct.latency(behaviour),
                        headers,
                        () -> Reply.to(prompt, answer, fault, behaviour, id));
    }

    private Exchange exchange(HttpServerRequest request, LogEntry.Arrival arrival) {
        return new Exchange(vertx, gates, ledger, limits, request, ledger.open(arrival));
    }

    private static @Nullable Refusal unauthorized(HttpServerRequest request) {
        String authorization = request.getHeader("authorization");
        String key =
                authorization != null && authorization.regionMatches(true, 0, "Bearer ", 0, 7)
                        ? authorization.substring(7).strip()
                        : "";
        if (key.isEmpty()) {
            return new Refusal(
                    401,
                    null,
                    "invalid_api_key",
                    "You didn't provide an API key. You need to provide your API key in an"
                            + " Authorization header using Bearer auth (i.e. Authorization: Bearer"
                            + " YOUR_KEY).");
        }
        if (key.equals(WRONG_KEY)) {
            return new Refusal(
                    401,
                    null,
                    "invalid_api_key",
                    "Incorrect API key provided: wron****-key. You can find your API key at"
                            + " https://platform.openai.com/account/api-keys.");
        }
        return null;
    }

    private static void answer(HttpServerRequest request, Reply reply) {
        request.response()
                .setStatusCode(reply.status())
                .putHeader("content-type", reply.contentType())
                .end(reply.pieces().getFirst().bytes());
    }

    private static ObjectNode models() {
        ObjectNode list = Json.MAPPER.createObjectNode().put("object", "list");
        var data = list.putArray("data");
        for (String model : MODELS) {
            data.addObject()
                    .put("id", model)
                    .put("object", "model")
                    .put("created", 1_767_225_600)
                    .put("owned_by", "simulated");
        }
        return list;
    }

    private String nextId() {
        return idPrefix + "%012x".formatted(ids.incrementAndGet());
    }

    private static Options options(String[] args) {
        var own = new HashMap<String, Long>();
        ObjectNode settings = Json.MAPPER.createObjectNode();
        for (String arg : args) {
            int equals = arg.indexOf('=');
            if (!arg.startsWith("--") || equals < 0) {
                throw new IllegalArgumentException("Unknown option " + arg + ": " + OPTIONS);
            }
            String name = arg.substring(2, equals);
            String value = arg.substring(equals + 1);
            switch (name) {
                case "port", "log-limit", "event-loops", "seed" ->
                        own.put(name, whole(name, value));
                default -> {
                    String setting = name.replace('-', '_');
                    if (!Behaviour.names().contains(setting)) {
                        throw new IllegalArgumentException(
                                "Unknown option --" + name + ": " + OPTIONS);
                    }
                    settings.put(setting, value);
                }
            }
        }
        Options unset = Options.defaults();
        return new Options(
                Math.toIntExact(own.getOrDefault("port", 0L)),
                Behaviour.WELL_BEHAVED.with(settings),
                Math.toIntExact(own.getOrDefault("log-limit", (long) unset.logLimit())),
                Math.toIntExact(own.getOrDefault("event-loops", (long) unset.eventLoops())),
                own.getOrDefault("seed", unset.seed()));
    }

    private static long whole(String name, String value) {
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException _) {
            throw new IllegalArgumentException(
                    "Option --" + name + " needs a whole number, not '" + value + "'.");
        }
    }
}
