package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Settings;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Bodies as they come over a connection, and what is read of them or refused. A body has up to 1
/// KB here, and all have room for three.
class BodiesTest {

    private static final int LIMIT_MILLIS = 20_000;
    private static final int MAX = 1024;

    private final Vertx vertx = Vertx.vertx();
    private final Bodies bodies =
            new Bodies(
                    Settings.of(
                            HttpConfig.class,
                            Map.of(
                                    "penstock.http.max-body",
                                    "1K",
                                    "penstock.http.max-bodies",
                                    "3K")),
                    Duration.ofSeconds(20));

    /// Bodies that were read, to be closed by the test, and refusals.
    private final BlockingQueue<Object> outcomes = new LinkedBlockingQueue<>();

    private int port;

    @BeforeEach
    void listen() throws Exception {
        Router router = Router.router(vertx);
        router.route()
                .handler(exchange -> {
                    exchange.request().pause();
                    Thread.ofVirtual().start(() -> read(exchange));
                });
        HttpServer server =
                vertx.createHttpServer()
                        .requestHandler(router)
                        .listen(0, InetAddress.getLoopbackAddress().getHostAddress())
                        .toCompletionStage()
                        .toCompletableFuture()
                        .get(LIMIT_MILLIS, TimeUnit.MILLISECONDS);
        port = server.actualPort();
    }

    private void read(RoutingContext exchange) {
        try {
            Bodies.Body body = bodies.read(exchange);
            outcomes.add(body);
            exchange.response().end(Buffer.buffer(body.bytes()));
        } catch (ProblemException refused) {
            outcomes.add(refused.problem());
            Exchanges.answer(exchange, refused.problem());
        }
    }

    @AfterEach
    void close() throws Exception {
        vertx.close()
                .toCompletionStage()
                .toCompletableFuture()
                .get(LIMIT_MILLIS, TimeUnit.MILLISECONDS);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, MAX - 1, MAX})
    void aBodyUpToItsBoundIsReadWhetherItsLengthIsToldOrNot(int length) throws Exception {
        String text = "x".repeat(length);

        assertThat(exchange(told(text))).startsWith("HTTP/1.1 200 ").endsWith("\r\n\r\n" + text);
        body().close();
        assertThat(exchange(untold(text))).startsWith("HTTP/1.1 200 ").endsWith("\r\n\r\n" + text);
        assertThat(body().bytes()).hasSize(length);
    }

    @Test
    void aLongerBodyIsRefusedWhetherItsLengthIsToldOrNot() throws Exception {
        for (String request :
                new String[] {told("x".repeat(MAX + 1)), untold("x".repeat(MAX + 1))}) {
            assertThat(exchange(request))
                    .startsWith("HTTP/1.1 413 ")
                    .containsIgnoringCase("connection: close")
                    .contains("\"body_too_large\"", "larger than 1024 bytes");
            assertThat(outcome()).isInstanceOf(Problem.class);
        }
        assertAllRoomIsFree();
    }

    @Test
    void aLengthBeyondTheBoundIsRefusedBeforeTheBodyComes() throws Exception {
        assertThat(exchange(head("content-length: 9223372036854775807")))
                .startsWith("HTTP/1.1 413 ");
        assertAllRoomIsFree();
    }

    @Test
    void whatIsLeftOfARefusedBodyIsNotTakenForTheNextRequest() throws Exception {
        String answers =
                exchange(
                        head("content-length: " + 2 * MAX)
                                + "GET / HTTP/1.1\r\nhost: a\r\n\r\n".repeat(50));

        assertThat(answers.split("HTTP/1.1 ", -1)).hasSize(2);
        assertThat(outcome()).isInstanceOf(Problem.class);
        assertThat(outcomes).isEmpty();
    }

    @Test
    void whereThereIsNoRoomTheCallerIsToldToComeAgain() throws Exception {
        Bodies.Hold other = held(2 * MAX - 1);
        assertThat(exchange(told("x".repeat(MAX))))
                .startsWith("HTTP/1.1 429 ")
                .contains("\"rejected\"", "penstock.http.max-bodies");
        assertThat(outcome()).isInstanceOf(Problem.class);

        other.close();

        assertThat(exchange(told("x".repeat(MAX)))).startsWith("HTTP/1.1 200 ");
    }

    @Test
    void aBodyOfUntoldLengthKeepsOnlyTheRoomThatItNeeds() throws Exception {
        assertThat(exchange(untold("x"))).startsWith("HTTP/1.1 200 ");
        Bodies.Body small = body();

        Bodies.Hold rest = held(2 * MAX - 1);
        assertThat(bodies.hold(0)).isNull();

        rest.close();
        small.close();
        assertAllRoomIsFree();
    }

    @Test
    void roomIsGivenBackOnceHoweverOftenABodyIsClosed() throws Exception {
        exchange(told("x"));
        Bodies.Body body = body();

        body.close();
        body.close();

        assertAllRoomIsFree();
        assertThat(bodies.hold(3 * MAX)).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "content-length: 100\r\n\r\nbroken",
                "transfer-encoding: chunked\r\n\r\n6\r\nbroken\r\n"
            })
    void aBodyThatBreaksOffIsNoneAndKeepsNoRoom(String rest) throws Exception {
        try (Socket socket = connect()) {
            send(socket, "POST / HTTP/1.1\r\nhost: a\r\n" + rest);
        }

        assertThat(outcome())
                .isInstanceOfSatisfying(
                        Problem.class, broken -> assertThat(broken.status()).isEqualTo(400));
        assertAllRoomIsFree();
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "none",
            value = {
                "none, -1",
                "'', -1",
                "0, 0",
                "' 7 ', 7",
                "-7, -7",
                "1e3, -1",
                "0x10, -1",
                "'7, 7', -1",
                "9223372036854775807, 9223372036854775807",
                "9223372036854775808, -1",
            })
    void aLengthIsAWholeNumberOrUntold(String header, long length) {
        assertThat(Bodies.length(header)).isEqualTo(length);
    }

    private void assertAllRoomIsFree() {
        held(3 * MAX - 1).close();
    }

    private Bodies.Hold held(long bytes) {
        return Objects.requireNonNull(bodies.hold(bytes), "there is no room");
    }

    private Bodies.Body body() throws InterruptedException {
        return (Bodies.Body) outcome();
    }

    private Object outcome() throws InterruptedException {
        Object outcome = outcomes.poll(LIMIT_MILLIS, TimeUnit.MILLISECONDS);
        assertThat(outcome).isNotNull();
        return outcome;
    }

    private static String head(String more) {
        return "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n" + more + "\r\n\r\n";
    }

    private static String told(String body) {
        return head("content-length: " + body.length()) + body;
    }

    /// In chunks of one character.
    private static String untold(String body) {
        return head("transfer-encoding: chunked")
                + body.replaceAll(".", "1\r\n$0\r\n")
                + "0\r\n\r\n";
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(LIMIT_MILLIS);
        return socket;
    }

    private static void send(Socket socket, String bytes) throws IOException {
        socket.getOutputStream().write(bytes.getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().flush();
    }

    /// All that comes until the server closes the connection.
    private String exchange(String request) throws IOException {
        try (Socket socket = connect()) {
            send(socket, request);
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        }
    }
}
