package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.testing.Caller;
import io.penstock.testing.PenstockTest;
import io.penstock.testing.Socket;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Prompts over one socket: told apart by id, cancelled by id, and all ended with it.
@QuarkusTest
@TestProfile(StreamSocketQuarkusTest.Three.class)
class StreamSocketQuarkusTest extends PenstockTest {

    public static class Three implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of("penstock.http.max-streams-per-socket", "3");
        }
    }

    private static final Duration SOON = Duration.ofSeconds(20);

    private Socket socket;

    @BeforeEach
    void connect() {
        socket = new Socket(base, "/stream");
    }

    @AfterEach
    void disconnect() {
        socket.webSocket().abort();
    }

    @Test
    void tokensComeInOrderAndEndInDone() {
        socket.send(prompt(null, "one two three"));

        List<JsonNode> frames = socket.untilLast();
        StringBuilder text = new StringBuilder();
        frames.forEach(frame -> text.append(frame.path("token").asText("")));
        assertThat(text.toString()).endsWith("one two three");
        assertThat(frames.getLast().path("done").asBoolean()).isTrue();
        assertThat(frames.getLast().path("finish_reason").asText()).isEqualTo("stop");
        assertThat(frames.getLast().path("usage").path("total_tokens").asInt()).isPositive();
        assertThat(frames).noneMatch(frame -> frame.has("id"));
    }

    @Test
    void promptsRunAtOnceAndAreToldApart() {
        socket.send(prompt("slow", "slow answer [[sim gate=slow]]"));
        provider.await("in_flight=1", SOON);
        socket.send(prompt("quick", "quick answer"));

        List<JsonNode> quick = socket.untilLast();
        provider.open("slow");
        List<JsonNode> slow = socket.untilLast();

        assertThat(quick).allMatch(frame -> frame.path("id").asText().equals("quick"));
        assertThat(slow).allMatch(frame -> frame.path("id").asText().equals("slow"));
    }

    @Test
    void anIdMayBeANumberAndComesBackAsItCame() {
        for (String id : List.of("7", "0", "-1", "9007199254740993", "1.50", "\"7\"")) {
            socket.webSocket().sendText("{\"id\":" + id + ",\"prompt\":\"a\"}", true).join();

            assertThat(socket.untilLast()).allMatch(frame -> exactly(frame.path("id"), id));
        }
        socket.webSocket().sendText("{\"id\":7,\"prompt\":\"a [[sim fault=hang]]\"}", true).join();
        provider.await("in_flight=1", SOON);
        socket.webSocket().sendText("{\"id\":\"7\",\"prompt\":\"b\"}", true).join();
        assertThat(socket.next().path("error").path("code").asText()).isEqualTo("duplicate_id");
        socket.webSocket().sendText("{\"cancel\":7}", true).join();
        JsonNode cancelled = socket.next();
        assertThat(cancelled.path("error").path("code").asText()).isEqualTo("cancelled");
        assertThat(cancelled.path("error").path("type").asText()).isEqualTo("cancelled");
        assertThat(cancelled.path("id").isNumber()).isTrue();
    }

    private static boolean exactly(JsonNode id, String written) {
        return id.isNumber()
                ? new java.math.BigDecimal(written).compareTo(id.decimalValue()) == 0
                : id.toString().equals(written);
    }

    @Test
    void cancellingEndsOnePromptAtTheProviderAndLeavesTheOthers() {
        socket.send(prompt("a", "first [[sim fault=hang]]"));
        socket.send(prompt("b", "second [[sim gate=b]]"));
        provider.await("in_flight=2", SOON);

        socket.send(Caller.JSON.createObjectNode().put("cancel", "a"));
        JsonNode cancelled = socket.next();
        provider.await("in_flight_at_most=1", SOON);
        provider.open("b");

        assertThat(cancelled.path("id").asText()).isEqualTo("a");
        assertThat(cancelled.path("error").path("code").asText()).isEqualTo("cancelled");
        assertThat(provider.log("first").getFirst().path("end").asText()).isEqualTo("aborted");
        assertThat(socket.untilLast().getLast().path("done").asBoolean()).isTrue();
    }

    @Test
    void closingTheSocketEndsAllItsPromptsAtTheProvider() {
        for (String id : List.of("a", "b", "c")) {
            socket.send(prompt(id, "left [[sim fault=hang]]"));
        }
        provider.await("in_flight=3", SOON);

        socket.webSocket().sendClose(WebSocket.NORMAL_CLOSURE, "");
        provider.await("in_flight_at_most=0", SOON);

        assertThat(provider.log("left"))
                .hasSize(3)
                .allSatisfy(entry -> assertThat(entry.path("end").asText()).isEqualTo("aborted"));
    }

    @Test
    void aSocketThatBreaksEndsItsPromptsToo() {
        socket.send(prompt("a", "broken [[sim fault=hang]]"));
        provider.await("in_flight=1", SOON);

        socket.webSocket().abort();

        provider.await("in_flight_at_most=0", SOON);
    }

    @Test
    void aFailureIsAnErrorFrameAndTheSocketStaysOpen() {
        socket.send(prompt("bad", "cut [[sim fault=cut_after_first]]"));
        List<JsonNode> frames = socket.untilLast();
        socket.send(prompt("good", "still here"));

        assertThat(frames.getLast().path("error").path("code").asText()).isEqualTo("truncated");
        assertThat(frames).noneMatch(frame -> frame.has("done"));
        assertThat(socket.untilLast().getLast().path("done").asBoolean()).isTrue();
    }

    @Test
    void whatIsWrongWithAMessageIsSaidInAnErrorFrame() {
        check("not json", "invalid_json", null);
        check("{\"prompt\":\"\",\"id\":\"i\"}", "blank_field", "i");
        check("{\"prompt\":\"a\",\"id\":[7]}", "wrong_type", null);
        check("{\"prompt\":\"a\",\"id\":true}", "wrong_type", null);
        check("{\"prompt\":\"\\ud83d\",\"id\":\"i\"}", "invalid_json", "i");
        check("{\"id\":\"i\",\"prompt\":\"a\",\"x\":1e99999999999}", "out_of_range", "i");
        check("{\"id\":7,\"prompt\":\"a\",\"prompt\":\"b\"}", "duplicate_field", "7");
        check("{\"prompt\":{\"id\":\"no\"},\"id\":\"i\"", "invalid_json", "i");
        check("{\"prompt\":\"a\"} {}", "invalid_json", null);
        check("{\"prompt\":\"a\",\"id\":\"\\ude80\"}", "invalid_json", null);
        check("{\"prompt\":\"a\",\"id\":\"\"}", "out_of_range", "");
        check("{\"prompt\":\"a\",\"id\":\"i\",\"promt\":1}", "unknown_field", "i");
        check("{\"cancel\":\"nobody\"}", "unknown_id", "nobody");
        check("{\"cancel\":12}", "unknown_id", "12");
        check("{\"cancel\":[]}", "wrong_type", null);
        check("{\"cancel\":\"a\",\"prompt\":\"b\"}", "unknown_field", "a");
        String longId = "l".repeat(129);
        check("{\"prompt\":\"a\",\"id\":\"" + longId + "\"}", "out_of_range", longId);
        socket.webSocket().sendBinary(ByteBuffer.wrap(new byte[] {1, 2, 3}), true).join();
        assertThat(socket.next().path("error").path("code").asText()).isEqualTo("invalid_json");
        assertThat(provider.stats().path("requests").asInt()).isZero();
    }

    /// Bytes that no client of Java's would send as text.
    @Test
    void whatIsNotUtf8IsRefusedAndTheSocketStaysOpen() throws IOException {
        try (java.net.Socket raw = upgraded()) {
            DataInputStream in = new DataInputStream(raw.getInputStream());
            for (String noText : List.of("ff", "c3", "c0af", "eda080", "eda0bdedba80")) {
                raw.getOutputStream().write(frame("{\"id\":\"i\",\"prompt\":\"a", noText, "\"}"));

                JsonNode answer = frame(in);

                assertThat(answer.path("error").path("code").asText()).isEqualTo("invalid_json");
                assertThat(answer.path("error").path("message").asText()).contains("UTF-8");
                assertThat(answer.path("id").asText()).isEqualTo("i");
            }
            raw.getOutputStream().write(frame("{\"prompt\":\"good ", "f09f9a80", "\"}"));
            JsonNode answer = frame(in);
            while (answer.has("token")) {
                answer = frame(in);
            }
            assertThat(answer.path("done").asBoolean()).isTrue();
        }
        assertThat(provider.log("").stream().map(call -> call.path("key").asText()))
                .containsExactly("good \ud83d\ude80");
    }

    private java.net.Socket upgraded() throws IOException {
        java.net.Socket raw = new java.net.Socket(base.getHost(), base.getPort());
        raw.setSoTimeout((int) SOON.toMillis());
        raw.getOutputStream()
                .write(
                        """
                        GET /stream HTTP/1.1\r
                        host: localhost\r
                        upgrade: websocket\r
                        connection: Upgrade\r
                        sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r
                        sec-websocket-version: 13\r
                        \r
                        """
                                .getBytes(StandardCharsets.US_ASCII));
        String head = "";
        while (!head.endsWith("\r\n\r\n")) {
            int next = raw.getInputStream().read();
            assertThat(next).isNotNegative();
            head += (char) next;
        }
        return raw;
    }

    private record Part(int first, int length) {}

    /// Browsers send a message as one frame, others in pieces of 16 or 64 KB.
    @Test
    void aMessageBeyondTheLimitIsToldSoHoweverItIsSent() throws IOException {
        List<List<Part>> messages =
                List.of(
                        List.of(new Part(0x81, 12 << 20)),
                        List.of(new Part(0x82, 12 << 20)),
                        List.of(new Part(0x81, 100 << 20)),
                        pieces(0x01, 12 << 20, 16 << 10),
                        pieces(0x02, 12 << 20, 16 << 10),
                        pieces(0x01, 12 << 20, 64 << 10),
                        pieces(0x01, 12 << 20, 1 << 20),
                        pieces(0x01, 30 << 20, 6 << 20));
        for (List<Part> message : messages) {
            try (java.net.Socket raw = upgraded()) {
                Part first = message.getFirst();
                String as = message.size() + " frames of " + first;
                raw.getOutputStream().write(frame("{\"prompt\":\"", "", "[[sim fault=hang]]\"}"));
                provider.await("in_flight=1", SOON);
                for (Part part : message) {
                    // All of it is taken: a reset would take the answer away.
                    raw.getOutputStream().write(frame(part));
                }

                DataInputStream in = new DataInputStream(raw.getInputStream());
                int kind = in.readUnsignedByte();
                byte[] close = new byte[in.readUnsignedByte()];
                in.readFully(close);
                assertThat(kind)
                        .as("%s: %s", as, new String(close, StandardCharsets.UTF_8))
                        .isEqualTo(0x88);
                assertThat((close[0] & 0xff) << 8 | (close[1] & 0xff)).as(as).isEqualTo(1009);
                assertThat(new String(close, 2, close.length - 2, StandardCharsets.UTF_8))
                        .as(as)
                        .contains("penstock.http.max-body");
                raw.getOutputStream().write(frame(new Part(0x88, 0)));
                assertThat(in.read()).as(as).isEqualTo(-1);
            }
            provider.await("in_flight_at_most=0", SOON);
        }
    }

    private static List<Part> pieces(int first, int length, int each) {
        return java.util.stream.IntStream.range(0, length / each)
                .mapToObj(i ->
                        new Part((i == 0 ? first : 0) | (i == length / each - 1 ? 0x80 : 0), each))
                .toList();
    }

    /// A masked frame of one character.
    private static byte[] frame(Part part) {
        int head = part.length < 126 ? 6 : part.length < 1 << 16 ? 8 : 14;
        byte[] frame = new byte[head + part.length];
        java.util.Arrays.fill(frame, frame.length - part.length, frame.length, (byte) 'x');
        ByteBuffer bytes = ByteBuffer.wrap(frame).put((byte) part.first);
        if (part.length < 126) {
            bytes.put((byte) (0x80 | part.length));
        } else if (part.length < 1 << 16) {
            bytes.put((byte) 0xfe).putShort((short) part.length);
        } else {
            bytes.put((byte) 0xff).putLong(part.length);
        }
        return frame;
    }

    /// A masked frame with a whole text (RFC 6455, section 5.2).
    private static byte[] frame(String before, String hex, String after) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        text.writeBytes(before.getBytes(StandardCharsets.UTF_8));
        text.writeBytes(HexFormat.of().parseHex(hex));
        text.writeBytes(after.getBytes(StandardCharsets.UTF_8));
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        frame.write(0x81);
        frame.write(0x80 | text.size());
        // A mask of zeros changes nothing.
        frame.writeBytes(new byte[4]);
        frame.writeBytes(text.toByteArray());
        return frame.toByteArray();
    }

    private static JsonNode frame(DataInputStream in) throws IOException {
        assertThat(in.readUnsignedByte()).isEqualTo(0x81);
        int length = in.readUnsignedByte();
        byte[] text = new byte[length == 126 ? in.readUnsignedShort() : length];
        in.readFully(text);
        return Caller.parse(new String(text, StandardCharsets.UTF_8));
    }

    @Test
    void wholeCharactersReachTheProviderAsTheyAre() {
        socket.webSocket().sendText("{\"prompt\":\"raw \ud83d\ude80\"}", true).join();
        assertThat(socket.untilLast().getLast().has("done")).isTrue();
        socket.webSocket().sendText("{\"prompt\":\"escaped \\ud83d\\ude80 \\ufffd\"}", true).join();
        assertThat(socket.untilLast().getLast().has("done")).isTrue();

        assertThat(provider.log("").stream().map(call -> call.path("key").asText()))
                .containsExactly("raw \ud83d\ude80", "escaped \ud83d\ude80 \ufffd");
    }

    @Test
    void aLongPromptMayComeInOneFrame() {
        socket.send(prompt("long", "word ".repeat(100_000)));

        assertThat(socket.untilLast().getLast().path("done").asBoolean()).isTrue();
    }

    @Test
    void aMessageBeyondTheLimitEndsTheSocketAndItsPrompts() {
        socket.send(prompt("a", "running [[sim fault=hang]]"));
        provider.await("in_flight=1", SOON);
        String part = "x".repeat(1 << 20);

        // The socket may be gone before all of it is sent.
        try {
            for (int i = 0; i < 11; i++) {
                socket.webSocket().sendText(part, i == 10).join();
            }
        } catch (CompletionException gone) {
            assertThat(gone).hasCauseInstanceOf(IOException.class);
        }

        provider.await("in_flight_at_most=0", SOON);
        assertThat(socket.ended().orTimeout(20, TimeUnit.SECONDS).join()).isTrue();
    }

    @Test
    void anIdRunsOnceAtATimeAndSoManyAtOnce() {
        for (String id : new String[] {"a", null, "c"}) {
            socket.send(prompt(id, "full [[sim gate=full]]"));
            if (id != null) {
                continue;
            }
            provider.await("in_flight=2", SOON);
            socket.send(prompt("a", "twice"));
            assertThat(socket.next().path("error").path("code").asText()).isEqualTo("duplicate_id");
            socket.send(prompt(null, "twice"));
            assertThat(socket.next().path("error").path("code").asText()).isEqualTo("duplicate_id");
        }
        provider.await("in_flight=3", SOON);
        socket.send(prompt("d", "one too many"));
        assertThat(socket.next().path("error").path("code").asText()).isEqualTo("too_many_streams");

        provider.open("full");
        for (int i = 0; i < 3; i++) {
            socket.untilLast();
        }
        socket.send(prompt("a", "again"));
        assertThat(socket.untilLast().getLast().path("done").asBoolean()).isTrue();
    }

    private void check(String message, String code, @Nullable String id) {
        socket.webSocket().sendText(message, true).join();
        JsonNode frame = socket.next();
        assertThat(frame.path("error").path("code").asText()).as(message).isEqualTo(code);
        assertThat(frame.path("id").asText(null)).as(message).isEqualTo(id);
    }

    private static ObjectNode prompt(@Nullable String id, String text) {
        ObjectNode prompt = Caller.prompt(text);
        return id == null ? prompt : prompt.put("id", id);
    }
}
