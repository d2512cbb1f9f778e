package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

/// OpenAI's chat completions on the wire, where no SDK smooths anything over.
@QuarkusTest
class OpenAiChatQuarkusTest extends PenstockTest {

    private static final Duration SOON = Duration.ofSeconds(10);

    @Test
    void theAnswerIsTheProvidersOwn() {
        Answer answer = post(chat("What is a penstock?"));

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("content-type")).startsWith("application/json");
        assertThat(answer.header("x-request-id")).startsWith("req_");
        assertThat(answer.header("x-penstock-attempts")).isEqualTo("1");
        assertThat(answer.json().path("system_fingerprint").asText()).isEqualTo("fp_simulated");
        assertThat(answer.json().path("choices").path(0).path("message").has("annotations"))
                .isTrue();
    }

    @Test
    void theProvidersOwnLimitIsToldWhereNoBudgetIsConfigured() {
        assertThat(post(chat("unlimited")).header("x-ratelimit-limit-requests")).isEmpty();
        provider.behave("{\"rpm\":1000}");

        for (boolean stream : new boolean[] {false, true}) {
            Answer answer = post(chat("limited").put("stream", stream));
            assertThat(answer.header("x-ratelimit-limit-requests")).isEqualTo("1000");
            assertThat(answer.header("x-ratelimit-remaining-requests")).startsWith("99");
            assertThat(answer.header("x-ratelimit-reset-requests")).matches("\\d+ms");
        }
    }

    @Test
    void theConfiguredModelAnswersWhereNoneIsNamed() {
        ObjectNode body = chat("any");
        body.remove("model");

        assertThat(post(body).json().path("model").asText()).startsWith("gpt-4o-mini");
    }

    @Test
    void whatOpenAiAnswersWithA200IsOneHereAndWhatIsNoWholeAnswerIsNot() {
        SoftAssertions softly = new SoftAssertions();
        Map.of("length", "length", "content_filter", "content_filter", "refusal", "stop")
                .forEach((fault, reason) -> {
                    Answer answer = post(chat("[[sim fault=" + fault + "]] a b c"));
                    softly.assertThat(answer.status()).as(fault).isEqualTo(200);
                    softly.assertThat(
                                    answer.json()
                                            .path("choices")
                                            .path(0)
                                            .path("finish_reason")
                                            .asText())
                            .as(fault)
                            .isEqualTo(reason);
                });
        for (String fault :
                List.of(
                        "no_finish_reason",
                        "empty_choices",
                        "null_content",
                        "truncated_json",
                        "close_body")) {
            for (boolean stream : new boolean[] {false, true}) {
                if (stream && fault.equals("close_body")) {
                    continue;
                }
                String name = fault + stream + ".";
                Answer answer =
                        post(chat(name + " [[sim fault=" + fault + "]]").put("stream", stream));
                if (!answer.body().startsWith("data: ")) {
                    softly.assertThat(answer.status()).as(name).isEqualTo(502);
                    softly.assertThat(answer.code()).as(name).isEqualTo("truncated");
                    softly.assertThat(provider.log(name)).as(name).hasSize(3);
                } else {
                    softly.assertThat(answer.body()).as(name).doesNotContain("[DONE]");
                    softly.assertThat(answer.body()).as(name).contains("\"error\":{");
                }
            }
        }
        softly.assertAll();
    }

    @Test
    void theProvidersIdOfAnAnswerIsToldBesideOurs() {
        Answer answer = post(chat("a"));

        assertThat(answer.header("x-penstock-provider-request-id")).startsWith("req_");
        assertThat(answer.header("x-request-id"))
                .startsWith("req_")
                .isNotEqualTo(answer.header("x-penstock-provider-request-id"));
        for (boolean stream : new boolean[] {false, true}) {
            Answer refused = post(chat("[[sim fault=bad_request]] a").put("stream", stream));
            assertThat(refused.status()).isEqualTo(400);
            assertThat(refused.header("x-penstock-provider-request-id")).startsWith("req_");
        }
    }

    @Test
    void aStreamIsEventsAndDone() {
        Answer answer = post(chat("one two").put("stream", true));

        assertThat(answer.header("content-type")).startsWith("text/event-stream");
        String[] events = answer.body().split("\n\n");
        assertThat(events).hasSizeGreaterThan(4).endsWith("data: [DONE]");
        assertThat(List.of(events).subList(0, events.length - 1))
                .allSatisfy(event -> assertThat(event).startsWith("data: {").doesNotContain("\n"));
        assertThat(answer.body()).doesNotContain("usage");
    }

    @Test
    void aStreamBreaksWithAnErrorAndWithoutDone() {
        Answer answer = post(chat("[[sim fault=error_event]] a b c d e f g").put("stream", true));

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body()).doesNotContain("[DONE]");
        List<JsonNode> events = answer.events();
        assertThat(events.getLast().path("error").path("message").asText()).isNotBlank();
        assertThat(events.getFirst().path("choices").path(0).path("delta").path("role").asText())
                .isEqualTo("assistant");
    }

    @Test
    void untilSomethingIsSaidThereIsASecondAttempt() {
        Answer answer =
                post(chat("later [[sim fault=cut_before_first times=2]]").put("stream", true));

        assertThat(answer.body()).endsWith("data: [DONE]\n\n");
        assertThat(answer.header("x-penstock-attempts")).isEqualTo("3");
        assertThat(provider.log("later")).hasSize(3);
    }

    @Test
    void aStreamThatFailsBeforeItsFirstEventIsAnOrdinaryError() {
        Answer answer = post(chat("[[sim fault=rate_limit retry_after=1]] a").put("stream", true));

        assertThat(answer.status()).isEqualTo(429);
        assertThat(answer.header("content-type")).startsWith("application/json");
        assertThat(answer.header("retry-after")).isEqualTo("1");
        assertThat(answer.header("retry-after-ms")).isEqualTo("1000");
        assertThat(answer.code()).isEqualTo("rate_limit_exceeded");
    }

    @Test
    void aCallerWhoLeavesAStreamEndsIt() throws IOException {
        HttpRequest request =
                request(
                        chat("leaving [[sim token_delay=200ms]] " + "word ".repeat(300))
                                .put("stream", true));
        HttpResponse<InputStream> answer =
                caller.client()
                        .sendAsync(request, HttpResponse.BodyHandlers.ofInputStream())
                        .join();
        try (InputStream body = answer.body()) {
            assertThat(body.read()).isEqualTo('d');
        }

        provider.await("in_flight_at_most=0", SOON);
        assertThat(provider.log("leaving").getFirst().path("end").asText()).isEqualTo("aborted");
    }

    @Test
    void aCallerWhoLeavesBeforeTheFirstEventEndsTheCall() throws Exception {
        var answer = caller.send(request(chat("early [[sim gate=chat]]").put("stream", true)));
        provider.await("in_flight=1", SOON);

        answer.cancel(true);
        caller.client().shutdownNow();

        provider.await("in_flight_at_most=0", SOON);
        awaitNothingHeld();
    }

    private void awaitNothingHeld() {
        caller = new Caller(base);
        awaitGauge("penstock_calls_in_flight", 0);
    }

    @Test
    void errorsAreInOpenAisWords() {
        SoftAssertions softly = new SoftAssertions();
        check(softly, "[[sim fault=quota]]", 429, "insufficient_quota", "false");
        check(softly, "[[sim fault=overloaded]]", 503, "server_is_overloaded", "false");
        check(softly, "[[sim fault=server_error]]", 502, "server", "false");
        check(softly, "[[sim fault=unauthorized]]", 403, "provider_authentication", "false");
        softly.assertAll();
    }

    private void check(
            SoftAssertions softly, String prompt, int status, String code, String again) {
        Answer answer = post(chat(prompt + " a"));
        softly.assertThat(answer.status()).as(prompt).isEqualTo(status);
        softly.assertThat(answer.code()).as(prompt).isEqualTo(code);
        softly.assertThat(answer.header("x-should-retry")).as(prompt).isEqualTo(again);
    }

    @Test
    void whatPenstockGoesByIsChecked() {
        SoftAssertions softly = new SoftAssertions();
        refused(softly, "", "invalid_json", "");
        refused(softly, "[]", "invalid_json", "");
        refused(softly, "{\"model\":\"a\"", "invalid_json", "");
        refused(softly, "{\"model\":\"a\"}", "missing_field", "messages");
        refused(softly, "{\"messages\":[]}", "missing_field", "messages");
        refused(softly, "{\"messages\":\"a\"}", "wrong_type", "messages");
        refused(softly, messages("\"model\":7"), "wrong_type", "model");
        refused(softly, messages("\"model\":\" \""), "out_of_range", "model");
        refused(softly, messages("\"stream\":\"yes\""), "wrong_type", "stream");
        refused(softly, messages("\"stream_options\":[]"), "wrong_type", "stream_options");
        refused(softly, messages("\"user\":\"\\ud83d\""), "invalid_json", "user");
        refused(softly, messages("\"seed\":1,\"seed\":2"), "duplicate_field", "seed");
        softly.assertAll();
        assertThat(provider.stats().path("requests").asInt()).isZero();
    }

    private void refused(SoftAssertions softly, String body, String code, String param) {
        Answer answer = caller.send(request(body)).join();
        softly.assertThat(answer.status()).as(body).isEqualTo(400);
        softly.assertThat(answer.code()).as(body).isEqualTo(code);
        softly.assertThat(answer.json().path("error").path("param").asText(""))
                .as(body)
                .isEqualTo(param);
        softly.assertThat(answer.header("x-should-retry")).as(body).isEqualTo("false");
    }

    private static String messages(String more) {
        return "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]," + more + "}";
    }

    private Answer post(ObjectNode body) {
        return Caller.join(caller.send(request(body)));
    }

    private HttpRequest request(ObjectNode body) {
        return request(body.toString());
    }

    private HttpRequest request(String body) {
        return caller.request("/v1/chat/completions")
                .header("content-type", "application/json")
                .header("authorization", "Bearer sk-the-callers-own")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    private static ObjectNode chat(String prompt) {
        ObjectNode body = Caller.JSON.createObjectNode().put("model", "gpt-4o-mini");
        body.putArray("messages").addObject().put("role", "user").put("content", prompt);
        return body;
    }
}
