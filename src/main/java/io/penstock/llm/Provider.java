package io.penstock.llm;

import io.penstock.flow.FlowConfig;
import io.quarkus.runtime.Startup;
import io.vertx.core.Context;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.http.impl.HttpClientConnection;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.function.LongConsumer;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The provider's HTTP side: one pooled client for all calls. Thread-safe.
///
/// All traffic runs on one event loop. A request on one loop over a connection of another can be
/// reset and answered in the same moment, which Vert.x 4.5 takes for a fault; and one loop moves
/// far more than models answer.
///
/// The pool has as many connections as calls may be in flight, so that a call with a permit never
/// waits for a connection. Only HTTP/1.1 is spoken, by [StrictResponseCodec]: a connection on which
/// anything came that nobody asked for is not used again, and for a while after it each call has a
/// connection of its own.
@ApplicationScoped
@Startup
class Provider {

    /// The body's pieces that may lie unread in memory per call; a piece is what one read of the
    /// socket gave, 64 KB at most.
    static final int WINDOW = 16;

    /// Gateways add headers by the dozen; Netty's own bound is 8 KB.
    private static final int MAX_HEADER_BYTES = 128 * 1024;

    /// For how long a provider is not trusted to keep answers apart on one connection.
    private static final Duration DISTRUST = Duration.ofMinutes(10);

    private static final Logger LOG = Logger.getLogger(Provider.class);

    private static final String USER_AGENT = "penstock";

    private final Context loop;
    private final HttpClient client;
    private final String basePath;
    private final RequestOptions target;
    private final String authority;
    private volatile @Nullable Instant distrustedUntil;

    Provider(Vertx vertx, Endpoint endpoint, LlmConfig config, FlowConfig flow) {
        // Made at start, by a thread that has no context yet: this one belongs to no request.
        this.loop = vertx.getOrCreateContext();
        int maxConcurrency = flow.checked().maxConcurrency();
        this.client =
                vertx.httpClientBuilder()
                        .with(
                                new HttpClientOptions()
                                        .setKeepAlive(true)
                                        .setConnectTimeout(
                                                millis(config.checked().connectTimeout()))
                                        .setTcpNoDelay(true))
                        .with(
                                new PoolOptions()
                                        .setHttp1MaxSize(maxConcurrency)
                                        .setMaxWaitQueueSize(maxConcurrency))
                        .withConnectHandler(this::connected)
                        .build();
        this.authority = endpoint.authority();
        this.basePath = endpoint.baseUrl().getRawPath();
        this.target =
                new RequestOptions()
                        .setMethod(HttpMethod.POST)
                        .setSsl(endpoint.isSecure())
                        .setHost(endpoint.baseUrl().getHost())
                        .setPort(endpoint.port())
                        .setURI(basePath + "/chat/completions");
        MultiMap headers =
                HttpHeaders.headers()
                        .set(HttpHeaders.CONTENT_TYPE, "application/json")
                        // An answer that is compressed all the same is read; see Inflation.
                        .set(HttpHeaders.ACCEPT_ENCODING, HttpHeaders.IDENTITY)
                        .set(HttpHeaders.USER_AGENT, USER_AGENT);
        if (endpoint.apiKey() != null) {
            headers.set(HttpHeaders.AUTHORIZATION, "Bearer " + endpoint.apiKey());
        }
        this.target.setHeaders(headers);
    }

    /// Sends a request. Close the exchange in every case: that ends the request at the provider if
    /// it still runs.
    ///
    /// @param waited is told of the time spent waiting, in nanoseconds
    Exchange post(Buffer body, boolean streams, LongConsumer waited) {
        RequestOptions options =
                trusted(new RequestOptions(target))
                        .putHeader(
                                HttpHeaders.ACCEPT,
                                streams ? "text/event-stream" : "application/json");
        return new Exchange(loop, waited).send(client, options, body);
    }

    /// Asks for what is at a path below the base URL. Close the exchange in every case.
    Exchange get(String path) {
        RequestOptions options =
                trusted(new RequestOptions(target))
                        .setMethod(HttpMethod.GET)
                        .setURI(basePath + path)
                        .putHeader(HttpHeaders.ACCEPT, "application/json");
        options.getHeaders().remove(HttpHeaders.CONTENT_TYPE);
        return new Exchange(loop, _ -> {}).send(client, options, Buffer.buffer());
    }

    /// For as long as the provider is not trusted, with a connection of its own.
    private RequestOptions trusted(RequestOptions options) {
        Instant until = distrustedUntil;
        if (until != null) {
            if (Instant.now().isBefore(until)) {
                options.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
            } else {
                distrustedUntil = null;
            }
        }
        return options;
    }

    /// Before the first request on a new connection.
    private void connected(HttpConnection connection) {
        // The exchange on the connection tells of its end; here it would be logged once more.
        connection.exceptionHandler(_ -> {});
        ((HttpClientConnection) connection)
                .channel()
                .pipeline()
                .replace(
                        "codec",
                        "codec",
                        new StrictResponseCodec(MAX_HEADER_BYTES, this::distrust));
    }

    private void distrust() {
        if (distrustedUntil == null) {
            LOG.warnf(
                    "%s sent something that no request had asked for; for %d minutes each call to it has a"
                            + " connection of its own, so that no call can get another's answer.",
                    authority, DISTRUST.toMinutes());
        }
        distrustedUntil = Instant.now().plus(DISTRUST);
    }

    @PreDestroy
    void close() {
        client.close();
    }

    private static int millis(Duration duration) {
        return (int) Math.min(Integer.MAX_VALUE, duration.toMillis());
    }
}
