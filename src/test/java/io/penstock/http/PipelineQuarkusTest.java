package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.Refused;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// One input goes through a pipeline's stages while its caller waits.
@QuarkusTest
@TestProfile(DeclaredPipelines.Profile.class)
class PipelineQuarkusTest extends DeclaredPipelines {

    private static final Duration LIMIT = Duration.ofSeconds(20);

    @Test
    void theClassicExampleRunsThroughItsStages() {
        Answer answer = run("digest", "A penstock feeds a turbine.");

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        JsonNode json = answer.json();
        assertThat(json.path("id").asText()).isEqualTo("doc-1");
        assertThat(json.path("stages").findValuesAsText("name"))
                .containsExactly("extract", "analyze", "summarize");
        List<String> results = json.path("stages").findValuesAsText("result");
        assertThat(results.get(0)).contains("Extract the key facts", "feeds a turbine");
        assertThat(results.get(1))
                .contains("Analyze these facts: " + results.get(0).substring(0, 20));
        assertThat(results.get(2)).contains("Summarize this analysis: Answer");
        assertThat(json.path("final_result").asText()).isEqualTo(results.get(2));
        assertThat(json.path("stages").get(2).path("model").asText()).startsWith("gpt-4o-2");
        assertThat(json.path("attempts").asInt()).isEqualTo(3);
        assertThat(answer.header("x-penstock-attempts")).isEqualTo("3");
        List<JsonNode> log = provider.wholeLog();
        assertThat(log.stream().map(call -> call.path("model").asText()))
                .containsExactly("gpt-4o-mini", "gpt-4o-mini", "gpt-4o");
        assertThat(json.path("usage").path("total_tokens").asInt()).isEqualTo(tokens(log));
    }

    @Test
    void sentimentsAreOneOfThree() {
        for (String[] one :
                new String[][] {
                    {"I love it, great!", "positive"},
                    {"It is broken and awful.", "negative"},
                    {"It is a thing.", "neutral"}
                }) {
            assertThat(run("classify", one[0]).json().path("final_result").asText())
                    .isEqualTo(one[1]);
        }
        assertThat(
                        gauge(
                                "penstock_stages_total{outcome=\"completed\",pipeline=\"classify\",stage=\"classify\"}"))
                .isEqualTo(3);
    }

    @Test
    void theConfiguredOnesAreListedWithoutTheirPrompts() {
        Answer answer = Caller.join(caller.send(caller.request("/pipeline").build()));

        assertThat(answer.status()).isEqualTo(200);
        JsonNode data = answer.json().path("data");
        assertThat(data.findValuesAsText("name"))
                .contains("classify", "digest", "extract", "narrow", "summarize");
        assertThat(data.get(data.size() - 1).path("name").asText()).isEqualTo("uphill");
        for (JsonNode pipeline : data) {
            if (pipeline.path("name").asText().equals("narrow")) {
                assertThat(pipeline.path("stages").get(1))
                        .hasToString(
                                "{\"name\":\"b\",\"model\":\"gpt-4o-mini\",\"max_concurrency\":5,\"task\":null}");
            }
        }
        assertThat(answer.body()).doesNotContain("Analyze");
    }

    @Test
    void valuesAreNeverExpandedAgain() {
        String input = "{input} {{ }} {a.result} ${x} {";

        JsonNode stages = run("literal", input).json().path("stages");

        assertThat(provider.log("").get(0).path("key").asText())
                .isEqualTo("{" + input + "} is {input}");
        assertThat(provider.log("").get(1).path("key").asText())
                .isEqualTo(stages.get(0).path("result").asText() + " {a.result}");
        assertThat(stages.get(0).path("result").asText()).endsWith(input + "} is {input}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "null | 502 | truncated | 3",
                "refused | 400 | content_filter | 1",
                "cut | 502 | length | 1",
                "choice | 502 | unexpected_answer | 1",
            })
    void anAnswerThatCannotBeUsedEndsTheRunAtItsStage(
            String pipeline, int status, String code, int attempts) {
        Answer answer = run(pipeline, "Some text");

        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.code()).isEqualTo(code);
        assertThat(answer.json().path("stage").asText()).isEqualTo("b");
        assertThat(answer.json().path("stages").findValuesAsText("name")).containsExactly("a");
        assertThat(answer.json().path("stages").get(0).path("result").asText())
                .endsWith("Some text");
        assertThat(provider.stats().path("requests").asInt()).isEqualTo(1 + attempts);
        assertThat(provider.log("Third")).isEmpty();

        Batch batch = submit(pipeline, "Some text");
        JsonNode ended = batch.awaitStatus("completed");

        assertThat(ended.path("failed").asInt()).isEqualTo(1);
        assertThat(ended.path("errors").get(0).path("stage").asText()).isEqualTo("b");
        JsonNode line = Batch.lines(batch.get("/results")).getFirst();
        assertThat(line.path("error").path("code").asText()).isEqualTo(code);
        assertThat(line.path("stage").asText()).isEqualTo("b");
        assertThat(line.path("stages").findValuesAsText("name")).containsExactly("a");
        assertThat(line.path("attempts").asInt()).isEqualTo(1 + attempts);
        // What cannot be used is paid for all the same.
        assertThat(ended.path("usage").path("total_tokens").asInt() * 2)
                .isEqualTo(tokens(provider.wholeLog()));
    }

    @Test
    void whoLeavesEndsTheRunWhereverItIs() {
        CompletableFuture<Answer> left = send("held", "leaving");
        provider.await("in_flight=1", LIMIT);
        awaitCalls("Analyze", 1);

        left.cancel(true);

        provider.await("in_flight=0", LIMIT);
        assertThat(provider.log("Analyze").getFirst().path("end").asText()).isEqualTo("aborted");
        awaitGauge("penstock_calls_waiting", 0);
        assertThat(provider.log("Summarize")).isEmpty();
    }

    @Test
    void whoIsNewWaitsForATurnAShortWhileAndWhoHasBegunUntilItComes() {
        List<CompletableFuture<Answer>> begun =
                IntStream.range(0, 4).mapToObj(i -> send("held", "begun " + i)).toList();
        awaitCalls("Analyze", 3);
        awaitGauge("penstock_calls_waiting", 1);
        CompletableFuture<Answer> first = send("single", "first");
        awaitCalls("Single", 1);

        Answer refused = run("single", "second");

        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.code()).isEqualTo("rejected");
        assertThat(refused.json().path("stages")).isEmpty();
        assertThat(callsOf("Single")).isEqualTo(1);
        assertThat(gauge("penstock_calls_waiting")).isEqualTo(1);
        provider.open("single");
        provider.open("held");
        assertThat(Caller.join(first).status()).isEqualTo(200);
        begun.forEach(answer -> assertThat(Caller.join(answer).status()).isEqualTo(200));
    }

    @Test
    void oneLimitHoldsForAllStages() {
        Answer answer = post("held", "{\"input\":\"late\",\"timeout_ms\":1200}");

        assertThat(answer.status()).isEqualTo(504);
        assertThat(answer.code()).isEqualTo("deadline_exceeded");
        assertThat(answer.json().path("stage").asText()).isEqualTo("b");
        assertThat(answer.json().path("stages")).hasSize(1);
    }

    static Stream<Refused> badInputs() {
        return Refused.table("pipelines");
    }

    @ParameterizedTest
    @MethodSource("badInputs")
    void aBlankInputAndUnknownFieldsAndPipelinesAreRefused(Refused bad) {
        bad.requireSaid(bad.ask(caller));
        assertThat(provider.stats().path("requests").asInt()).isZero();
    }
}
