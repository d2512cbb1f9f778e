package io.penstock.dev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.dev.SimulatedProvider.Options;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SimulatedConnectionsTest {
    private final ProviderClient client = new ProviderClient(Options.defaults());

    @AfterEach
    void stop() {
        client.close();
    }

    @Test
    void servesRequestAfterRequestOnOneConnectionAlsoPipelined() throws IOException {
        String request = ProviderClient.raw(ProviderClient.prompt("hi"), "");
        try (var socket = client.connect(request + request)) {
            String two =
                    new String(socket.getInputStream().readNBytes(1_000), StandardCharsets.UTF_8);
            assertThat(two.split("HTTP/1.1 200 OK", -1)).hasSizeGreaterThanOrEqualTo(3);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            client.await("ended=3");

            assertThat(client.stats().path("connections_total").asInt()).isEqualTo(1);
            assertThat(client.stats().path("connections_open").asInt()).isEqualTo(1);
        }
        client.await("connections_at_most=0");
    }

    @ParameterizedTest
    @CsvSource({
        "latency=1m, false",
        "gate=shut, false",
        "fault=hang, false",
        "fault=hang_body, false",
        "fault=drip drip_delay=1m, false",
        "token_delay=1m, true",
        "fault=hang_body, true",
    })
    void noticesAtOnceThatTheClientHasLeft(String words, boolean stream) throws IOException {
        Socket socket =
                client.connect(
                        ProviderClient.raw(
                                ProviderClient.prompt("hi [[sim " + words + "]]", stream), ""));
        client.await("in_flight=1");

        socket.close();

        JsonNode stats = client.await("in_flight=0");
        assertThat(stats.path("aborted").asInt()).isEqualTo(1);
        assertThat(client.lastEntry().path("end").asText()).isEqualTo("aborted");
        assertThat(client.lastEntry().path("tokens_sent").asInt()).isLessThan(3);
        assertThat(client.await("connections_at_most=0").path("connections_open").asInt()).isZero();
    }

    @Test
    void anAbandonedStreamIsNotWrittenOn() throws IOException {
        String words = "a b c d e f g h i j [[sim token_delay=10ms]]";
        try (var socket =
                client.connect(ProviderClient.raw(ProviderClient.prompt(words, true), ""))) {
            assertThat(ProviderClient.readUntil(socket, "Answer ")).contains("Answer ");
        }

        client.await("in_flight=0");

        JsonNode entry = client.lastEntry();
        assertThat(entry.path("end").asText()).isEqualTo("aborted");
        assertThat(entry.path("tokens_sent").asInt())
                .isGreaterThan(0)
                .isLessThan(entry.path("completion_tokens").asInt());
    }

    @Test
    void aRequestInFlightStaysSoWhenTheLogIsCleared() throws IOException {
        try (var _ =
                client.connect(ProviderClient.raw(ProviderClient.prompt("x [[sim gate=g]]"), ""))) {
            client.await("in_flight=1");

            client.send(client.to("/admin/log").DELETE());

            assertThat(client.stats().path("in_flight").asInt()).isEqualTo(1);
        }
        assertThat(client.await("in_flight=0").path("aborted").asInt()).isZero();
    }

    @Test
    void servesTheSameFromSeveralEventLoops() {
        try (var wide = new ProviderClient(Options.defaults().withEventLoops(2))) {
            var answers =
                    IntStream.range(0, 40)
                            .mapToObj(i -> wide.later(ProviderClient.prompt("hi [[sim gate=g]]")))
                            .toList();
            wide.await("in_flight=40");

            wide.send(wide.to("/admin/gates/g").POST(BodyPublishers.noBody()));

            assertThat(answers.stream().map(a -> a.join().statusCode()).distinct())
                    .containsExactly(200);
            assertThat(wide.await("ended=40").path("completed").asInt()).isEqualTo(40);
        }
    }

    @Test
    void saysWhichPortIsTaken() {
        Options taken = Options.defaults().withPort(client.provider.port());

        assertThatThrownBy(() -> SimulatedProvider.start(taken))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("127.0.0.1:" + client.provider.port());
    }
}
