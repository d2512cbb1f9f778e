package io.penstock.dev;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.Context;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.function.Predicate;

/// The `/admin` endpoints, by which a test or a measurement steers and watches the provider. Called
/// on event loops.
final class Admin {
    private static final String GATES = "/admin/gates/";

    private final Vertx vertx;
    private final Conduct conduct;
    private final Gates gates;
    private final Ledger ledger;
    private final Limits limits;

    Admin(Vertx vertx, Conduct conduct, Gates gates, Ledger ledger, Limits limits) {
        this.vertx = vertx;
        this.conduct = conduct;
        this.gates = gates;
        this.ledger = ledger;
        this.limits = limits;
    }

    void handle(HttpServerRequest request) {
        HttpServerResponse response = request.response();
        try {
            switch (request.method().name() + " " + request.path()) {
                case "GET /admin/log" -> answer(response, 200, log(request.params()));
                case "DELETE /admin/log" -> {
                    ledger.clear(System.nanoTime());
                    conduct.forget();
                    limits.forget();
                    answer(response, 200, ledger.stats());
                }
                case "GET /admin/timeline" -> answer(response, 200, timeline(request.params()));
                case "GET /admin/stats" -> answer(response, 200, ledger.stats());
                case "GET /admin/await" -> await(request);
                case "GET /admin/behaviour" -> answer(response, 200, conduct.behaviour());
                case "PUT /admin/behaviour" ->
                        request.body().onSuccess(body -> behave(body, response));
                case "DELETE /admin/behaviour" -> {
                    conduct.behaveAsAtStart(System.nanoTime());
                    answer(response, 200, conduct.behaviour());
                }
                case "DELETE /admin/gates" ->
                        answer(response, 200, Map.of("released", gates.forget()));
                case String s
                        when s.startsWith("POST " + GATES) && s.length() > GATES.length() + 5 ->
                        answer(
                                response,
                                200,
                                Map.of("released", gates.open(s.substring(GATES.length() + 5))));
                default -> {
                    String message =
                            "Unknown admin call: " + request.method() + " " + request.path();
                    answer(
                            response,
                            404,
                            WireJson.error(message, "invalid_request_error", null, null));
                }
            }
        } catch (Behaviour.BadSetting e) {
            refuse(response, e);
        }
    }

    private static void answer(HttpServerResponse response, int status, Object body) {
        response.setStatusCode(status)
                .putHeader("content-type", "application/json")
                .end(WireJson.write(body));
    }

    private static void refuse(HttpServerResponse response, Behaviour.BadSetting e) {
        String message = String.valueOf(e.getMessage());
        answer(
                response,
                400,
                WireJson.error(message, "invalid_request_error", e.setting(), "invalid_value"));
    }

    private ObjectNode log(MultiMap params) {
        long after = number(params, "after", 0);
        int limit = (int) Math.min(Integer.MAX_VALUE, number(params, "limit", Integer.MAX_VALUE));
        Ledger.Page page = ledger.page(after, limit);
        ObjectNode log = WireJson.MAPPER.createObjectNode().put("dropped", page.dropped());
        var entries = log.putArray("entries");
        page.entries().forEach(entry -> entries.add(entry.toJson()));
        return log;
    }

    private Object timeline(MultiMap params) {
        long millis = number(params, "slice_ms", 1_000);
        if (millis < 100 || millis % 100 != 0 || millis > 3_600_000) {
            throw new Behaviour.BadSetting(
                    "slice_ms", "'slice_ms' must be hundreds up to 3600000.");
        }
        return Map.of("slices", ledger.timeline(Duration.ofMillis(millis), System.nanoTime()));
    }

    private void behave(Buffer body, HttpServerResponse response) {
        try {
            JsonNode settings = WireJson.MAPPER.readTree(body.getBytes());
            if (!(settings instanceof ObjectNode object)) {
                throw new Behaviour.BadSetting(null, "The behaviour must be a JSON object.");
            }
            conduct.behave(Behaviour.WELL_BEHAVED.with(object), System.nanoTime());
            answer(response, 200, conduct.behaviour());
        } catch (Behaviour.BadSetting e) {
            refuse(response, e);
        } catch (JsonProcessingException e) {
            refuse(response, new Behaviour.BadSetting(null, e.getOriginalMessage()));
        } catch (IOException e) {
            throw new IllegalStateException("An array in memory cannot fail", e);
        }
    }

    private void await(HttpServerRequest request) {
        HttpServerResponse response = request.response();
        Predicate<Ledger.Tally> condition = condition(request.params());
        long timeoutMs = Math.max(1, number(request.params(), "timeout_ms", 10_000));
        Context context = vertx.getOrCreateContext();
        var waiting =
                new Object() {
                    long timer = -1;
                };
        var waiter =
                new Ledger.Watcher(
                        condition,
                        stats ->
                                context.runOnContext(_ -> {
                                    vertx.cancelTimer(waiting.timer);
                                    if (!response.closed()) {
                                        answer(response, 200, stats);
                                    }
                                }));
        waiting.timer =
                vertx.setTimer(
                        timeoutMs,
                        _ -> {
                            if (ledger.abandon(waiter)) {
                                answer(response, 408, ledger.stats());
                            }
                        });
        response.closeHandler(_ -> {
            vertx.cancelTimer(waiting.timer);
            ledger.abandon(waiter);
        });
        ledger.await(waiter);
    }

    private static Predicate<Ledger.Tally> condition(MultiMap params) {
        Predicate<Ledger.Tally> all = _ -> true;
        boolean any = false;
        for (String name : params.names()) {
            if (name.equals("timeout_ms")) {
                continue;
            }
            long n = number(params, name, 0);
            all = all.and(condition(name, n));
            any = true;
        }
        if (!any) {
            throw new Behaviour.BadSetting(null, "Name what to wait for, such as requests=3.");
        }
        return all;
    }

    private static Predicate<Ledger.Tally> condition(String name, long n) {
        return switch (name) {
            case "requests" -> now -> now.stats().requests() >= n;
            // At least so many, but none means none.
            case "in_flight" ->
                    now -> n == 0 ? now.stats().inFlight() == 0 : now.stats().inFlight() >= n;
            case "in_flight_at_most" -> now -> now.stats().inFlight() <= n;
            case "ended" -> now -> now.ended() >= n;
            case "connections_at_most" -> now -> now.stats().connectionsOpen() <= n;
            default ->
                    throw new Behaviour.BadSetting(
                            name,
                            "Unknown condition '"
                                    + name
                                    + "'. Known: requests, in_flight, in_flight_at_most, ended,"
                                    + " connections_at_most");
        };
    }

    private static long number(MultiMap params, String name, long unset) {
        String value = params.get(name);
        if (value == null) {
            return unset;
        }
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException _) {
            throw new Behaviour.BadSetting(name, "'" + name + "' must be a number: " + value);
        }
    }
}
