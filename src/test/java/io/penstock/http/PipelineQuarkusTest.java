package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.penstock.testing.Provider;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Pipelines at both doors, as their callers and the provider see them.
@QuarkusTest
@TestProfile(PipelineQuarkusTest.Declared.class)
class PipelineQuarkusTest extends PenstockTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final int DOCUMENTS = 50;

    public static class Declared implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            Map<String, String> settings = new HashMap<>();
            declare(
                    settings,
                    "faulty",
                    "Extract [[sim fault=server_error times=1]] {input}",
                    "Analyze [[sim fault=rate_limit retry_after_ms=20 times=1]] {a.result}",
                    "Summarize [[sim fault=close_body times=1]] {b.result}");
            declare(
                    settings,
                    "narrow",
                    "Extract [[sim latency=10ms]] {input}",
                    "Analyze [[sim latency=15ms]] {a.result}",
                    "Summarize [[sim latency=5ms]] {b.result}");
            settings.put("penstock.pipelines.narrow.stages[0].max-concurrency", "7");
            settings.put("penstock.pipelines.narrow.stages[1].max-concurrency", "5");
            settings.put("penstock.pipelines.narrow.stages[2].max-concurrency", "2");
            declare(
                    settings,
                    "uphill",
                    "Extract {input}",
                    "Analyze {a.result}",
                    "Summarize [[sim fault=bad_request times=1]] {b.result}");
            declare(
                    settings,
                    "held",
                    "Extract {input}",
                    "Analyze [[sim gate=held]] {a.result}",
                    "Summarize {b.result}");
            settings.put("penstock.pipelines.held.stages[1].max-concurrency", "3");
            declare(settings, "null", "{input}", "Second [[sim fault=null_content]] {a.result}");
            declare(settings, "refused", "{input}", "Second [[sim fault=refusal]] {a.result}");
            declare(settings, "cut", "{input}", "Second {a.result}", "Third {b.result}");
            settings.put("penstock.pipelines.cut.stages[1].max-tokens", "2");
            declare(settings, "choice", "{input}", "Which? [[sim fault=misfit]] {a.result}");
            settings.put("penstock.pipelines.choice.stages[1].answers", "yes,no");
            declare(settings, "literal", "{{{input}}} is {{input}}", "{a.result} {{a.result}}");
            settings.put("penstock.pipelines.literal.stages[0].system", "No {input} here.");
            settings.put(
                    "penstock.pipelines.literal.stages[0].response-format", "{\"type\":\"text\"}");
            settings.put("penstock.pipelines.literal.stages[0].temperature", "0.25");
            declare(settings, "single", "Single [[sim gate=single]] {input}");
            settings.put("penstock.pipelines.single.stages[0].max-concurrency", "1");
            settings.put("penstock.flow.max-wait", "100ms");
            settings.put("penstock.llm.prices.\"gpt-4o-mini\".input", "1");
            settings.put("penstock.llm.prices.\"gpt-4o-mini\".output", "2");
            return settings;
        }

        private static void declare(Map<String, String> settings, String name, String... prompts) {
            for (int i = 0; i < prompts.length; i++) {
                String stage = "penstock.pipelines." + name + ".stages[" + i + "].";
                settings.put(stage + "name", String.valueOf((char) ('a' + i)));
                settings.put(stage + "prompt", prompts[i]);
            }
        }
    }

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
                                "{\"name\":\"b\",\"model\":\"gpt-4o-mini\",\"max_concurrency\":5}");
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
                .isEqualTo(
                        code.equals("length") || code.equals("unexpected_answer")
                                ? tokens(provider.wholeLog())
                                : 2
                                        * line.path("stages")
                                                .get(0)
                                                .path("usage")
                                                .path("total_tokens")
                                                .asInt());
    }

    @Test
    void aBlankInputAndUnknownFieldsAndPipelinesAreRefused() {
        SoftAssertions softly = new SoftAssertions();
        for (String[] one :
                new String[][] {
                    {"digest", "{\"input\":\" \"}", "400", "blank_field", "input"},
                    {"digest", "{}", "400", "missing_field", "input"},
                    {"digest", "{\"input\":7}", "400", "wrong_type", "input"},
                    {"digest", "{\"input\":\"\\ud800\"}", "400", "invalid_json", "input"},
                    {"digest", "{\"prompt\":\"a\"}", "400", "unknown_field", "prompt"},
                    {
                        "digest",
                        "{\"input\":\"a\",\"model\":\"m\"}",
                        "400",
                        "unknown_field",
                        "model"
                    },
                    {"digest", "{\"input\":\"a\",\"id\":1}", "400", "wrong_type", "id"},
                    {
                        "digest",
                        "{\"input\":\"a\",\"timeout_ms\":0}",
                        "400",
                        "out_of_range",
                        "timeout_ms"
                    },
                    {
                        "digest",
                        "{\"input\":\"a\",\"id\":\"" + "x".repeat(513) + "\"}",
                        "400",
                        "out_of_range",
                        "id"
                    },
                    {"digest", "[", "400", "invalid_json", ""},
                    {"digest?x=1", "{\"input\":\"a\"}", "400", "unknown_field", "x"},
                    {"none", "{\"input\":\"a\"}", "404", "not_found", ""},
                    {"Digest", "{\"input\":\"a\"}", "404", "not_found", ""},
                }) {
            Answer answer = post(one[0], one[1]);
            softly.assertThat(answer.status()).as(one[1]).isEqualTo(Integer.parseInt(one[2]));
            softly.assertThat(answer.code()).as(one[1]).isEqualTo(one[3]);
            softly.assertThat(answer.json().path("error").path("param").asText(""))
                    .as(one[1])
                    .isIn(one[4], one[4].isEmpty() ? "null" : one[4]);
        }
        softly.assertThat(post("none", "{\"input\":\"a\"}").body())
                .contains("classify, cut, digest");
        softly.assertAll();
        assertThat(provider.stats().path("requests").asInt()).isZero();
    }

    @Test
    void whatAPipelineSetsItselfIsRefusedInABatch() {
        String two = "\"items\":[{\"prompt\":\"a\"},{\"prompt\":\"b\"%s}]}";
        SoftAssertions softly = new SoftAssertions();
        for (String[] one :
                new String[][] {
                    {
                        "{\"pipeline\":\"none\"," + two.formatted(""),
                        "pipeline",
                        "there are: choice, classify"
                    },
                    {"{\"pipeline\":{}," + two.formatted(""), "pipeline", "must be a string"},
                    {
                        "{\"pipeline\":\"digest\",\"model\":\"m\"," + two.formatted(""),
                        "model",
                        "leave it out"
                    },
                    {
                        "{\"pipeline\":\"digest\"," + two.formatted(",\"system\":\"s\""),
                        "items[1].system",
                        "leave it"
                    },
                    {
                        "{\"pipeline\":\"digest\"," + two.formatted(",\"pipeline\":\"cut\""),
                        "items[1].pipeline",
                        "not a field"
                    },
                    {
                        "{\"pipeline\":\"digest\"," + two.formatted(",\"stages\":[]"),
                        "items[1].stages",
                        "not a field"
                    },
                    {"{\"pipeline\":\"digest\",\"prompts\":[\"a\",\" \"]}", "prompts[1]", "blank"},
                }) {
            Answer answer = Batch.submit(caller, one[0]);
            softly.assertThat(answer.status()).as(one[0]).isEqualTo(400);
            softly.assertThat(answer.json().path("error").path("param").asText())
                    .as(one[0])
                    .isEqualTo(one[1]);
            softly.assertThat(answer.body()).as(one[0]).contains(one[2]);
        }
        Answer openAi =
                lines(
                        "digest",
                        "{\"custom_id\":\"1\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{}}");
        softly.assertThat(openAi.status()).isEqualTo(400);
        softly.assertThat(openAi.body())
                .contains("Line 1: A pipeline has messages and models of its own");
        softly.assertAll();
        assertThat(provider.stats().path("requests").asInt()).isZero();
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

    @Test
    void fiftyDocumentsGoThroughWithinTheirStagesLimits() {
        Batch batch = Batch.of(caller, lines("narrow", documents(DOCUMENTS)));

        JsonNode ended = batch.awaitStatus("completed");

        assertThat(ended.path("completed").asInt()).isEqualTo(DOCUMENTS);
        assertThat(ended.path("pipeline").asText()).isEqualTo("narrow");
        // Each limit is reached, unless the machine is too busy for that.
        assertThat(Provider.peak(provider.log("Extract [["))).isBetween(2, 7);
        assertThat(Provider.peak(provider.log("Analyze [["))).isBetween(2, 5);
        assertThat(Provider.peak(provider.log("Summarize [["))).isBetween(1, 2);
        assertWhole(batch, ended, 1);
    }

    @Test
    void fiftyDocumentsGoThroughFaultsInEachStage() {
        Batch batch = Batch.of(caller, lines("faulty", documents(DOCUMENTS)));

        JsonNode ended = batch.awaitStatus("completed");

        assertThat(ended.path("completed").asInt()).as(ended.toString()).isEqualTo(DOCUMENTS);
        assertWhole(batch, ended, 2);
    }

    @Test
    void theReportsOfTheExampleAreDigested() throws IOException {
        String reports = Files.readString(Path.of("examples", "reports.jsonl"));

        Batch batch = Batch.of(caller, lines("digest", reports));
        JsonNode ended = batch.awaitStatus("completed");

        assertThat(ended.path("completed").asInt()).isEqualTo(DOCUMENTS);
        List<JsonNode> lines = Batch.lines(batch.get("/results?order=input"));
        for (int i = 0; i < DOCUMENTS; i++) {
            assertThat(lines.get(i).path("stages").findValuesAsText("name"))
                    .containsExactly("extract", "analyze", "summarize");
            assertThat(lines.get(i).path("final_result").asText())
                    .contains("Report %02d.".formatted(i + 1));
            assertThat(lines.get(i).path("model").asText()).startsWith("gpt-4o-2");
        }
        assertThat(provider.stats().path("requests").asInt()).isEqualTo(3 * DOCUMENTS);
    }

    @Test
    void itemsDoNotWaitForEachOtherBetweenStages() {
        String held = "{\"custom_id\":\"held\",\"prompt\":\"Document held [[sim gate=first]].\"}\n";
        Batch batch = Batch.of(caller, lines("digest", held + documents(20)));

        batch.await(status -> status.path("completed").asInt() == 20);
        List<JsonNode> early = Batch.lines(batch.get("/results"));
        provider.open("first");
        batch.awaitStatus("completed");

        assertThat(early).hasSize(20);
        assertThat(early).allMatch(line -> line.path("stages").size() == 3);
        assertThat(provider.log("held [[sim gate=first]]")).hasSize(1);
    }

    @Test
    void aRetryGoesOnAtTheStageThatFailed() {
        Batch batch = Batch.of(caller, lines("uphill", documents(20)));
        JsonNode first = batch.awaitStatus("completed");
        assertThat(first.path("failed").asInt()).isEqualTo(20);
        assertThat(Batch.lines(batch.get("/results")))
                .allMatch(line ->
                        line.path("stage").asText().equals("c") && line.path("stages").size() == 2);

        Batch again = Batch.of(caller, batch.post("/retry"));
        JsonNode second = again.awaitStatus("completed");

        assertThat(second.path("completed").asInt()).isEqualTo(20);
        assertThat(second.path("pipeline").asText()).isEqualTo("uphill");
        assertThat(callsOf("Extract ")).isEqualTo(20);
        assertThat(callsOf("Analyze ")).isEqualTo(20);
        assertThat(callsOf("Summarize ")).isEqualTo(40);
        // Each job counts what it has used itself, and each line all that is in it.
        assertThat(
                        first.path("usage").path("total_tokens").asInt()
                                + second.path("usage").path("total_tokens").asInt())
                .isEqualTo(tokens(provider.wholeLog()));
        for (JsonNode line : Batch.lines(again.get("/results?order=input"))) {
            assertThat(line.path("stages").findValuesAsText("name")).containsExactly("a", "b", "c");
            assertThat(line.path("custom_id").asText())
                    .isEqualTo("doc-" + line.path("index").asInt());
            assertThat(line.path("stages").get(0).path("result").asText())
                    .contains("Document " + line.path("index").asInt() + ".");
        }
    }

    @Test
    void whatIsCancelledKeepsItsFinishedStages() {
        Batch batch = Batch.of(caller, lines("held", documents(5)));
        awaitCalls("Analyze", 3);
        awaitGauge("penstock_calls_waiting", 2);

        batch.post("/cancel");
        // Those in flight come to their end, those that wait for their turn do not begin.
        awaitGauge("penstock_calls_waiting", 0);
        provider.open("held");
        JsonNode ended = batch.awaitStatus("cancelled");

        assertThat(ended.path("cancelled").asInt()).isEqualTo(5);
        assertThat(provider.log("Summarize")).isEmpty();
        assertThat(callsOf("Analyze")).isEqualTo(3);
        int kept = 0;
        for (JsonNode line : Batch.lines(batch.get("/results"))) {
            assertThat(line.path("error").path("code").asText()).isEqualTo("batch_cancelled");
            assertThat(line.path("stages").get(0).path("name").asText()).isEqualTo("a");
            assertThat(line.path("stage").isNull()).isTrue();
            kept += line.path("stages").size();
        }
        assertThat(kept).isEqualTo(5 + 3);
        assertThat(ended.path("usage").path("total_tokens").asInt())
                .isEqualTo(tokens(provider.wholeLog()));
    }

    @Test
    void whatAStageCostsCountsWhenItIsFinished() {
        Batch batch = Batch.of(caller, lines("held", documents(5)));
        awaitCalls("Analyze", 3);

        JsonNode running =
                batch.await(status ->
                        status.path("usage").path("total_tokens").asInt() > 0
                                && status.path("usage").path("total_tokens").asInt()
                                        == tokens(provider.log("Extract D")));
        assertThat(running.path("completed").asInt()).isZero();
        assertThat(running.path("pending").asInt()).isEqualTo(5);
        assertThat(running.path("cost").asDouble()).isPositive();
        assertThat(batch.get("/results").body()).isEmpty();
        assertThat(batch.get("/results?limit=5").body()).isEmpty();
        assertThat(batch.get("/results?order=input").body()).isEmpty();
        provider.open("held");
        assertWhole(batch, batch.awaitStatus("completed"), 1);
    }

    /// @param attempts made in each stage
    private void assertWhole(Batch batch, JsonNode ended, int attempts) {
        List<JsonNode> lines = Batch.lines(batch.get("/results?order=input"));
        assertThat(lines).hasSize(ended.path("total").asInt());
        for (int i = 0; i < lines.size(); i++) {
            JsonNode line = lines.get(i);
            assertThat(line.path("index").asInt()).isEqualTo(i);
            assertThat(line.path("custom_id").asText()).isEqualTo("doc-" + i);
            assertThat(line.path("stages").findValuesAsText("name")).containsExactly("a", "b", "c");
            assertThat(line.path("stages").get(0).path("result").asText())
                    .contains("Document " + i + ".");
            for (JsonNode stage : line.path("stages")) {
                assertThat(stage.path("attempts").asInt()).isEqualTo(attempts);
            }
            assertThat(line.path("attempts").asInt()).isEqualTo(3 * attempts);
            assertThat(line.path("result")).isEqualTo(line.path("final_result"));
            assertThat(line.path("final_result"))
                    .isEqualTo(line.path("stages").get(2).path("result"));
            assertThat(ended.path("results").get(i)).isEqualTo(line.path("result"));
        }
        assertThat(provider.stats().path("requests").asInt())
                .isEqualTo(lines.size() * 3 * attempts);
        assertThat(ended.path("usage").path("total_tokens").asInt())
                .isEqualTo(
                        lines.stream()
                                .mapToInt(line -> line.path("usage").path("total_tokens").asInt())
                                .sum());
    }

    private static String documents(int count) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append(
                            Caller.JSON
                                    .createObjectNode()
                                    .put("custom_id", "doc-" + i)
                                    .put("prompt", "Document " + i + "."))
                    .append('\n');
        }
        return lines.toString();
    }

    private Answer lines(String pipeline, String lines) {
        return Caller.join(
                caller.send(
                        caller.request("/batch?pipeline=" + pipeline)
                                .header("content-type", "application/jsonl")
                                .POST(HttpRequest.BodyPublishers.ofString(lines))
                                .build()));
    }

    private Batch submit(String pipeline, String... prompts) {
        ObjectNode body = Caller.JSON.createObjectNode().put("pipeline", pipeline);
        List.of(prompts).forEach(body.putArray("prompts")::add);
        return Batch.of(caller, Batch.submit(caller, body.toString()));
    }

    private Answer run(String pipeline, String input) {
        return Caller.join(send(pipeline, input));
    }

    private CompletableFuture<Answer> send(String pipeline, String input) {
        return caller.send(
                request(
                        pipeline,
                        Caller.JSON
                                .createObjectNode()
                                .put("id", "doc-1")
                                .put("input", input)
                                .toString()));
    }

    private Answer post(String pipeline, String body) {
        return Caller.join(caller.send(request(pipeline, body)));
    }

    private HttpRequest request(String pipeline, String body) {
        return caller.request("/pipeline/" + pipeline)
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    private void awaitCalls(String word, int count) {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (callsOf(word) < count) {
            assertThat(System.nanoTime()).as("too late").isLessThan(end);
        }
    }

    /// Calls whose prompt begins so.
    private long callsOf(String word) {
        return provider.log(word).stream()
                .filter(call -> call.path("key").asText().startsWith(word))
                .count();
    }

    private static int tokens(List<JsonNode> log) {
        List<JsonNode> answered = new ArrayList<>(log);
        answered.removeIf(call -> call.path("status").asInt() != 200);
        return IntStream.range(0, answered.size())
                .map(i ->
                        answered.get(i).path("prompt_tokens").asInt()
                                + answered.get(i).path("completion_tokens").asInt())
                .sum();
    }
}
