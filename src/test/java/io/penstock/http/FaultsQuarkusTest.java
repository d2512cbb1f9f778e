package io.penstock.http;

import static io.penstock.testing.Caller.join;
import static io.penstock.testing.Caller.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

/// What a caller sees of each thing that a provider can do wrong, and that each request that
/// reached the provider is an attempt that the caller is told of.
@QuarkusTest
class FaultsQuarkusTest extends PenstockTest {

    private static final int TRIES = 3;

    private record Expected(String fault, int status, String code, int attempts) {}

    private static Expected retried(String fault, int status, String code) {
        return new Expected(fault, status, code, TRIES);
    }

    private static Expected once(String fault, int status, String code) {
        return new Expected(fault, status, code, 1);
    }

    /// Failures before any answer has begun look the same whether the caller wants it whole or
    /// streamed.
    private static final List<Expected> BEFORE_THE_ANSWER =
            List.of(
                    retried("rate_limit", 429, "rate_limited"),
                    once("quota", 429, "quota_exhausted"),
                    once("bad_request", 400, "invalid_request"),
                    once("context_length", 400, "context_length_exceeded"),
                    once("unauthorized", 502, "provider_authentication"),
                    once("forbidden", 502, "provider_authentication"),
                    once("not_found", 400, "model_not_found"),
                    retried("conflict", 502, "server"),
                    once("too_large", 400, "request_too_large"),
                    once("unprocessable", 400, "invalid_request"),
                    once("content_policy", 400, "content_policy_violation"),
                    retried("server_error", 502, "server"),
                    retried("bad_gateway", 502, "server"),
                    retried("unavailable", 502, "overloaded"),
                    retried("gateway_timeout", 502, "server"),
                    retried("overloaded", 502, "overloaded"),
                    retried("reset", 502, "transport"),
                    retried("hang", 502, "timeout"),
                    retried("error_object", 502, "server"));

    private static final List<Expected> IN_A_WHOLE_ANSWER =
            List.of(
                    retried("close_body", 502, "truncated"),
                    retried("hang_body", 502, "timeout"),
                    retried("drip", 502, "timeout"),
                    retried("truncated_json", 502, "truncated"),
                    retried("html", 502, "truncated"),
                    retried("empty_choices", 502, "truncated"),
                    retried("null_content", 502, "truncated"),
                    retried("no_finish_reason", 502, "truncated"),
                    once("refusal", 400, "content_filter"),
                    once("content_filter", 400, "content_filter"),
                    once("length", 502, "length"));

    /// Before the first token there is a status and another attempt.
    private static final List<Expected> IN_A_STREAM_BEFORE_THE_FIRST_TOKEN =
            List.of(
                    retried("cut_before_first", 502, "truncated"),
                    retried("html", 502, "truncated"),
                    retried("empty_choices", 502, "truncated"),
                    retried("null_content", 502, "truncated"),
                    once("refusal", 400, "content_filter"));

    /// After it there is an error event and no other attempt.
    private static final Map<String, String> IN_A_STREAM_AFTER_THE_FIRST_TOKEN =
            new LinkedHashMap<>(
                    Map.of(
                            "cut_after_first", "truncated",
                            "reset_body", "truncated",
                            "close_body", "truncated",
                            "hang_body", "timeout",
                            "error_event", "server",
                            "malformed_event", "truncated",
                            "no_finish_reason", "truncated",
                            "content_filter", "content_filter",
                            "length", "length"));

    @Test
    void aWholeAnswerIsRightOrAFailureWithItsKindAndAttempts() {
        List<Expected> faults = new ArrayList<>(BEFORE_THE_ANSWER);
        faults.addAll(IN_A_WHOLE_ANSWER);

        List<CompletableFuture<Answer>> answers =
                faults.stream()
                        .map(fault -> caller.completeAsync(prompt(marked("whole", fault))))
                        .toList();

        check("whole", faults, answers.stream().map(Caller::join).toList());
    }

    @Test
    void aStreamFailsLikeAWholeAnswerBeforeItsFirstToken() {
        List<Expected> faults = new ArrayList<>(BEFORE_THE_ANSWER);
        faults.addAll(IN_A_STREAM_BEFORE_THE_FIRST_TOKEN);

        List<CompletableFuture<Answer>> answers =
                faults.stream()
                        .map(fault -> caller.streamAsync(prompt(marked("stream", fault))))
                        .toList();

        check("stream", faults, answers.stream().map(Caller::join).toList());
    }

    @Test
    void aStreamEndsInAnErrorAfterItsFirstTokenAndNeverInDone() {
        Map<String, CompletableFuture<Answer>> answers = new LinkedHashMap<>();
        IN_A_STREAM_AFTER_THE_FIRST_TOKEN.forEach((fault, _) ->
                answers.put(
                        fault,
                        caller.streamAsync(
                                prompt(
                                        "begun one two three [[sim token_delay=100ms fault="
                                                + fault
                                                + "]]"))));

        SoftAssertions softly = new SoftAssertions();
        answers.forEach((fault, answer) -> {
            List<JsonNode> events = join(answer).events();
            JsonNode last = events.getLast();
            System.out.printf(
                    "%-8s %-18s 200 %2d tokens, then error %s%n",
                    "begun", fault, events.size() - 1, last.path("error").path("code").asText());
            softly.assertThat(join(answer).status()).as(fault).isEqualTo(200);
            softly.assertThat(events.getFirst().has("token")).as(fault).isTrue();
            softly.assertThat(last.path("error").path("code").asText())
                    .as(fault)
                    .isEqualTo(IN_A_STREAM_AFTER_THE_FIRST_TOKEN.get(fault));
            softly.assertThat(events).as(fault).noneMatch(event -> event.has("done"));
            softly.assertThat(provider.log("fault=" + fault + "]")).as(fault).hasSize(1);
        });
        softly.assertAll();
    }

    /// A reset can overtake bytes that came before it, so that it shows as no answer at all or as a
    /// cut one.
    @Test
    void aResetInTheMiddleOfTheBodyIsRetriedWhicheverWayItShows() {
        Answer answer = caller.complete("halved [[sim fault=reset_body]]");

        assertThat(answer.status()).isEqualTo(502);
        assertThat(answer.code()).isIn("transport", "truncated");
        assertThat(answer.header("x-penstock-attempts")).isEqualTo("3");
        assertThat(provider.log("halved")).hasSize(3);
    }

    @Test
    void aWholeStreamNeedsNoDoneMarkerOfTheProvider() {
        Answer answer = caller.stream("complete [[sim fault=no_done]]");

        assertThat(answer.events().getLast().path("done").asBoolean()).isTrue();
        assertThat(answer.events().getLast().path("finish_reason").asText()).isEqualTo("stop");
    }

    @Test
    void aPassingFaultIsCuredByAnotherAttempt() {
        Answer answer = caller.complete("again [[sim fault=server_error times=2]]");

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().path("attempts").asInt()).isEqualTo(3);
        assertThat(answer.header("x-penstock-attempts")).isEqualTo("3");
        assertThat(provider.log("again")).hasSize(3);
    }

    @Test
    void anAnswerCutByTheCallersOwnMaxTokensIsAnAnswer() {
        Answer answer = caller.complete(prompt("one two three four").put("max_tokens", 2));

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().path("finish_reason").asText()).isEqualTo("length");
        assertThat(answer.json().path("usage").path("completion_tokens").asInt()).isEqualTo(2);
    }

    @Test
    void aKeyInTheProvidersErrorReachesNobody() {
        Answer answer = caller.complete("masked [[sim fault=unauthorized]]");

        assertThat(answer.body()).doesNotContain("sk-", "****");
        assertThat(answer.header("x-should-retry")).isEqualTo("false");
    }

    private void check(String door, List<Expected> faults, List<Answer> answers) {
        SoftAssertions softly = new SoftAssertions();
        for (int i = 0; i < faults.size(); i++) {
            Expected expected = faults.get(i);
            Answer answer = answers.get(i);
            int requests = provider.log(marked(door, expected)).size();
            System.out.printf(
                    "%-8s %-18s %d %-24s attempts %s, provider requests %d%n",
                    door,
                    expected.fault,
                    answer.status(),
                    answer.code(),
                    answer.header("x-penstock-attempts"),
                    requests);
            softly.assertThat(answer.status()).as(expected.fault).isEqualTo(expected.status);
            softly.assertThat(answer.code()).as(expected.fault).isEqualTo(expected.code);
            softly.assertThat(answer.header("x-penstock-attempts"))
                    .as(expected.fault)
                    .isEqualTo(Integer.toString(expected.attempts));
            softly.assertThat(requests).as(expected.fault).isEqualTo(expected.attempts);
            softly.assertThat(answer.header("retry-after").isEmpty())
                    .as("%s: Retry-After", expected.fault)
                    .isEqualTo(answer.status() != 429);
        }
        softly.assertAll();
    }

    private static String marked(String door, Expected fault) {
        return door + " [[sim fault=" + fault.fault + "]]";
    }
}
