package io.penstock.dev;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// OpenAI's API below `/v1`: lets a request in or refuses it, and decides how it is answered.
/// Called on event loops.
final class ChatApi {
    private static final String CHAT = "/v1/chat/completions";
    private static final String WRONG_KEY = "wrong-key";
    private static final String[] MODELS = {"gpt-4o", "gpt-4o-mini", "gpt-4.1-mini", "simulated"};

    private final Vertx vertx;
    private final Conduct conduct;
    private final Gates gates;
    private final Ledger ledger;
    private final Limits limits;
    private final Set<HttpConnection> connections = ConcurrentHashMap.newKeySet();
    private final AtomicLong ids = new AtomicLong();
    private final String idPrefix =
            "%016x".formatted(ThreadLocalRandom.current().nextLong()).substring(0, 12);

    ChatApi(Vertx vertx, Conduct conduct, Gates gates, Ledger ledger, Limits limits) {
        this.vertx = vertx;
        this.conduct = conduct;
        this.gates = gates;
        this.ledger = ledger;
        this.limits = limits;
    }

    void handle(HttpServerRequest request) {
        if (String.valueOf(request.path()).startsWith("/v1/")) {
            track(request.connection());
        }
        request.response().putHeader("x-request-id", "req_" + nextId());
        String route = request.method().name() + " " + request.path();
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
        long now = System.nanoTime();
        String custom = request.getHeader("x-penstock-item");
        Refusal refusal = unauthorized(request);
        ReceivedPrompt prompt = null;
        try {
            if (refusal == null) {
                prompt = ReceivedPrompt.parse(body);
                admit(request, prompt, custom, now);
                return;
            }
        } catch (Refusal e) {
            refusal = e;
        } catch (Behaviour.BadSetting e) {
            refusal = new Refusal(400, "messages", "invalid_marker", "" + e.getMessage());
        }
        Reply reply = Reply.refused(refusal);
        var arrival = new LogEntry.Arrival(prompt, custom, Fault.NONE, 0, false, false);
        exchange(request, arrival, now).reply(null, Duration.ZERO, Map.of(), () -> reply);
    }

    private void admit(
            HttpServerRequest request, ReceivedPrompt prompt, @Nullable String custom, long now) {
        Behaviour base = conduct.behaviour();
        boolean marked = !prompt.marker().isEmpty();
        Behaviour behaviour = marked ? base.overlaidBy(prompt.marker()) : base;
        int tokens = prompt.tokens() + SimulatedAnswer.to(prompt, Fault.NONE).completionTokens();
        Limits.Excess excess = limits.admit(base, tokens, now);
        Map<String, String> headers = limits.headers(base, now);
        if (excess != null) {
            var arrival = new LogEntry.Arrival(prompt, custom, Fault.NONE, 0, true, false);
            exchange(request, arrival, now)
                    .reply(null, Duration.ZERO, headers, () -> Reply.over(excess, base.waits()));
            return;
        }
        boolean own = prompt.marker().has("times");
        Fault fault = conduct.fault(behaviour, prompt.fingerprint(), own, now);
        SimulatedAnswer answer = SimulatedAnswer.to(prompt, fault);
        int answerTokens = fault.status() == 200 ? answer.completionTokens() : 0;
        var arrival = new LogEntry.Arrival(prompt, custom, fault, answerTokens, false, true);
        String id = "chatcmpl-" + nextId();
        exchange(request, arrival, now)
                .reply(
                        behaviour.gate(),
                        conduct.latency(behaviour, fault),
                        headers,
                        () -> Reply.to(prompt, answer, fault, behaviour, id));
    }

    private LoggedRequest exchange(HttpServerRequest request, LogEntry.Arrival arrival, long now) {
        return new LoggedRequest(vertx, gates, ledger, limits, request, ledger.open(arrival, now));
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
        ObjectNode list = WireJson.MAPPER.createObjectNode().put("object", "list");
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
}
