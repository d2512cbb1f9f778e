package io.penstock.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Caller;
import io.penstock.testing.Emulators;
import io.penstock.testing.Function;
import io.penstock.testing.Provider;
import io.penstock.testing.Socket;
import io.penstock.testing.lambda.LocalFunction;
import io.penstock.testing.lambda.SocketFront;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The function behind a WebSocket API: each message is an invocation, and those of one connection
/// run in several processes.
class SocketIT {

    private static final Duration SOON = Duration.ofSeconds(20);

    /// More than come at once: also the end of the test before takes one or two.
    private static final int ENVIRONMENTS = 8;

    private static SimulatedProvider simulated;
    private static Provider provider;
    private static Emulators emulators;
    private static SocketFront front;
    private static LocalFunction function;
    private Socket socket;

    @BeforeAll
    static void start() {
        simulated = SimulatedProvider.start(SimulatedProvider.Options.defaults());
        provider = Provider.at(simulated.baseUrl());
        emulators = Emulators.start();
        front = new SocketFront(0);
        Map<String, String> variables =
                new HashMap<>(
                        emulators.environment(
                                emulators.table("socket"),
                                emulators.bucket("socket"),
                                emulators.queues("socket", Duration.ofSeconds(30), 10)));
        variables.put("OPENAI_BASE_URL", simulated.baseUrl());
        variables.put("OPENAI_API_KEY", "socket");
        variables.put("PENSTOCK_LAMBDA_CONNECTIONS_URL", front.connectionsUrl());
        function = new LocalFunction("socket", variables, Duration.ofSeconds(60), ENVIRONMENTS);
        front.invokes(function);
    }

    @AfterAll
    static void stop() {
        front.close();
        function.close();
        emulators.close();
        simulated.close();
    }

    @BeforeEach
    void connect() {
        provider.reset();
        socket = new Socket(front.url(), "/");
    }

    @AfterEach
    void disconnect() {
        socket.webSocket().abort();
    }

    @Test
    void tokensComeInOrderAndThoseThatComeMeanwhileGoTogether() {
        // As much as the simulated provider repeats.
        String text =
                IntStream.range(10, 60)
                        .mapToObj(Integer::toString)
                        .collect(Collectors.joining(" "));
        Semaphore gate = new Semaphore(0);
        front.hold(gate);
        int before = front.posted().size();

        socket.send(prompt("a", text));
        // All of them are there before the first is taken.
        provider.await("requests=1", SOON);
        provider.await("in_flight_at_most=0", SOON);
        gate.release(Integer.MAX_VALUE / 2);
        List<JsonNode> frames = socket.untilLast();

        assertThat(Socket.text(frames)).endsWith(": " + text);
        assertThat(frames).allMatch(frame -> frame.path("id").asText().equals("a"));
        assertThat(frames.getLast().path("done").asBoolean()).isTrue();
        assertThat(frames.getLast().path("usage").path("total_tokens").asInt()).isPositive();
        assertThat(front.posted().size() - before).isLessThan(10);
    }

    @Test
    void aPromptOfAnotherProcessIsCancelledByItsIdAndNoOther() {
        socket.send(prompt("a", "first [[sim fault=hang]]"));
        socket.send(prompt("b", "second [[sim gate=b]]"));
        provider.await("in_flight=2", SOON);

        socket.send(prompt("a", "twice"));
        assertThat(code(socket.next())).isEqualTo("duplicate_id");
        socket.send(Caller.JSON.createObjectNode().put("cancel", "nobody"));
        assertThat(code(socket.next())).isEqualTo("unknown_id");
        socket.send(Caller.JSON.createObjectNode().put("cancel", "a"));
        JsonNode cancelled = socket.next();
        provider.await("in_flight_at_most=1", SOON);
        provider.open("b");

        assertThat(code(cancelled)).isEqualTo("cancelled");
        assertThat(cancelled.path("id").asText()).isEqualTo("a");
        assertThat(end("first")).isEqualTo("aborted");
        assertThat(socket.untilLast().getLast().path("done").asBoolean()).isTrue();
        socket.send(prompt("a", "again"));
        assertThat(socket.untilLast().getLast().path("done").asBoolean()).isTrue();
    }

    @Test
    void aClientThatLeavesEndsItsPromptsAlsoThoseThatSayNothingYet() {
        socket.send(prompt("a", "silent [[sim fault=hang]]"));
        socket.send(prompt("b", "talks " + "on ".repeat(50) + "[[sim token_delay=300ms]]"));
        provider.await("in_flight=2", SOON);

        socket.webSocket().sendClose(WebSocket.NORMAL_CLOSURE, "");
        provider.await("in_flight_at_most=0", SOON);

        assertThat(end("silent")).isEqualTo("aborted");
        assertThat(end("talks")).isEqualTo("aborted");
    }

    @Test
    void whatIsWrongIsSaid() {
        socket.webSocket().sendText("{", true).join();
        assertThat(code(socket.next())).isEqualTo("invalid_json");
        socket.send(prompt("a", "b").put("promt", "c"));
        JsonNode unknown = socket.next();
        assertThat(code(unknown)).isEqualTo("unknown_field");
        assertThat(unknown.path("id").asText()).isEqualTo("a");
        socket.send(prompt("a", "no key [[sim fault=unauthorized]]"));
        assertThat(code(socket.untilLast().getLast())).isEqualTo("provider_authentication");
        socket.send(prompt("a", "late [[sim fault=hang]]").put("timeout_ms", 300));
        assertThat(code(socket.untilLast().getLast())).isEqualTo("deadline_exceeded");
    }

    /// Without a table: a connection that is gone shows in the answer to a message.
    @Test
    void aConnectionThatIsGoneEndsTheRequestAtTheProvider() {
        try (Function alone = alone(Duration.ofSeconds(30))) {
            Function.Answer answer =
                    alone.invoke(
                            SocketFront.event(
                                    "gone=",
                                    "MESSAGE",
                                    "$default",
                                    Caller.prompt(
                                                    "unheard "
                                                            + "on ".repeat(50)
                                                            + "[[sim token_delay=300ms]]")
                                            .toString()));

            assertThat(answer.status()).isEqualTo(200);
            provider.await("in_flight_at_most=0", SOON);
            assertThat(end("unheard")).isEqualTo("aborted");
        }
    }

    @Test
    void theEndOfTheFunctionsTimeIsToldAndEndsTheRequest() {
        try (LocalFunction brief =
                new LocalFunction("socket", variables(), Duration.ofSeconds(4), 2)) {
            front.invokes(brief);
            socket.send(prompt("a", "too long [[sim fault=hang]]"));

            JsonNode last = socket.untilLast().getLast();

            assertThat(code(last)).isEqualTo("deadline_exceeded");
            assertThat(last.path("id").asText()).isEqualTo("a");
            provider.await("in_flight_at_most=0", SOON);
            assertThat(end("too long")).isEqualTo("aborted");
        } finally {
            front.invokes(function);
        }
    }

    private static Function alone(Duration timeout) {
        return new Function(variables(), timeout);
    }

    private static Map<String, String> variables() {
        return Map.of(
                "QUARKUS_LAMBDA_HANDLER", "socket",
                "AWS_REGION", "eu-central-1",
                "AWS_ACCESS_KEY_ID", "penstock",
                "AWS_SECRET_ACCESS_KEY", "penstock-test",
                "OPENAI_BASE_URL", simulated.baseUrl(),
                "OPENAI_API_KEY", "socket",
                "PENSTOCK_LAMBDA_CONNECTIONS_URL", front.connectionsUrl());
    }

    private static ObjectNode prompt(@Nullable String id, String text) {
        ObjectNode prompt = Caller.prompt(text);
        return id == null ? prompt : prompt.put("id", id);
    }

    private static String code(JsonNode frame) {
        return frame.path("error").path("code").asText(frame.toString());
    }

    private static String end(String word) {
        return provider.log(word).getFirst().path("end").asText();
    }
}
