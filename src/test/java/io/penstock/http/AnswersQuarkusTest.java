package io.penstock.http;

import static io.penstock.testing.Caller.join;
import static io.penstock.testing.Caller.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.RawAnswers;
import io.penstock.testing.RawAnswers.Expected;
import io.penstock.testing.RawAnswers.RawAnswer;
import io.penstock.testing.RawProviderResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.net.URI;
import java.net.http.HttpRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.api.SoftAssertions;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What callers get of answers as real servers, and the gateways before them, send them.
@QuarkusTest
@TestProfile(AnswersQuarkusTest.Raw.class)
class AnswersQuarkusTest {

    public static class Raw implements QuarkusTestProfile {
        @Override
        public List<TestResourceEntry> testResources() {
            return List.of(new TestResourceEntry(RawProviderResource.class));
        }

        @Override
        public boolean disableGlobalTestResources() {
            return true;
        }
    }

    private static final int TRIES = 3;

    /// The kinds of failure that another attempt may cure.
    private static final Set<String> RETRIED =
            Set.of("rate_limited", "overloaded", "server", "transport", "timeout", "truncated");

    @TestHTTPResource URI base;

    private Caller caller;

    @BeforeEach
    void meet() {
        caller = new Caller(base);
    }

    @Test
    void eachComesToItsCallerOrFailsWithItsKindAfterNoMoreRequestsThanHelp() {
        SoftAssertions softly = new SoftAssertions();
        List<CompletableFuture<Void>> checks = new ArrayList<>();
        for (RawAnswer answer : RawAnswers.all()) {
            checks.add(
                    caller.completeAsync(answer.prompt())
                            .thenAccept(got -> checkWhole(softly, answer, got)));
        }
        checks.forEach(Caller::join);
        softly.assertAll();
    }

    private void checkWhole(SoftAssertions softly, RawAnswer answer, Answer got) {
        String text = answer.own().text();
        String code = answer.own().code();
        softly.assertThat(got.json().path("result").textValue()).as(answer.name()).isEqualTo(text);
        if (code != null) {
            softly.assertThat(got.code()).as(answer.name()).isEqualTo(code);
            softly.assertThat(got.json().path("error").path("message").asText())
                    .as(answer.name())
                    .contains(answer.says());
        }
        softly.assertThat(got.header("x-penstock-attempts"))
                .as(answer.name())
                .isEqualTo(RETRIED.contains(String.valueOf(code)) ? "" + TRIES : "1");
    }

    @Test
    void eachComesToOneWhoStreamsOrEndsInAnError() {
        SoftAssertions softly = new SoftAssertions();
        List<CompletableFuture<Void>> checks = new ArrayList<>();
        for (RawAnswer answer : RawAnswers.all()) {
            checks.add(
                    caller.streamAsync(answer.prompt())
                            .thenAccept(got -> checkStream(softly, answer, got)));
        }
        checks.forEach(Caller::join);
        softly.assertAll();
    }

    private static void checkStream(SoftAssertions softly, RawAnswer answer, Answer got) {
        String expected = answer.own().text();
        if (expected == null && !answer.isBegun()) {
            softly.assertThat(got.status()).as(answer.name()).isGreaterThanOrEqualTo(400);
            softly.assertThat(got.code()).as(answer.name()).isEqualTo(answer.own().code());
            return;
        }
        List<JsonNode> events = got.events();
        if (expected == null) {
            softly.assertThat(events).as(answer.name()).noneMatch(event -> event.has("done"));
            softly.assertThat(events.getLast().path("error").path("code").asText())
                    .as(answer.name())
                    .isEqualTo(answer.own().code());
            return;
        }
        StringBuilder text = new StringBuilder();
        events.forEach(event -> text.append(event.path("token").asText()));
        softly.assertThat(text.toString()).as(answer.name()).isEqualTo(expected);
        softly.assertThat(events.getLast().path("done").asBoolean()).as(answer.name()).isTrue();
    }

    @Test
    void eachIsPassedOnToOneWhoAsksOpenAisWay() {
        SoftAssertions softly = new SoftAssertions();
        List<CompletableFuture<Void>> checks = new ArrayList<>();
        for (RawAnswer answer : RawAnswers.all()) {
            for (boolean streams : List.of(false, true)) {
                HttpRequest request =
                        caller.request("/v1/chat/completions")
                                .header("content-type", "application/json")
                                .POST(
                                        HttpRequest.BodyPublishers.ofString(
                                                answer.chat(streams).toString()))
                                .build();
                checks.add(
                        caller.send(request)
                                .thenAccept(got -> checkPassedOn(softly, answer, streams, got)));
            }
        }
        checks.forEach(Caller::join);
        softly.assertAll();
    }

    private static void checkPassedOn(
            SoftAssertions softly, RawAnswer answer, boolean streams, Answer got) {
        String name = answer.name() + (streams ? " streamed" : "");
        boolean isDone = !streams || got.body().endsWith("data: [DONE]\n\n");
        boolean isGood = got.status() == 200 && isDone;
        softly.assertThat(isGood).as(name + got.body()).isEqualTo(answer.v1().text() != null);
        if (got.status() != 200) {
            softly.assertThat(got.json().path("error").path("message").asText())
                    .as(name)
                    .isNotEmpty()
                    .doesNotContain("<");
        } else if (streams) {
            for (String line : got.body().split("\n")) {
                softly.assertThat(line).as(name).matches("(data: (\\{.*}|\\[DONE]))?");
            }
        } else {
            softly.assertThat(got.json().path("choices").isArray()).as(name).isTrue();
        }
    }

    @Test
    void anInterimAnswerAndASecondOneReachNobody() {
        List<CompletableFuture<Answer>> answers = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            String how = List.of("along", "apart", "twice").get(i % 3);
            String name =
                    "interim-" + (100 + List.of(0, 2, 3, 4, 50).get(i % 5)) + "-" + how + "-" + i;
            names.add(name);
            answers.add(caller.completeAsync(prompt("[[raw " + name + "]]")));
        }
        for (int i = 0; i < names.size(); i++) {
            assertThat(join(answers.get(i)).json().path("result").asText()).isEqualTo(names.get(i));
            assertThat(asked(names.get(i))).hasSize(1);
        }
    }

    @Test
    void aFieldThatNobodyAskedForIsTakenBackOnceAndNotSentAgain() {
        for (int i = 0; i < 2; i++) {
            Answer answer = caller.stream(prompt("[[raw strict]]").put("model", "strict"));
            assertThat(answer.events().getFirst().path("token").asText()).isEqualTo("strict");
        }
        assertThat(asked("strict")).hasSize(3);
        assertThat(asked("strict").get(2).path("body").has("stream_options")).isFalse();

        for (int i = 0; i < 2; i++) {
            Answer answer =
                    caller.complete(prompt("[[raw old]]").put("model", "old").put("max_tokens", 5));
            assertThat(answer.json().path("result").asText()).isEqualTo("old");
            assertThat(answer.header("x-penstock-attempts")).isEqualTo(i == 0 ? "2" : "1");
        }
        assertThat(asked("old")).hasSize(3);
        assertThat(asked("old").get(2).path("body").path("max_tokens").asInt()).isEqualTo(5);
    }

    @ParameterizedTest
    @CsvSource({
        "0.0",
        "0.10",
        "m1.m1",
        "14400p0.14399p5",
        "200000000000000000.0",
        "99999999999999999999.1",
        "10.12",
        "1e400.5",
        "NaN.NaN",
        "3.0"
    })
    void noLimitOfTheProvidersKeepsAnAnswerFromItsCaller(String limit) {
        String name = "limit." + limit;
        for (int i = 0; i < 2; i++) {
            Answer answer =
                    caller.complete(
                            prompt("[[raw " + name + "]]").put("model", "limit-" + i + limit));

            assertThat(answer.json().path("result").asText()).isEqualTo(name);
            answer.http()
                    .headers()
                    .map()
                    .forEach((header, values) -> {
                        if (header.startsWith("x-ratelimit")) {
                            assertThat(values.getFirst()).matches("\\d+(ms)?");
                        }
                    });
        }
    }

    @Test
    void longHeadersAreRead() {
        assertThat(caller.complete("[[raw headers]]").json().path("result").asText())
                .isEqualTo("headers");
    }

    @Test
    void aWaitThatOnlyTheBodyTellsIsAFloor() {
        Answer answer = caller.complete(prompt("[[raw wait]]").put("model", "wait"));

        assertThat(answer.json().path("result").asText()).isEqualTo("wait");
        List<JsonNode> asked = asked("wait");
        assertThat(asked).hasSize(2);
        assertThat(asked.get(1).path("at_ms").asLong() - asked.get(0).path("at_ms").asLong())
                .isGreaterThanOrEqualTo(1500);
    }

    /// Without the failures that a batch waits out.
    @Test
    void resultsOfABatchAreTheSameAndEachLineIsJson() {
        StringBuilder lines = new StringBuilder();
        Map<String, Expected> expected = new HashMap<>();
        for (RawAnswer answer : RawAnswers.all()) {
            if (endsSoon(answer.own())) {
                expected.put("own " + answer.name(), answer.own());
                lines.append(answer.prompt().put("custom_id", "own " + answer.name())).append('\n');
            }
            if (endsSoon(answer.v1()) && answer.maxTokens() == null) {
                expected.put("v1 " + answer.name(), answer.v1());
                ObjectNode line =
                        Caller.JSON
                                .createObjectNode()
                                .put("custom_id", "v1 " + answer.name())
                                .put("method", "POST")
                                .put("url", "/v1/chat/completions");
                line.set("body", answer.chat(false));
                lines.append(line).append('\n');
            }
        }
        Batch batch = Batch.of(caller, Batch.submitLines(caller, lines.toString()));
        batch.awaitStatus("completed");

        List<JsonNode> results = Batch.lines(batch.get("/results"));

        SoftAssertions softly = new SoftAssertions();
        softly.assertThat(results).hasSize(expected.size()).hasSizeGreaterThan(60);
        for (JsonNode result : results) {
            String id = result.path("custom_id").asText();
            Expected wanted = Objects.requireNonNull(expected.get(id), id);
            softly.assertThat(result.path("result").asText(""))
                    .as(id)
                    .isEqualTo(wanted.text() == null ? "" : wanted.text());
            softly.assertThat(result.path("error").path("code").textValue())
                    .as(id)
                    .isEqualTo(wanted.code());
            softly.assertThat(result.path("attempts").asInt()).as(id).isEqualTo(1);
        }
        softly.assertAll();
    }

    private static boolean endsSoon(Expected expected) {
        return expected.code() == null
                || (!RETRIED.contains(expected.code())
                        && !expected.code().equals("quota_exhausted"));
    }

    private List<JsonNode> asked(String marker) {
        URI provider = ConfigProvider.getConfig().getValue("penstock.llm.base-url", URI.class);
        Caller direct = new Caller(provider.resolve("/"));
        List<JsonNode> asked = new ArrayList<>();
        join(direct.send(direct.request("/v1/asked/" + marker).build())).json().forEach(asked::add);
        return asked;
    }
}
