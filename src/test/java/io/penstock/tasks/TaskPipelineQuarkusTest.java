package io.penstock.tasks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.net.http.HttpRequest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Tasks as stages of pipelines, as callers and the provider see them.
@QuarkusTest
@TestProfile(TaskPipelineQuarkusTest.Profile.class)
class TaskPipelineQuarkusTest extends PenstockTest {

    public static class Profile implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            Map<String, String> settings = new HashMap<>();
            stage(settings, "reports", 0, "short", "prompt", "Shorten {input}");
            stage(settings, "reports", 1, "judge", "task", "mood");
            stage(settings, "reports", 2, "say", "prompt", "Answer {judge.result} to {input}");
            stage(settings, "faulty", 0, "short", "prompt", "Shorten {input}");
            stage(settings, "faulty", 1, "judge", "task", "mood");
            settings.put(
                    "penstock.pipelines.faulty.stages[1].arguments.text",
                    "[[sim fault=misfit]] {short.result}");
            stage(settings, "names", 0, "verdict", "task", "triage");
            settings.put("penstock.pipelines.names.stages[0].arguments.text", "It is: {input}");
            settings.put("penstock.pipelines.names.stages[0].arguments.language", "en");
            stage(settings, "names", 1, "again", "task", "judgment");
            return settings;
        }

        private static void stage(
                Map<String, String> all,
                String pipeline,
                int at,
                String name,
                String what,
                String it) {
            String key = "penstock.pipelines." + pipeline + ".stages[" + at + "].";
            all.put(key + "name", name);
            all.put(key + what, it);
        }
    }

    @Test
    void aTextIsTheOneArgumentAndItsResultGoesOn() {
        Answer answer = run("reports", "the pump");

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        JsonNode stages = answer.json().path("stages");
        String shortened = stages.path(0).path("result").asText();
        String mood = stages.path(1).path("result").asText();
        assertThat(mood).isIn("ANGRY", "CALM", "HAPPY");
        assertThat(asked("How is the mood of: " + shortened)).hasSize(1);
        assertThat(asked("Answer " + mood + " to the pump")).hasSize(1);
        assertThat(answer.json().path("attempts").asInt()).isEqualTo(3);
    }

    @Test
    void theFieldsOfARecordAreArgumentsByTheirNames() {
        Answer answer = run("names", "broken");

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        JsonNode verdict =
                Caller.parse(answer.json().path("stages").path(0).path("result").asText());
        assertThat(asked("Language: en. Review: It is: broken")).hasSize(1);
        assertThat(
                        asked(
                                "Is "
                                        + verdict.path("mood").asText()
                                        + " right, for "
                                        + verdict.path("reason").asText()
                                        + "?"))
                .hasSize(1);
    }

    @Test
    void inABatchAllThatAnItemHasAskedIsCountedAlsoWhereItFails() {
        Batch good = batch("reports");
        Batch bad = batch("faulty");
        JsonNode goodEnd = good.awaitStatus("completed");
        JsonNode badEnd = bad.awaitStatus("completed");

        JsonNode line = Batch.lines(good.get("/results")).getFirst();
        assertThat(line.path("stages").path(1).path("name").asText()).isEqualTo("judge");
        assertThat(line.path("attempts").asInt()).isEqualTo(3);
        JsonNode error = Batch.lines(bad.get("/results")).getFirst();
        assertThat(error.path("error").path("code").asText()).isEqualTo("invalid_answer");
        assertThat(error.path("stage").asText()).isEqualTo("judge");
        assertThat(error.path("attempts").asInt()).isEqualTo(3);
        List<JsonNode> log = provider.wholeLog();
        assertThat(log).hasSize(6);
        int tokens =
                log.stream()
                        .mapToInt(call ->
                                call.path("prompt_tokens").asInt()
                                        + call.path("completion_tokens").asInt())
                        .sum();
        assertThat(tokens(goodEnd) + tokens(badEnd)).isEqualTo(tokens);
    }

    private List<JsonNode> asked(String prompt) {
        return provider.log(prompt).stream()
                .filter(call -> call.path("key").asText().equals(prompt))
                .toList();
    }

    private static int tokens(JsonNode status) {
        return status.path("usage").path("total_tokens").asInt();
    }

    private Batch batch(String pipeline) {
        return Batch.of(
                caller,
                Batch.submit(caller, "{\"pipeline\":\"" + pipeline + "\",\"prompts\":[\"one\"]}"));
    }

    private Answer run(String pipeline, String input) {
        return Caller.join(
                caller.send(
                        caller.request("/pipeline/" + pipeline)
                                .header("content-type", "application/json")
                                .POST(
                                        HttpRequest.BodyPublishers.ofString(
                                                "{\"input\":\"" + input + "\"}"))
                                .build()));
    }
}
