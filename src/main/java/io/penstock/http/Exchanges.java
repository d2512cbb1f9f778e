package io.penstock.http;

import io.penstock.llm.Endpoint;
import io.penstock.llm.Running;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.Locale;
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

    private static final String REQUEST_ID = "x-request-id";
    private static final Pattern FIT = Pattern.compile("[A-Za-z0-9._-]{1,64}");

    private final Endpoint endpoint;

    /// Checks the settings too: this is the one bean of the package that is made at start.
    Exchanges(Endpoint endpoint, HttpConfig config, Config settings) {
        config.checked();
        WebSocketSettings.require(settings);
        this.endpoint = endpoint;
    }

    /// Notes what this request runs; a client that leaves, or has left, cancels it.
    static void runs(RoutingContext exchange, Running call) {
        Visit visit = Objects.requireNonNull(exchange.get(VISIT), "The filter has not run.");
        visit.runs(call);
    }

    void register(@Observes Filters filters) {
        filters.register(this::headers, 1000);
    }

    private void headers(RoutingContext exchange) {
        String asked = exchange.request().getHeader(REQUEST_ID);
        String requestId =
                asked != null && FIT.matcher(asked).matches() ? asked : "req_" + UUID.randomUUID();
        Visit visit = new Visit();
        exchange.put(VISIT, visit);
        exchange.addHeadersEndHandler(_ -> write(exchange.response(), requestId, visit));
        exchange.addEndHandler(end -> {
            if (end.failed()) {
                visit.left();
            }
        });
        String contentType = exchange.request().getHeader("content-type");
        if (contentType != null && !MEDIA_TYPE.matcher(contentType).lookingAt()) {
            answer(exchange, Errors.unsupportedMediaType());
        } else {
            exchange.next();
        }
    }

    private static void answer(RoutingContext exchange, Problem problem) {
        if (!exchange.response().ended()) {
            exchange.response()
                    .setStatusCode(problem.status())
                    .putHeader("content-type", "application/json")
                    .putHeader("x-should-retry", "false")
                    .end(problem.toJson().toString());
        }
    }

    private void write(HttpServerResponse response, String requestId, Visit visit) {
        response.putHeader(REQUEST_ID, requestId);
        Running call = visit.call();
        int attempts = call == null ? 0 : call.attemptCount();
        Duration overhead = call == null ? visit.age() : call.overhead();
        response.putHeader("x-penstock-attempts", Integer.toString(attempts));
        response.putHeader(
                "x-penstock-overhead-ms",
                String.format(Locale.ROOT, "%.1f", overhead.toNanos() / 1_000_000.0));
        if (call != null) {
            call.rateHeaders().forEach(response::putHeader);
        }
        if (endpoint.simulated()) {
            response.putHeader("x-penstock-provider", "simulated");
        }
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
