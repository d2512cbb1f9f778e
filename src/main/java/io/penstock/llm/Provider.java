package io.penstock.llm;

import io.penstock.flow.FlowConfig;
import io.quarkus.runtime.Startup;
import io.vertx.core.Context;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;

/// The provider's HTTP side: one pooled client for all calls. Thread-safe.
///
/// All traffic runs on one event loop. A request on one loop over a connection of another can be
/// reset and answered in the same moment, which Vert.x 4.5 takes for a fault; and one loop moves
/// far more than models answer.
///
/// The pool has as many connections as calls may be in flight, so that a call with a permit never
/// waits for a connection.
@ApplicationScoped
@Startup
class Provider {

    /// The body's pieces that may lie unread in memory per call; a piece is what one read of the
    /// socket gave, 64 KB at most.
    static final int WINDOW = 16;

    private static final String USER_AGENT = "penstock";

    private final Context loop;
    private final HttpClient client;
    private final String basePath;
    private final RequestOptions target;

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
                        // The exchange on the connection tells of its end; here it would be logged
                        // once more.
                        .withConnectHandler(connection -> connection.exceptionHandler(_ -> {}))
                        .build();
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
                        .set(HttpHeaders.USER_AGENT, USER_AGENT);
        if (endpoint.apiKey() != null) {
            headers.set(HttpHeaders.AUTHORIZATION, "Bearer " + endpoint.apiKey());
        }
        this.target.setHeaders(headers);
    }

    /// Sends a request. Close the exchange in every case: that ends the request at the provider if
    /// it still runs.
    Exchange post(Buffer body, Call call) {
        RequestOptions options = new RequestOptions(target);
        options.putHeader(
                HttpHeaders.ACCEPT, call.streams() ? "text/event-stream" : "application/json");
        Exchange exchange = new Exchange(loop, call);
        exchange.send(client, options, body);
        return exchange;
    }

    /// Asks for what is at a path below the base URL. Close the exchange in every case.
    Exchange get(String path, Call call) {
        RequestOptions options = new RequestOptions(target);
        options.setMethod(HttpMethod.GET).setURI(basePath + path);
        options.getHeaders().remove(HttpHeaders.CONTENT_TYPE);
        options.putHeader(HttpHeaders.ACCEPT, "application/json");
        Exchange exchange = new Exchange(loop, call);
        exchange.send(client, options, Buffer.buffer());
        return exchange;
    }

    @PreDestroy
    void close() {
        client.close();
    }

    private static int millis(Duration duration) {
        return (int) Math.min(Integer.MAX_VALUE, duration.toMillis());
    }
}
