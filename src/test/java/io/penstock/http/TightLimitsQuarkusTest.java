package io.penstock.http;

import static io.penstock.testing.Caller.join;
import static io.penstock.testing.Caller.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.OpenAiApi;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/// One permit, and every other setting away from its default: each is seen to change what a caller
/// sees.
@QuarkusTest
@TestProfile(TightLimitsQuarkusTest.Tight.class)
class TightLimitsQuarkusTest extends PenstockTest {

    public static class Tight implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.ofEntries(
                    Map.entry("penstock.flow.max-concurrency", "1"),
                    Map.entry("penstock.flow.max-waiting", "1"),
                    Map.entry("penstock.flow.max-wait", "10s"),
                    Map.entry("penstock.llm.model", "house-model"),
                    Map.entry("penstock.llm.max-attempts", "2"),
                    Map.entry("penstock.llm.deadline", "1s"),
                    Map.entry("penstock.llm.max-deadline", "20s"),
                    Map.entry("penstock.llm.max-prompt", "1K"),
                    Map.entry("penstock.llm.max-answer", "1500"),
                    Map.entry("penstock.http.max-body", "3K"),
                    Map.entry("penstock.http.max-bodies", "5K"),
                    Map.entry("penstock.http.max-upload", "2K"));
        }
    }

    private static final Duration SOON = Duration.ofSeconds(20);

    @Test
    void aCallThatBacksOffHoldsNoPermit() {
        CompletableFuture<Answer> backingOff =
                caller.completeAsync(
                        prompt("sleeper [[sim fault=rate_limit times=1 retry_after_ms=1500]]")
                                .put("model", "sleepy")
                                .put("timeout_ms", 10_000));
        provider.await("ended=1", SOON);
        Answer other = caller.complete(prompt("other").put("timeout_ms", 10_000));

        assertThat(other.status()).isEqualTo(200);
        assertThat(join(backingOff).status()).isEqualTo(200);
        List<JsonNode> sleeper = provider.log("sleeper");
        assertThat(provider.log("other").getFirst().path("ended_at").asDouble())
                .isLessThan(sleeper.get(1).path("at").asDouble());
    }

    @Test
    void aFileHasABound() {
        OpenAiApi api = new OpenAiApi(caller);

        Answer large =
                api.form(
                        OpenAiApi.field("purpose", "batch"), OpenAiApi.file("a", "a".repeat(2049)));

        assertThat(large.status()).isEqualTo(413);
        assertThat(large.json().path("error").path("message").asText()).contains("max-upload");
        assertThat(api.upload("a".repeat(2048))).startsWith("file-");
    }

    @Test
    void noMoreMayWaitThanThereIsRoomFor() {
        CompletableFuture<Answer> running =
                caller.completeAsync(prompt("running [[sim gate=one]]").put("timeout_ms", 15_000));
        provider.await("in_flight=1", SOON);
        CompletableFuture<Answer> waiting =
                caller.completeAsync(prompt("waiting").put("timeout_ms", 15_000));
        awaitGauge("penstock_calls_waiting", 1);

        Answer third = caller.complete(prompt("third").put("timeout_ms", 15_000));
        provider.open("one");

        assertThat(third.status()).isEqualTo(429);
        assertThat(join(running).status()).isEqualTo(200);
        assertThat(join(waiting).status()).isEqualTo(200);
        assertThat(provider.log("third")).isEmpty();
    }

    /// A body of unknown length counts as the longest while it is read, and as what it is after
    /// that.
    @Test
    void bodiesAreBoundedInSumUntilTheirCallsHaveEnded() {
        CompletableFuture<Answer> running = unknownLength("held [[sim gate=held]]");
        provider.await("in_flight=1", SOON);
        CompletableFuture<Answer> waiting = unknownLength("waits");
        awaitGauge("penstock_calls_waiting", 1);

        Answer refused = join(unknownLength("no room"));
        provider.open("held");

        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.code()).isEqualTo("rejected");
        assertThat(refused.json().path("error").path("message").asText()).contains("max-bodies");
        assertThat(join(running).status()).isEqualTo(200);
        assertThat(join(waiting).status()).isEqualTo(200);
        assertThat(join(unknownLength("room again")).status()).isEqualTo(200);
    }

    private CompletableFuture<Answer> unknownLength(String text) {
        return caller.send(
                caller.request("/complete")
                        .header("content-type", "application/json")
                        .POST(
                                HttpRequest.BodyPublishers.fromPublisher(
                                        HttpRequest.BodyPublishers.ofString(
                                                prompt(text).put("timeout_ms", 15_000).toString())))
                        .build());
    }

    @Test
    void aPromptWithoutAModelGoesToTheConfiguredOne() {
        caller.complete("which");
        caller.complete(prompt("named").put("model", "my-model"));

        assertThat(provider.log("which").getFirst().path("model").asText())
                .isEqualTo("house-model");
        assertThat(provider.log("named").getFirst().path("model").asText()).isEqualTo("my-model");
    }

    @Test
    void attemptsAreAsManyAsConfigured() {
        Answer answer = caller.complete("two [[sim fault=server_error]]");

        assertThat(answer.header("x-penstock-attempts")).isEqualTo("2");
        assertThat(provider.log("two")).hasSize(2);
    }

    @Test
    void theConfiguredDeadlineHoldsForWhoNamesNone() {
        assertThat(caller.complete("deadline [[sim fault=hang]]").code())
                .isEqualTo("deadline_exceeded");
    }

    @Test
    void nobodyMayAskForMoreTimeThanConfigured() {
        Answer answer = caller.complete(prompt("patient").put("timeout_ms", 20_001));

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().path("error").path("param").asText()).isEqualTo("timeout_ms");
    }

    @Test
    void promptsBodiesAndAnswersHaveTheirSizes() {
        assertThat(caller.complete("x".repeat(1024)).status()).isEqualTo(200);
        assertThat(caller.complete("x".repeat(1025)).code()).isEqualTo("prompt_too_long");
        assertThat(caller.complete(prompt("ä".repeat(600))).code()).isEqualTo("prompt_too_long");
        assertThat(caller.complete("x".repeat(4000)).code()).isEqualTo("body_too_large");
    }

    /// A stream says the same in many more bytes. Those within the bound are handed on, however the
    /// provider's bytes were cut on their way.
    @Test
    void aStreamThatIsTooLongEndsWhereItsBoundIs() {
        List<JsonNode> first = caller.stream("a b c d e f g h i j k l m n").events();
        List<JsonNode> second = caller.stream("a b c d e f g h i j k l m n").events();

        assertThat(second).isEqualTo(first);
        assertThat(first).hasSize(4);
        assertThat(first.get(0).path("token").asText()).isEqualTo("Answer ");
        assertThat(first.get(1).path("token").asText()).matches("\\w{8}: ");
        assertThat(first.get(2).path("token").asText()).isEqualTo("a ");
        assertThat(first.get(3).path("error").path("code").asText()).isEqualTo("length");
    }
}
