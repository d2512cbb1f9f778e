package io.penstock.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.json.Fields;
import io.penstock.llm.Prompt;
import io.penstock.testing.Settings;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PipelineConfigTest {

    @Test
    void defaults() {
        Stage stage = read(Map.of("name", "first", "prompt", "{input}")).stages().getFirst();

        assertThat(stage.system()).isNull();
        assertThat(stage.model()).isNull();
        assertThat(stage.temperature()).isNull();
        assertThat(stage.maxTokens()).isNull();
        assertThat(stage.responseFormat()).isNull();
        assertThat(stage.answers()).isEmpty();
        assertThat(stage.maxConcurrency()).isNull();
    }

    @Test
    void everyKeySet() {
        Map<String, String> all =
                Map.of(
                        "name", "first",
                        "prompt", "Say {input}",
                        "system", "Be brief.",
                        "model", "m",
                        "temperature", "0.5",
                        "max-tokens", "7",
                        "response-format", "{\"type\":\"json_object\"}",
                        "max-concurrency", "3");
        Pipeline pipeline = read(all);
        Stage stage = pipeline.stages().getFirst();

        assertThat(stage.name()).isEqualTo("first");
        assertThat(stage.prompt("this", PipelineConfigTest::none))
                .isEqualTo(
                        new Prompt.Text(
                                "Say this",
                                "m",
                                "Be brief.",
                                0.5,
                                7,
                                Fields.JSON.createObjectNode().put("type", "json_object")));
        assertThat(stage.maxConcurrency()).isEqualTo(3);
        assertThat(Pipeline.of(pipeline.toJson())).isEqualTo(pipeline);
    }

    @Test
    void answersAreAskedForByTheirSchema() throws Exception {
        Stage stage =
                read(Map.of("name", "a", "prompt", "{input}", "answers", "yes,no"))
                        .stages()
                        .getFirst();

        assertThat(stage.answers()).containsExactly("yes", "no");
        assertThat(stage.prompt("x", PipelineConfigTest::none).responseFormat())
                .isEqualTo(
                        Fields.JSON.readTree(
                                """
                                {"type":"json_schema","json_schema":{"name":"answer","strict":true,"schema":{
                                  "type":"object","properties":{"answer":{"type":"string","enum":["yes","no"]}},
                                  "required":["answer"],"additionalProperties":false}}}
                                """));
        Pipeline pipeline = new Pipeline("p", List.of(stage));
        assertThat(Pipeline.of(pipeline.toJson())).isEqualTo(pipeline);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "name | A | stages[0].name is none",
                "name | input | stages[0].name is none",
                "name | a.b | stages[0].name is none",
                "prompt | Say {it} | stages[0].prompt has an unknown placeholder {it}",
                "prompt | Say {second.result} | stages[0].prompt takes {second.result}, but no earlier",
                "prompt | Say {first.result} | stages[0].prompt takes {first.result}, but no earlier",
                "prompt | a { b | stages[0].prompt has a single {",
                "model | two words | stages[0].model is no model's name",
                "temperature | 2.5 | stages[0].temperature is 2.5: give a number from 0 to 2",
                "temperature | -1 | stages[0].temperature is -1.0",
                "max-tokens | 0 | stages[0].max-tokens is 0: give a whole number from 1",
                "max-concurrency | -2 | stages[0].max-concurrency is -2",
                "response-format | json | stages[0].response-format is no response format",
                "response-format | {\"type\":\"xml\"} | stages[0].response-format is no response",
                "response-format | {\"type\":\"json_schema\"} | stages[0].response-format is no",
                "answers | yes,yes | stages[0].answers has a blank or repeated answer",
            })
    void whatMakesNoSenseIsNamed(String key, String value, String message) {
        Map<String, String> stage = new HashMap<>(Map.of("name", "first", "prompt", "{input}"));
        stage.put(key, value);
        Map<String, String> settings = stages(stage);
        settings.put("penstock.pipelines.p.stages[1].name", "second");
        settings.put("penstock.pipelines.p.stages[1].prompt", "{input}");

        assertRefused(settings, "penstock.pipelines.p." + message);
    }

    @Test
    void whatDoesNotGoTogetherIsNamed() {
        Map<String, String> twice = stages(Map.of("name", "same", "prompt", "{input}"));
        twice.put("penstock.pipelines.p.stages[1].name", "same");
        twice.put("penstock.pipelines.p.stages[1].prompt", "{same.result}");
        assertRefused(twice, "penstock.pipelines.p.stages[1].name is same, like an earlier");

        assertRefused(
                stages(
                        Map.of(
                                "name", "a",
                                "prompt", "{input}",
                                "answers", "yes",
                                "response-format", "{\"type\":\"text\"}")),
                "penstock.pipelines.p.stages[0].response-format does not go with answers");
        assertRefused(
                stages(Map.of("name", "a", "prompt", "x".repeat(70_000))),
                "bytes of prompts and other settings: at most 65536");
        assertRefused(
                Map.of(
                        "penstock.pipelines.Upper.stages[0].name", "a",
                        "penstock.pipelines.Upper.stages[0].prompt", "{input}"),
                "penstock.pipelines.Upper is no name of a pipeline");
    }

    @Test
    void aTaskStandsAloneAndIsKeptWithItsArguments() {
        Pipeline pipeline = read(Map.of("name", "a", "task", "t", "arguments.x", "{input}!"));
        assertThat(pipeline.stages().getFirst().taskName()).isEqualTo("t");
        assertThat(Pipeline.of(pipeline.toJson())).isEqualTo(pipeline);

        assertRefused(
                stages(Map.of("name", "a", "task", "t", "model", "m")),
                "penstock.pipelines.p.stages[0].model is the task's method's to say");
        assertRefused(
                stages(Map.of("name", "a", "task", "t", "arguments.x", "{b}")),
                "penstock.pipelines.p.stages[0].arguments.x has an unknown placeholder {b}");
        assertRefused(
                stages(Map.of("name", "a", "prompt", "p", "arguments.x", "1")),
                "penstock.pipelines.p.stages[0].arguments are a task's");
        assertRefused(stages(Map.of("name", "a")), "stages[0].prompt is missing");
        assertThatThrownBy(() -> Declared.of(stages(Map.of("name", "a", "task", "t"))))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("stages[0].task: There is no task \"t\"");
    }

    private static void assertRefused(Map<String, String> settings, String message) {
        assertThatThrownBy(() -> Pipelines.checked(Settings.of(PipelineConfig.class, settings)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(message)
                .hasMessageEndingWith(".");
    }

    private static String none(String stage) {
        throw new AssertionError("There is no stage before to take " + stage + " from");
    }

    private static Pipeline read(Map<String, String> stage) {
        return Objects.requireNonNull(
                Pipelines.checked(Settings.of(PipelineConfig.class, stages(stage))).get("p"));
    }

    private static Map<String, String> stages(Map<String, String> stage) {
        Map<String, String> settings = new HashMap<>();
        stage.forEach((key, value) -> settings.put("penstock.pipelines.p.stages[0]." + key, value));
        return settings;
    }
}
