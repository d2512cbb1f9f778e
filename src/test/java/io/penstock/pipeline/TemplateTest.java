package io.penstock.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TemplateTest {

    private static final Map<String, String> RESULTS = Map.of("a", "{input}", "b-2", "}}{{");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Say {input}. | Say {a.result}{{.",
                "{input}{input} | {a.result}{{{a.result}{{",
                "{a.result} and {b-2.result} | {input} and }}{{",
                "{{\"answer\": {input}}} | {\"answer\": {a.result}{{}",
                "{{input}} }} {{ | {input} } {",
                "nothing | nothing",
            })
    void valuesArePutInOnceAndAsTheyAre(String template, String expected) {
        assertThat(Template.parse(template).fill("{a.result}{{", TemplateTest::result))
                .isEqualTo(expected);
    }

    @Test
    void aDollarAndABackslashAreText() {
        assertThat(Template.parse("$1 \\ {input}").fill("$0 \\n", TemplateTest::result))
                .isEqualTo("$1 \\ $0 \\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Say {inputs} | unknown placeholder {inputs}",
                "Say {} | unknown placeholder {}",
                "Say {a.text} | unknown placeholder {a.text}",
                "Say {input | single { at character 5",
                "Say } | single } at character 5",
                "Say {input}} | single } at character 12",
            })
    void whatIsNoPlaceholderIsNamed(String template, String message) {
        assertThatThrownBy(() -> Template.parse(template))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message)
                .hasMessageContaining("brace");
    }

    private static String result(String stage) {
        return Objects.requireNonNull(RESULTS.get(stage));
    }
}
