package io.penstock.http;

import io.penstock.json.Json;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/// What callers have sent and Penstock still holds, in bytes: bounded for each body, and in all
/// until the calls that were made of them have ended. Without the second bound a few dozen callers
/// with large bodies fill the memory before anybody counts their calls. Thread-safe.
@ApplicationScoped
class Bodies {

    private static final int UNIT = 1024;

    /// How long a client may go on sending a body that was refused.
    private static final Duration DISCARDING = Duration.ofSeconds(2);

    private final long maxBody;
    private final int all;
    private final Semaphore units;
    private final Duration patience;

    Bodies(
            HttpConfig config,
            @ConfigProperty(name = "quarkus.http.read-timeout", defaultValue = "60S")
                    Duration patience) {
        this.patience = patience;
        this.maxBody = config.maxBody().asLongValue();
        this.all = (int) (config.maxBodies().asLongValue() / UNIT);
        this.units = new Semaphore(all);
    }

    /// A body that counts against the bound until it is closed.
    record Body(byte[] bytes, Hold hold) implements AutoCloseable {

        @Override
        public void close() {
            hold.close();
        }
    }

    /// A share of the bound; closing it twice does nothing more.
    final class Hold implements AutoCloseable {

        private final AtomicInteger count;

        private Hold(int count) {
            this.count = new AtomicInteger(count);
        }

        /// Makes it as large as what is held turns out to be. What is larger than the bound takes
        /// all of it, so that it has room when it is alone.
        ///
        /// @throws ProblemException when there is no room
        void resize(long bytes) {
            int before = count.get();
            int needed = Math.min(all, Bodies.units(bytes));
            if (needed > before && !units.tryAcquire(needed - before)) {
                throw noRoom();
            }
            if (!count.compareAndSet(before, needed)) {
                // Closed meanwhile.
                units.release(Math.max(0, needed - before));
            } else if (needed < before) {
                units.release(before - needed);
            }
        }

        @Override
        public void close() {
            units.release(count.getAndSet(0));
        }
    }

    /// Reads a request's body.
    ///
    /// @throws ProblemException 413 when it is too long, 429 when there is no room for it; the
    ///   connection is closed then, as what is left of the body would be taken for the next request
    Body read(RoutingContext exchange) {
        long length = length(exchange.request().getHeader("content-length"));
        if (length > maxBody) {
            closeAfter(exchange);
            throw tooLarge();
        }
        Hold hold = hold(length < 0 ? maxBody : length);
        if (hold == null) {
            closeAfter(exchange);
            throw noRoom();
        }
        boolean read = false;
        try {
            byte[] bytes = open(exchange).readNBytes((int) maxBody + 1);
            if (bytes.length > maxBody) {
                closeAfter(exchange);
                throw tooLarge();
            }
            try {
                hold.resize(bytes.length + Json.treeBytes(bytes));
            } catch (ProblemException noRoom) {
                closeAfter(exchange);
                throw noRoom;
            }
            read = true;
            return new Body(bytes, hold);
        } catch (IOException broken) {
            closeAfter(exchange);
            throw Problem.refused(400, "bad_request", "The body broke off before its end.")
                    .exception();
        } finally {
            if (!read) {
                hold.close();
            }
        }
    }

    /// A request's body as it comes, without a bound.
    InputStream open(RoutingContext exchange) {
        return new Inflow(exchange, patience);
    }

    /// Takes a share of the bound, or null when there is none left.
    @Nullable Hold hold(long bytes) {
        int count = units(bytes);
        return units.tryAcquire(count) ? new Hold(count) : null;
    }

    private static int units(long bytes) {
        return (int) Math.min(Integer.MAX_VALUE - 1, bytes / UNIT) + 1;
    }

    /// What a caller is told when there is no room.
    static ProblemException noRoom() {
        return Problem.busy(
                        "Penstock holds as many bytes of prompts as it may (penstock.http.max-bodies); try again"
                                + " later.")
                .exception();
    }

    private ProblemException tooLarge() {
        return Problem.refused(
                        413,
                        "body_too_large",
                        "The body is larger than "
                                + maxBody
                                + " bytes (penstock.http.max-body); send less.")
                .exception();
    }

    /// What a `content-length` says; negative for nothing.
    static long length(@Nullable String header) {
        try {
            return header == null ? -1 : Long.parseLong(header.trim());
        } catch (NumberFormatException notANumber) {
            return -1;
        }
    }

    /// Ends a connection of HTTP/1.1 after the answer: what is left of a body that nobody reads
    /// would be taken for the next request. On HTTP/2 that is the stream's end alone.
    ///
    /// @see StreamsApart
    static void closeAfter(RoutingContext exchange) {
        if (exchange.request().version() == HttpVersion.HTTP_2) {
            return;
        }
        exchange.response().putHeader("connection", "close");
        exchange.addEndHandler(_ -> discard(exchange.request(), exchange.vertx()));
    }

    /// A connection that is closed while the client still sends is reset, which takes the answer
    /// from the client before it has read it.
    private static void discard(HttpServerRequest request, Vertx vertx) {
        HttpConnection connection = request.connection();
        try {
            if (!request.isEnded()) {
                request.handler(_ -> {});
                request.endHandler(_ -> connection.close());
                request.resume();
                vertx.setTimer(DISCARDING.toMillis(), _ -> connection.close());
                return;
            }
        } catch (IllegalStateException endedMeanwhile) {
            // Then there is nothing to discard.
        }
        connection.close();
    }
}
