package io.penstock.lambda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.testing.Caller;
import io.penstock.testing.Function;
import io.penstock.testing.Function.Answer;
import io.penstock.testing.RecordingServer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Events of an HTTP API in all the shapes that they may have.
class EventsIT {

    private static RecordingServer server;
    private static Function function;

    @BeforeAll
    static void start() {
        server = new RecordingServer();
        function = new Function(Map.of("OPENAI_BASE_URL", server.baseUrl()));
    }

    @AfterAll
    static void stop() {
        function.close();
        server.close();
    }

    /// 8 KB is what one buffer of Netty takes, 1 MB what several parts of the channel do by
    /// default.
    @ParameterizedTest
    @ValueSource(ints = {10, 9_000, 70_000, 1_500_000})
    void bodiesOfAnySizeArriveWhole(int size) throws InterruptedException {
        String prompt = "\u00e4\ud83d\ude80\"\\\n" + "x".repeat(size);

        Answer text = function.invoke(event(Caller.prompt(prompt).toString(), false));
        RecordingServer.Received asText = server.take();
        Answer binary = function.invoke(event(base64(Caller.prompt(prompt).toString()), true));
        RecordingServer.Received asBinary = server.take();

        assertThat(text.status()).isEqualTo(200);
        assertThat(binary.status()).isEqualTo(200);
        assertThat(content(asText)).isEqualTo(prompt);
        assertThat(content(asBinary)).isEqualTo(prompt);
    }

    @Test
    void bytesThatAreNoTextAreRefused() {
        Answer answer =
                function.invoke(
                        event(
                                Base64.getEncoder()
                                        .encodeToString(new byte[] {'{', (byte) 0xff, 0, '}'}),
                                true));

        assertThat(answer.status()).isEqualTo(400);
        assertThat(code(answer)).isEqualTo("invalid_json");
    }

    @Test
    void cookiesAndOddHeadersAreTakenAndChangeNothing() throws InterruptedException {
        ObjectNode event = event(Caller.prompt("odd").toString(), false);
        event.putArray("cookies").add("a=1").add("b=\"two words\"");
        ObjectNode headers = (ObjectNode) event.get("headers");
        headers.put("x-empty", "")
                .putNull("x-null")
                .put("X-Upper", "U")
                .put("x-many", "a,b, c")
                .put("x-latin", "\u00e4")
                .put("x-long", "y".repeat(7_000))
                .put("content-length", "3")
                .put("transfer-encoding", "chunked")
                .put("expect", "100-continue")
                .put("x-request-id", "mine-1");

        Answer answer = function.invoke(event);

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.headers().path("x-request-id").asText()).isEqualTo("mine-1");
        assertThat(content(server.take())).isEqualTo("odd");
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /nowhere, '', 404, not_found",
        "GET, /batch/none, '', 404, not_found",
        "GET, /batch, limit=x, 400, out_of_range",
        "GET, /batch, limits=1, 400, unknown_field",
        "GET, /complete, '', 405, method_not_allowed",
        "DELETE, /%00/..%2f, '', 404, not_found",
        "PUT, '/a b?#\u00e4', '', 404, not_found"
    })
    void whatIsNotThereIsSaidInTheOneShape(
            String method, String path, String query, int status, String code) {
        ObjectNode event = event("", false);
        event.put("rawPath", path).put("rawQueryString", query);
        event.withObject("/requestContext/http").put("method", method);

        Answer answer = function.invoke(event);

        assertThat(answer.status()).as(answer.toString()).isEqualTo(status);
        assertThat(code(answer)).isEqualTo(code);
        assertThat(answer.body().path("error").path("type").asText()).isNotEmpty();
    }

    /// The event itself cannot be read: Lambda hears of an error, and the process lives on.
    @Test
    void anEventThatIsNotJsonIsAnErrorAndTheNextOneIsServed() throws InterruptedException {
        assertThatThrownBy(() -> function.invoke("{\"version\":"))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("errorType");

        assertThat(function.invoke(event(Caller.prompt("next").toString(), false)).status())
                .isEqualTo(200);
        assertThat(content(server.take())).isEqualTo("next");
    }

    /// Passed on as it is, whatever it is made of.
    @Test
    void everyKindOfJsonGetsThrough() throws InterruptedException {
        ObjectNode format =
                (ObjectNode)
                        Caller.parse(
                                """
                                {"type":"json_schema","json_schema":{"null":null,"true":true,"int":-7,
                                 "long":9007199254740993,"big":123456789012345678901234567890,"float":0.1,
                                 "exp":1e-7,"text":"\\u00e4 \\ud83d\\ude80 \\" \\\\ \\n","empty":"","list":[1,"a",[],{}],
                                 "deep":{"er":{"est":[[[null]]]}}}}\
                                """);
        ObjectNode body = Caller.prompt("json").put("temperature", 1).put("max_tokens", 5);
        body.set("response_format", format);

        assertThat(function.invoke(event(body.toString(), false)).status()).isEqualTo(200);
        RecordingServer.Received received = server.take();
        assertThat(received.body().path("response_format").toString()).isEqualTo(format.toString());
    }

    @Test
    void aPipelineRunsThroughItsStages() throws InterruptedException {
        ObjectNode event = event("{\"id\":\"d1\",\"input\":\"the report\"}", false);
        event.put("rawPath", "/pipeline/digest");

        Answer answer = function.invoke(event);

        assertThat(answer.status()).as(answer.toString()).isEqualTo(200);
        assertThat(answer.body().path("id").asText()).isEqualTo("d1");
        assertThat(answer.body().path("final_result").asText()).isEqualTo("ok");
        assertThat(answer.body().path("stages").findValuesAsText("name"))
                .containsExactly("extract", "analyze", "summarize");
        assertThat(content(server.take())).contains("the report");
        assertThat(content(server.take())).contains("ok");
        assertThat(server.take().body().path("model").asText()).isEqualTo("gpt-4o");
    }

    private static ObjectNode event(String body, boolean base64) {
        ObjectNode event = Caller.JSON.createObjectNode();
        event.put("version", "2.0").put("routeKey", "$default").put("rawPath", "/complete");
        event.put("rawQueryString", "").put("isBase64Encoded", base64).put("body", body);
        event.putObject("headers").put("content-type", "application/json").put("host", "x");
        event.putObject("requestContext").putObject("http").put("method", "POST");
        return event;
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String content(RecordingServer.Received received) {
        return received.body().path("messages").path(0).path("content").asText();
    }

    private static String code(Answer answer) {
        return answer.body().path("error").path("code").asText();
    }
}
