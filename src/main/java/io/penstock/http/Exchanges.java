package io.penstock.http;

import io.penstock.llm.Endpoint;
import io.penstock.llm.Running;
import io.penstock.store.StoreException;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.quarkus.vertx.http.runtime.security.SecurityHandlerPriorities;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import java.util.regex.Pattern;
import org.eclipse.microprofile.config.Config;
import org.jspecify.annotations.Nullable;

/// Gives every answer its headers: `x-request-id` (the caller's own, if it sent a fit one), and
/// what the calls behind it took.
@ApplicationScoped
class Exchanges {

    private static final String VISIT = "penstock.visit";

    /// RFC 9110, section 8.3.1: type, slash, subtype, each a token.
    private static final Pattern MEDIA_TYPE =
            Pattern.compile("[\\w!#$%&'*+.^`|~-]+/[\\w!#$%&'*+.^`|~-]+\\s*(?:;|,|$)");

    /// RFC 9110, section 8.4: what leaves the body as it is.
    private static final Pattern PLAIN = Pattern.compile("\\s*(?i:identity)?\\s*");

    private static final String REQUEST_ID = "x-request-id";
    private static final Pattern FIT = Pattern.compile("[A-Za-z0-9._-]{1,64}");

    private final Endpoint endpoint;
    private final Origins origins;

    /// Checks the settings too: this is the one bean of the package that is made at start.
    Exchanges(Endpoint endpoint, Origins origins, HttpConfig config, Config settings) {
        config.checked();
        WebSocketSettings.require(settings);
        this.endpoint = endpoint;
        this.origins = origins;
    }

    /// Notes what this request runs; a client that leaves, or has left, cancels it.
    ///
    /// The filter and the door have nothing in common but the exchange, so the visit is found
    /// there.
    static void runs(RoutingContext exchange, Running call) {
        Visit visit = Objects.requireNonNull(exchange.get(VISIT), "The filter has not run.");
        visit.runs(call);
    }

    void register(@Observes Filters filters) {
        filters.register(this::headers, 1000);
        // After Quarkus has allowed a page of another origin to read the answer.
        filters.register(Exchanges::body, SecurityHandlerPriorities.CORS - 1);
    }

    /// What the router refuses comes past the filters.
    void refuse(@Observes Router router) {
        router.route()
                .order(Integer.MIN_VALUE)
                .failureHandler(exchange -> {
                    if (exchange.statusCode() == 400 && exchange.get(VISIT) == null) {
                        answer(exchange, Errors.unreadable(exchange.request().authority() == null));
                    } else if (exchange.failure() instanceof StoreException) {
                        answer(exchange, Problem.storeUnavailable());
                    } else {
                        exchange.next();
                    }
                });
    }

    private void headers(RoutingContext exchange) {
        String asked = exchange.request().getHeader(REQUEST_ID);
        String requestId =
                asked != null && FIT.matcher(asked).matches() ? asked : "req_" + UUID.randomUUID();
        Visit visit = new Visit();
        exchange.put(VISIT, visit);
        exchange.addHeadersEndHandler(_ -> write(exchange, requestId, visit));
        exchange.addEndHandler(end -> {
            // A stream that is reset here ends well, but its answer does not.
            if (end.failed() || !exchange.response().ended()) {
                visit.left();
            }
        });
        LastWord.watch(exchange);
        StreamsApart.watch(exchange);
        Problem foreign = origins.refusal(exchange.request());
        if (foreign == null) {
            exchange.next();
        } else {
            answer(exchange, foreign);
        }
    }

    /// Refuses what no door reads.
    private static void body(RoutingContext exchange) {
        HttpServerRequest request = exchange.request();
        String contentType = request.getHeader("content-type");
        String encoding = request.getHeader("content-encoding");
        if (contentType != null && !MEDIA_TYPE.matcher(contentType).lookingAt()) {
            answer(exchange, Errors.unsupportedMediaType());
        } else if (encoding != null && !PLAIN.matcher(encoding).matches()) {
            // RFC 9110, section 15.5.16.
            exchange.response().putHeader("accept-encoding", "identity");
            answer(exchange, Errors.unsupportedEncoding(encoding));
        } else {
            exchange.next();
        }
    }

    /// Answers a request that comes to no door.
    static void answer(RoutingContext exchange, Problem problem) {
        if (!exchange.response().ended()) {
            exchange.response()
                    .setStatusCode(problem.status())
                    .putHeader("content-type", "application/json")
                    .putHeader("x-should-retry", Boolean.toString(!problem.isFinal()))
                    .end(problem.toJson().toString());
        }
    }

    private void write(RoutingContext exchange, String requestId, Visit visit) {
        HttpServerResponse response = exchange.response();
        Headers headers = new Headers((name, value) -> response.putHeader(name, value));
        Running call = visit.call();
        headers.put(REQUEST_ID, () -> requestId);
        headers.put(
                "x-penstock-attempts",
                () -> Integer.toString(call == null ? 0 : call.attemptCount()));
        headers.put(
                "x-penstock-overhead-ms",
                () -> tenths(call == null ? visit.age() : call.overhead()));
        if (call != null) {
            headers.put("x-penstock-provider-request-id", call::providerRequestId);
            headers.putAll(call::rateHeaders);
        }
        if (response.getStatusCode() == 405 || response.headers().contains("allow")) {
            headers.put("allow", () -> Allowed.at(exchange.request().path()));
        }
        if (endpoint.simulated()) {
            headers.put("x-penstock-provider", () -> "simulated");
        }
    }

    /// Milliseconds with one digit behind the point.
    private static String tenths(Duration time) {
        long tenths = Math.max(0, time.toNanos() + 50_000) / 100_000;
        return tenths / 10 + "." + tenths % 10;
    }

    /// A client's request, from its head to its end. The event loop and the call's thread meet
    /// here.
    private static final class Visit {

        private final long startedAtNanos = System.nanoTime();
        private @Nullable Running call;
        private boolean left;

        Duration age() {
            return Duration.ofNanos(System.nanoTime() - startedAtNanos);
        }

        synchronized void runs(Running started) {
            call = started;
            if (left) {
                started.cancel();
            }
        }

        synchronized void left() {
            left = true;
            if (call != null) {
                call.cancel();
            }
        }

        synchronized @Nullable Running call() {
            return call;
        }
    }
}
