package io.penstock.llm;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.flow.FlowConfig;
import io.penstock.testing.RawProvider;
import io.penstock.testing.Settings;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Which connections of a real provider's are used again.
class ProviderTest {

    private static final int MORE_THAN_SOCKETS_HOLD = 32 << 20;

    /// With one loop, so that it can be kept from reading.
    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));

    @AfterEach
    void stop() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get();
    }

    @Test
    void aConnectionIsUsedAgain() throws Exception {
        try (RawProvider server = new RawProvider(ProviderTest::answer)) {
            Provider provider = provider(server);

            assertThat(text(provider.post(Buffer.buffer("a"), false, _ -> {}))).isEqualTo("a on 1");
            assertThat(text(provider.post(Buffer.buffer("b"), false, _ -> {}))).isEqualTo("b on 1");
        }
    }

    @Test
    void bytesThatHaveComeUnnoticedAreNoAnswerToTheNextRequest() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        CountDownLatch written = new CountDownLatch(1);
        RawProvider.Answering twice =
                (asked, out) -> {
                    answer(asked, out);
                    if (asked.connection() == 1) {
                        out.flush();
                        assertThat(go.await(20, TimeUnit.SECONDS)).isTrue();
                        answer(asked, out);
                        out.flush();
                        written.countDown();
                    }
                    return true;
                };
        try (RawProvider server = new RawProvider(twice)) {
            Provider provider = provider(server);
            assertThat(text(provider.post(Buffer.buffer("a"), false, _ -> {}))).isEqualTo("a on 1");

            CompletableFuture<Exchange> next = new CompletableFuture<>();
            vertx.runOnContext(_ -> {
                go.countDown();
                try {
                    assertThat(written.await(20, TimeUnit.SECONDS)).isTrue();
                } catch (InterruptedException e) {
                    next.completeExceptionally(e);
                }
                next.complete(provider.post(Buffer.buffer("b"), false, _ -> {}));
            });

            assertThat(text(next.get(20, TimeUnit.SECONDS))).isEqualTo("b on 2");
        }
    }

    /// The rest of a request that is not read may be taken for another one.
    @Test
    void aConnectionWhoseAnswerCameBeforeTheWholeRequestIsNotUsedAgain() throws Exception {
        CountDownLatch isRead = new CountDownLatch(1);
        RawProvider.Answering early =
                new RawProvider.Answering() {

                    private boolean isFirst = true;

                    @Override
                    public synchronized boolean answersEarly(OutputStream out) throws IOException {
                        if (!isFirst) {
                            return false;
                        }
                        isFirst = false;
                        out.write(
                                RawProvider.http(
                                        413, "text/plain", "x".getBytes(StandardCharsets.UTF_8)));
                        out.flush();
                        // As long as nobody reads it, the request is not written to its end.
                        try {
                            isRead.await();
                        } catch (InterruptedException _) {
                            Thread.currentThread().interrupt();
                        }
                        return true;
                    }

                    @Override
                    public boolean answer(RawProvider.Asked asked, OutputStream out)
                            throws IOException {
                        return ProviderTest.answer(asked, out);
                    }
                };
        try (RawProvider server = new RawProvider(early)) {
            Provider provider = provider(server);
            Buffer large = Buffer.buffer("x".repeat(MORE_THAN_SOCKETS_HOLD));
            assertThat(text(provider.post(large, false, _ -> {}))).isEqualTo("x");
            isRead.countDown();

            assertThat(text(provider.post(Buffer.buffer("b"), false, _ -> {}))).isEqualTo("b on 2");
        }
    }

    private static boolean answer(RawProvider.Asked asked, OutputStream out) throws IOException {
        String text = asked.body() + " on " + asked.connection();
        out.write(RawProvider.http(200, "text/plain", text.getBytes(StandardCharsets.UTF_8)));
        return true;
    }

    private Provider provider(RawProvider server) {
        return new Provider(
                vertx,
                Endpoint.of(server.baseUrl(), null, false),
                Settings.of(LlmConfig.class, Map.of()),
                Settings.of(FlowConfig.class, Map.of()));
    }

    private static String text(Exchange exchange) throws Exception {
        Deadline soon = Deadline.in(Duration.ofSeconds(20));
        try (exchange) {
            requireNonNull(exchange.head(soon));
            StringBuilder text = new StringBuilder();
            for (Buffer piece = exchange.next(soon);
                    piece != null && piece.length() > 0;
                    piece = exchange.next(soon)) {
                text.append(piece);
            }
            return text.toString();
        }
    }
}
