package io.penstock.dev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penstock.dev.SimulatedProvider.Options;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SimulatedProviderTest {
    private final Client client = new Client(Options.defaults());

    @AfterEach
    void stop() {
        client.close();
    }

    @Test
    void answersWithTheHashAndBeginningOfThePrompt() {
        JsonNode body =
                client.complete(
                        "{'model':'gpt-4o','messages':[%s,%s]}"
                                .formatted(
                                        "{'role':'system','content':'Be brief.'}",
                                        "{'role':'user','content':'hello \\n  world'}"));

        assertThat(body.path("object").asText()).isEqualTo("chat.completion");
        assertThat(body.path("id").asText()).startsWith("chatcmpl-");
        assertThat(body.path("model").asText()).isEqualTo("gpt-4o-2026-01-01");
        JsonNode choice = body.path("choices").path(0);
        assertThat(choice.at("/message/role").asText()).isEqualTo("assistant");
        assertThat(choice.at("/message/refusal").isNull()).isTrue();
        assertThat(choice.at("/message/content").asText())
                .isEqualTo("Answer " + crc32("Be brief.hello \n  world") + ": hello world");
        assertThat(choice.path("finish_reason").asText()).isEqualTo("stop");
        // 9 + 14 characters are 6 tokens.
        assertThat(body.at("/usage/prompt_tokens").asInt()).isEqualTo(6);
        assertThat(body.at("/usage/completion_tokens").asInt()).isEqualTo(4);
        assertThat(body.at("/usage/total_tokens").asInt()).isEqualTo(10);
        assertThat(body.at("/usage/prompt_tokens_details/cached_tokens").isInt()).isTrue();
    }

    @Test
    void aMarkerDoesNotChangeTheAnswer() {
        String plain = client.text("tell me more");

        assertThat(client.text("tell me more [[sim latency=1ms]]")).isEqualTo(plain);
        assertThat(client.text("[[sim latency=1ms]] tell me [[sim rate=1]] more")).isEqualTo(plain);
        assertThat(client.text("tell me less")).isNotEqualTo(plain);
    }

    @Test
    void echoesAtMost160CharactersAndKeepsPairs() {
        String text = client.text("ab\uD83D\uDE00 ".repeat(100));

        assertThat(text.substring("Answer 12345678: ".length()).length()).isBetween(150, 160);
        assertThat(text).doesNotContain("?").endsWith("\uD83D\uDE00");
    }

    @Test
    void streamsTheSameTextTokenByToken() {
        String body = "{'model':'gpt-4o','messages':[{'role':'user','content':'one two three'}]%s}";
        JsonNode whole = client.complete(body.formatted(""));

        List<JsonNode> events =
                client.events(
                        body.formatted(",'stream':true,'stream_options':{'include_usage':true}"));

        assertThat(events.getFirst().at("/choices/0/delta/role").asText()).isEqualTo("assistant");
        assertThat(events.getFirst().at("/choices/0/delta/content").asText("-")).isEmpty();
        assertThat(joined(events, 0))
                .isEqualTo(whole.at("/choices/0/message/content").asText())
                .endsWith(": one two three");
        JsonNode finish = events.get(events.size() - 2);
        assertThat(finish.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
        assertThat(finish.has("usage")).isTrue();
        assertThat(finish.path("usage").isNull()).isTrue();
        assertThat(events.getLast().path("choices").isEmpty()).isTrue();
        assertThat(events.getLast().path("usage")).isEqualTo(whole.path("usage"));
        assertThat(events)
                .allSatisfy(e -> assertThat(e.path("id")).isEqualTo(events.getFirst().path("id")));
        // Role, five words, finish and usage.
        assertThat(events).hasSize(8);
        assertThat(client.lastEntry().path("tokens_sent").asInt()).isEqualTo(5);
    }

    @Test
    void streamsWithoutUsageUnlessAsked() {
        List<JsonNode> events =
                client.events(
                        "{'model':'m-2025-04-14','stream':true,'n':2,"
                                + "'messages':[{'role':'user','content':'x'}]}");

        assertThat(events)
                .allSatisfy(event -> {
                    assertThat(event.has("usage")).isFalse();
                    assertThat(event.path("model").asText()).isEqualTo("m-2025-04-14");
                });
        assertThat(joined(events, 0)).isEqualTo(joined(events, 1)).endsWith(": x");
    }

    @Test
    void givesEveryChoiceAskedFor() {
        JsonNode body =
                client.complete("{'model':'m','n':3,'messages':[{'role':'user','content':'x'}]}");

        assertThat(body.path("choices")).hasSize(3);
        assertThat(body.at("/choices/2/index").asInt()).isEqualTo(2);
        assertThat(body.at("/usage/completion_tokens").asInt()).isEqualTo(9);
    }

    @ParameterizedTest
    @ValueSource(strings = {"max_tokens", "max_completion_tokens"})
    void cutsTheAnswerAtTheTokenLimit(String limit) {
        JsonNode body =
                client.complete(
                        "{'model':'m','%s':2,'messages':[{'role':'user','content':'a b c'}]}"
                                .formatted(limit));

        assertThat(body.at("/choices/0/message/content").asText()).matches("Answer [0-9a-f]{8}: ");
        assertThat(body.at("/choices/0/finish_reason").asText()).isEqualTo("length");
        assertThat(body.at("/usage/completion_tokens").asInt()).isEqualTo(2);
    }

    @Test
    void answersInJsonWhenTheFormatIsJson() throws IOException {
        JsonNode body =
                client.complete(
                        "{'model':'m','response_format':{'type':'json_object'},'messages':[%s]}"
                                .formatted("{'role':'user','content':'say \\\"hi\\\"'}"));

        JsonNode content = Client.JSON.readTree(body.at("/choices/0/message/content").asText());
        assertThat(content.path("answer").asText()).endsWith(": say \"hi\"");
    }

    @ParameterizedTest
    @CsvSource({
        "I love it it is great but slow, positive",
        "What a terrible broken thing, negative",
        "good and bad, neutral",
        "It arrived on Monday, neutral"
    })
    void answersASentimentInOneWord(String review, String sentiment) {
        JsonNode body =
                client.complete(
                        "{'model':'m','messages':[%s,{'role':'user','content':'%s'}]}"
                                .formatted(
                                        "{'role':'system','content':'What is the Sentiment?'}",
                                        review));

        assertThat(body.at("/choices/0/message/content").asText()).isEqualTo(sentiment);
    }

    @Test
    void callsTheFirstToolWhenTheMarkerAsksAndAnswersOnceItHasAResult() {
        String tools = "'tools':[{'type':'function','function':{'name':'lookup'}}]";
        String user = "{'role':'user','content':'weather? [[sim tool]]'}";

        JsonNode called =
                client.complete("{'model':'m',%s,'messages':[%s]}".formatted(tools, user));
        JsonNode answered =
                client.complete(
                        "{'model':'m',%s,'messages':[%s,%s,%s]}"
                                .formatted(
                                        tools,
                                        user,
                                        "{'role':'assistant','content':null,'tool_calls':[]}",
                                        "{'role':'tool','tool_call_id':'c','content':'sunny'}"));
        List<JsonNode> events =
                client.events(
                        "{'model':'m','stream':true,%s,'messages':[%s]}".formatted(tools, user));

        assertThat(called.at("/choices/0/message/content").isNull()).isTrue();
        assertThat(called.at("/choices/0/finish_reason").asText()).isEqualTo("tool_calls");
        JsonNode function = called.at("/choices/0/message/tool_calls/0/function");
        assertThat(function.path("name").asText()).isEqualTo("lookup");
        assertThat(function.path("arguments").asText()).isEqualTo("{}");
        assertThat(answered.at("/choices/0/message/content").asText()).endsWith(": weather?");
        assertThat(events.get(0).at("/choices/0/delta/tool_calls/0/function/name").asText())
                .isEqualTo("lookup");
        assertThat(events.get(1).at("/choices/0/delta/tool_calls/0/function/arguments").asText())
                .isEqualTo("{}");
        assertThat(events.getLast().at("/choices/0/finish_reason").asText())
                .isEqualTo("tool_calls");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "nonsense |",
                "[] |",
                "{'messages':[{'role':'user','content':'x'}]} |",
                "{'model':'m'} | messages",
                "{'model':'m','messages':'x'} | messages",
                "{'model':'m','messages':[]} | messages",
                "{'model':'m','messages':[{'content':'x'}]} | messages[0].role",
                "{'model':'m','messages':[{'role':'boss','content':'x'}]} | messages[0].role",
                "{'model':'m','messages':[{'role':'user'}]} | messages[0].content",
                "{'model':'m','messages':[{'role':'user','content':5}]} | messages[0].content",
                "{'model':'m','temperature':3,'messages':[{'role':'user','content':'x'}]} |"
                        + " temperature",
                "{'model':'m','max_tokens':0,'messages':[{'role':'user','content':'x'}]} |"
                        + " max_tokens",
                "{'model':'m','n':1.5,'messages':[{'role':'user','content':'x'}]} | n",
                "{'model':'m','stream':'yes','messages':[{'role':'user','content':'x'}]} | stream",
                "{'model':'m','stream_options':{},'messages':[{'role':'user','content':'x'}]} |"
                        + " stream_options",
                "{'model':'m','messages':[{'role':'user','content':'[[sim colour=red]]'}]} |"
                        + " messages",
                "{'model':'m','messages':[{'role':'user','content':'[[sim rpm=5]]'}]} | messages",
            })
    void refusesAWrongBody(String body, String param) {
        HttpResponse<String> response = client.post(body.replace('\'', '"'));

        assertThat(response.statusCode()).isEqualTo(400);
        JsonNode error = Client.read(response.body()).path("error");
        assertThat(error.path("type").asText()).isEqualTo("invalid_request_error");
        assertThat(error.path("message").asText()).isNotBlank();
        assertThat(error.path("param").textValue()).isEqualTo(param);
        assertThat(client.lastEntry().path("status").asInt()).isEqualTo(400);
    }

    @Test
    void refusesACallWithoutKeyAndAWrongKeyWithTheKeyMasked() {
        HttpRequest.Builder chat = HttpRequest.newBuilder(client.uri("/v1/chat/completions"));
        HttpResponse<String> none = client.send(chat.POST(BodyPublishers.ofString("{}")));
        HttpResponse<String> wrong = client.send(chat.header("authorization", "Bearer wrong-key"));

        assertThat(none.statusCode()).isEqualTo(401);
        assertThat(wrong.statusCode()).isEqualTo(401);
        JsonNode error = Client.read(wrong.body()).path("error");
        assertThat(error.path("code").asText()).isEqualTo("invalid_api_key");
        assertThat(error.path("message").asText())
                .startsWith("Incorrect API key provided: wron****-key.");
    }

    @Test
    void listsModelsAndKnowsNothingElse() {
        assertThat(client.get("/v1/models").at("/data/0/id").asText()).isEqualTo("gpt-4o");
        for (String path : List.of("/v1/engines", "/v1/chat/completions", "/", "/admin/nothing")) {
            assertThat(client.send(client.to(path)).statusCode()).as(path).isEqualTo(404);
        }
        assertThat(client.stats().path("requests").asInt()).isZero();
    }

    @Test
    void servesRequestAfterRequestOnOneConnectionAlsoPipelined() throws IOException {
        String request = Client.raw(Client.prompt("hi"), "");
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
                client.connect(Client.raw(Client.prompt("hi [[sim " + words + "]]", stream), ""));
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
        try (var socket = client.connect(Client.raw(Client.prompt(words, true), ""))) {
            assertThat(Client.readUntil(socket, "Answer ")).contains("Answer ");
        }

        client.await("in_flight=0");

        JsonNode entry = client.lastEntry();
        assertThat(entry.path("end").asText()).isEqualTo("aborted");
        assertThat(entry.path("tokens_sent").asInt())
                .isGreaterThan(0)
                .isLessThan(entry.path("completion_tokens").asInt());
    }

    @Test
    void aGateHoldsRequestsUntilItOpens() {
        List<CompletableFuture<HttpResponse<String>>> held =
                IntStream.range(0, 3)
                        .mapToObj(i -> client.later(Client.prompt("hi " + i + " [[sim gate=a]]")))
                        .toList();
        client.await("in_flight=3");
        assertThat(client.text("free")).endsWith("free");

        client.send(client.to("/admin/gates/a").POST(BodyPublishers.noBody()));

        assertThat(held).allSatisfy(f -> assertThat(f.join().statusCode()).isEqualTo(200));
        assertThat(client.text("later [[sim gate=a]]")).endsWith("later");
        assertThat(client.stats().path("peak_in_flight").asInt()).isEqualTo(4);

        client.send(client.to("/admin/gates").DELETE());
        var again = client.later(Client.prompt("again [[sim gate=a]]"));
        client.await("in_flight=1");
        client.send(client.to("/admin/gates").DELETE());
        assertThat(again.join().statusCode()).isEqualTo(200);
    }

    @Test
    void logsWhatItSawAndForgetsOnDemand() {
        client.send(
                client.chat(Client.prompt("first [[sim latency=5ms]]"))
                        .header("x-penstock-item", "i-1"));
        client.text("second");

        JsonNode entries = client.get("/admin/log").path("entries");
        JsonNode first = entries.get(0);
        assertThat(entries).hasSize(2);
        assertThat(first.path("seq").asInt()).isEqualTo(1);
        assertThat(first.path("key").asText()).isEqualTo("first [[sim latency=5ms]]");
        assertThat(first.path("custom").asText()).isEqualTo("i-1");
        assertThat(first.path("model").asText()).isEqualTo("m");
        assertThat(first.path("fault").isNull()).isTrue();
        assertThat(first.path("end").asText()).isEqualTo("completed");
        assertThat(first.path("completion_tokens").asInt()).isEqualTo(3);
        assertThat(first.path("ended_at").asDouble() - first.path("at").asDouble())
                .isGreaterThanOrEqualTo(5);
        assertThat(client.get("/admin/log?after=1").path("entries")).hasSize(1);
        assertThat(client.get("/admin/log?limit=1").at("/entries/0/seq").asInt()).isEqualTo(1);

        client.send(client.to("/admin/log").DELETE());
        assertThat(client.get("/admin/log").path("entries")).isEmpty();
        assertThat(client.stats().path("requests").asInt()).isZero();
    }

    @Test
    void aRequestInFlightStaysSoWhenTheLogIsCleared() throws IOException {
        try (var _ = client.connect(Client.raw(Client.prompt("x [[sim gate=g]]"), ""))) {
            client.await("in_flight=1");

            client.send(client.to("/admin/log").DELETE());

            assertThat(client.stats().path("in_flight").asInt()).isEqualTo(1);
        }
        assertThat(client.await("in_flight=0").path("aborted").asInt()).isZero();
    }

    @Test
    void dropsTheOldestEntriesOverTheLogLimit() {
        try (var small = new Client(Options.defaults().withLogLimit(2))) {
            for (String text : List.of("a", "b", "c")) {
                small.text(text);
            }

            JsonNode log = small.get("/admin/log");
            assertThat(log.path("dropped").asInt()).isEqualTo(1);
            assertThat(log.at("/entries/0/key").asText()).isEqualTo("b");
        }
    }

    @Test
    void theBehaviourIsSetShownAndRestored() {
        var put =
                client.put(
                        "/admin/behaviour", "{\"fault\":\"unavailable\",\"latency\":\"1500us\"}");
        assertThat(put.statusCode()).isEqualTo(200);
        assertThat(client.get("/admin/behaviour").path("latency").asText()).isEqualTo("1500us");
        assertThat(client.post(Client.prompt("x")).statusCode()).isEqualTo(503);
        assertThat(client.post(Client.prompt("x [[sim fault=none]]")).statusCode()).isEqualTo(200);

        client.send(client.to("/admin/behaviour").DELETE());

        assertThat(client.get("/admin/behaviour").path("fault").asText()).isEqualTo("none");
        assertThat(client.post(Client.prompt("x")).statusCode()).isEqualTo(200);
    }

    @Test
    void aWrongBehaviourIsRefusedByName() {
        for (String name : List.of("colour", "rate", "latency", "fault", "times", "latency_p99")) {
            var put = client.put("/admin/behaviour", "{\"" + name + "\":\"-1\"}");

            assertThat(put.statusCode()).as(name).isEqualTo(400);
            assertThat(Client.read(put.body()).at("/error/param").asText()).isEqualTo(name);
            assertThat(Client.read(put.body()).at("/error/message").asText()).contains(name);
        }
        assertThat(client.put("/admin/behaviour", "[").statusCode()).isEqualTo(400);
    }

    @Test
    void awaitGivesUpAtItsTimeoutAndRefusesWhatItDoesNotKnow() {
        var late = client.send(client.to("/admin/await?requests=1&timeout_ms=20"));
        var unknown = client.send(client.to("/admin/await?weather=1"));

        assertThat(late.statusCode()).isEqualTo(408);
        assertThat(Client.read(late.body()).path("requests").asInt()).isZero();
        assertThat(unknown.statusCode()).isEqualTo(400);
    }

    @Test
    void servesTheSameFromSeveralEventLoops() {
        try (var wide = new Client(Options.defaults().withEventLoops(2))) {
            var answers =
                    IntStream.range(0, 40)
                            .mapToObj(i -> wide.later(Client.prompt("hi [[sim gate=g]]")))
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

    private static String joined(List<JsonNode> events, int choice) {
        var text = new StringBuilder();
        for (JsonNode event : events) {
            for (JsonNode c : event.path("choices")) {
                if (c.path("index").asInt() == choice) {
                    text.append(c.at("/delta/content").asText(""));
                }
            }
        }
        return text.toString();
    }

    private static String crc32(String text) {
        var crc = new java.util.zip.CRC32();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return "%08x".formatted(crc.getValue());
    }

    /// A provider and ways to call it; bodies may be written with single quotes.
    static final class Client implements AutoCloseable {
        static final ObjectMapper JSON = new ObjectMapper();

        final SimulatedProvider provider;
        private final HttpClient http =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

        /// How a raw answer ended, and its bytes.
        record Raw(String bytes, End end) {}

        enum End {
            CLOSED,
            RESET,
            SILENT
        }

        Client(Options options) {
            provider = SimulatedProvider.start(options);
        }

        @Override
        public void close() {
            http.shutdownNow();
            provider.close();
        }

        URI uri(String path) {
            return URI.create("http://127.0.0.1:" + provider.port() + path);
        }

        HttpRequest.Builder to(String path) {
            return HttpRequest.newBuilder(uri(path)).header("authorization", "Bearer any");
        }

        HttpRequest.Builder chat(String body) {
            return to("/v1/chat/completions").POST(BodyPublishers.ofString(body));
        }

        HttpResponse<String> send(HttpRequest.Builder request) {
            return http.sendAsync(request.build(), BodyHandlers.ofString()).join();
        }

        HttpResponse<String> post(String body) {
            return later(body).join();
        }

        CompletableFuture<HttpResponse<String>> later(String body) {
            return http.sendAsync(chat(body).build(), BodyHandlers.ofString());
        }

        HttpResponse<String> put(String path, String body) {
            return send(to(path).PUT(BodyPublishers.ofString(body)));
        }

        JsonNode get(String path) {
            return read(send(to(path)).body());
        }

        JsonNode stats() {
            return get("/admin/stats");
        }

        JsonNode await(String condition) {
            HttpResponse<String> response = send(to("/admin/await?timeout_ms=5000&" + condition));
            assertThat(response.statusCode()).as(condition + ": " + response.body()).isEqualTo(200);
            return read(response.body());
        }

        JsonNode lastEntry() {
            JsonNode entries = get("/admin/log").path("entries");
            return entries.get(entries.size() - 1);
        }

        JsonNode complete(String body) {
            HttpResponse<String> response = post(body.replace('\'', '"'));
            assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
            assertThat(response.headers().firstValue("x-request-id").orElse("")).startsWith("req_");
            assertThat(response.headers().firstValue("content-type")).contains("application/json");
            return read(response.body());
        }

        String text(String prompt) {
            return complete(prompt(prompt)).at("/choices/0/message/content").asText();
        }

        /// All events of a stream that must end with `[DONE]`.
        List<JsonNode> events(String body) {
            HttpResponse<String> response = post(body.replace('\'', '"'));
            assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
            assertThat(response.headers().firstValue("content-type").orElse(""))
                    .startsWith("text/event-stream");
            List<String> events = List.of(response.body().split("\n\n", -1));
            assertThat(events).endsWith("data: [DONE]", "");
            return events.subList(0, events.size() - 2).stream()
                    .map(event -> read(event.substring("data: ".length())))
                    .toList();
        }

        /// Sends the bytes on a new connection.
        Socket connect(String request) throws IOException {
            var socket = new Socket(InetAddress.getLoopbackAddress(), provider.port());
            socket.setSoTimeout(5_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            return socket;
        }

        /// Sends the prompt and reads until the connection ends or nothing comes for a while.
        Raw exchange(String body, int silenceMillis) throws IOException {
            try (var socket = connect(raw(body, "connection: close\r\n"))) {
                socket.setSoTimeout(silenceMillis);
                var bytes = new ByteArrayOutputStream();
                try {
                    int b = socket.getInputStream().read();
                    while (b >= 0) {
                        bytes.write(b);
                        b = socket.getInputStream().read();
                    }
                    return new Raw(bytes.toString(StandardCharsets.UTF_8), End.CLOSED);
                } catch (SocketTimeoutException _) {
                    return new Raw(bytes.toString(StandardCharsets.UTF_8), End.SILENT);
                } catch (SocketException _) {
                    return new Raw(bytes.toString(StandardCharsets.UTF_8), End.RESET);
                }
            }
        }

        static String readUntil(Socket socket, String text) throws IOException {
            var bytes = new ByteArrayOutputStream();
            while (!bytes.toString(StandardCharsets.UTF_8).contains(text)) {
                int b = socket.getInputStream().read();
                if (b < 0) {
                    break;
                }
                bytes.write(b);
            }
            return bytes.toString(StandardCharsets.UTF_8);
        }

        static String raw(String body, String headers) {
            return "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\n"
                    + headers
                    + "content-length: "
                    + body.getBytes(StandardCharsets.UTF_8).length
                    + "\r\n\r\n"
                    + body;
        }

        static String prompt(String text) {
            return prompt(text, false);
        }

        static String prompt(String text, boolean stream) {
            return ("{\"model\":\"m\",\"stream\":%s,"
                            + "\"messages\":[{\"role\":\"user\",\"content\":%s}]}")
                    .formatted(stream, Json.quote(text));
        }

        static JsonNode read(String json) {
            try {
                return JSON.readTree(json);
            } catch (IOException e) {
                throw new AssertionError(json, e);
            }
        }
    }
}
