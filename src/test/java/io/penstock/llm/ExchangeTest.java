package io.penstock.llm;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.RequestOptions;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What an exchange leaves behind on the one connection that its client has.
class ExchangeTest {

    private final Vertx vertx = Vertx.vertx();
    private final BlockingQueue<HttpServerRequest> held = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> closed = new LinkedBlockingQueue<>();
    private final HttpServer server =
            vertx.createHttpServer()
                    .connectionHandler(
                            connection -> connection.closeHandler(_ -> closed.add("closed")))
                    .requestHandler(this::answer)
                    .listen(0, "127.0.0.1")
                    .toCompletionStage()
                    .toCompletableFuture()
                    .join();
    private final HttpClient client =
            vertx.createHttpClient(new HttpClientOptions().setMaxPoolSize(1));
    private final Context loop = vertx.getOrCreateContext();

    @AfterEach
    void stop() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get();
    }

    /// Eighteen pieces: two more than are taken unasked, so that a whole answer lies unread while
    /// its connection is free again.
    private void answer(HttpServerRequest request) {
        if (request.uri().equals("/held")) {
            held.add(request);
            return;
        }
        request.response().setChunked(true);
        write(request, request.uri().equals("/endless") ? Integer.MAX_VALUE : 18);
    }

    private void write(HttpServerRequest request, int pieces) {
        if (pieces == 0) {
            request.response().end();
        } else if (!request.response().closed()) {
            request.response()
                    .write("piece")
                    .onSuccess(_ -> vertx.setTimer(2, _ -> write(request, pieces - 1)));
        }
    }

    @Test
    void closingAnUnreadAnswerDoesNotEndTheCallThatHasItsConnectionNow() throws Exception {
        Exchange unread = send("/whole");
        assertThat(unread.head(soon())).isNotNull();
        Exchange next = send("/held");
        HttpServerRequest arrived = requireNonNull(held.poll(20, TimeUnit.SECONDS));

        unread.close();
        onLoop();
        arrived.response().end("fine");

        Exchange.Head head = requireNonNull(next.head(soon()));
        assertThat(head.status()).isEqualTo(200);
        Buffer body = requireNonNull(next.next(soon()));
        assertThat(body.toString()).isEqualTo("fine");
        assertThat(closed).isEmpty();
    }

    @Test
    void closingAnAnswerThatStillComesEndsItAtTheProvider() throws Exception {
        Exchange endless = send("/endless");
        assertThat(endless.head(soon())).isNotNull();

        endless.close();

        assertThat(closed.poll(20, TimeUnit.SECONDS)).isEqualTo("closed");
    }

    @Test
    void closingBeforeAnyAnswerEndsTheRequest() throws Exception {
        Exchange waiting = send("/held");
        assertThat(held.poll(20, TimeUnit.SECONDS)).isNotNull();

        waiting.close();

        assertThat(closed.poll(20, TimeUnit.SECONDS)).isEqualTo("closed");
    }

    @Test
    void anAnswerReadToItsEndLeavesTheConnectionForTheNext() throws Exception {
        for (int i = 0; i < 3; i++) {
            try (Exchange exchange = send("/whole")) {
                assertThat(exchange.head(soon())).isNotNull();
                StringBuilder body = new StringBuilder();
                for (Buffer piece = exchange.next(soon());
                        piece != null && piece.length() > 0;
                        piece = exchange.next(soon())) {
                    body.append(piece);
                }
                assertThat(body.toString()).isEqualTo("piece".repeat(18));
            }
        }
        onLoop();
        assertThat(closed).isEmpty();
    }

    @Test
    void nothingIsTakenAfterTheDeadline() throws Exception {
        try (Exchange exchange = send("/whole")) {
            assertThat(exchange.head(soon())).isNotNull();
            assertThat(exchange.next(Deadline.in(Duration.ofMillis(-1)))).isNull();
        }
    }

    private Exchange send(String path) {
        Exchange exchange = new Exchange(loop, _ -> {});
        exchange.send(
                client,
                new RequestOptions()
                        .setMethod(HttpMethod.POST)
                        .setHost("127.0.0.1")
                        .setPort(server.actualPort())
                        .setURI(path),
                Buffer.buffer("{}"));
        return exchange;
    }

    /// Waits until the client's loop has done what was asked of it before, three hops deep.
    private void onLoop() throws Exception {
        for (int i = 0; i < 3; i++) {
            var done = new java.util.concurrent.CompletableFuture<Boolean>();
            loop.runOnContext(_ -> done.complete(true));
            assertThat(done.get(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    private static Deadline soon() {
        return Deadline.in(Duration.ofSeconds(20));
    }
}
