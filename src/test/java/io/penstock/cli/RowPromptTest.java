package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class RowPromptTest {

    @Test
    void aTemplateNamesColumnsAndKeepsDoubledBraces() {
        RowPrompt prompt = new RowPrompt("{{\"x\":\"{a}\"}} {b c}$1");
        assertThat(prompt.names()).containsExactly("a", "b c");
        assertThat(prompt.of(name -> name + "\\$")).isEqualTo("{\"x\":\"a\\$\"} b c\\$$1");
        assertThatThrownBy(() -> prompt.of(_ -> null)).hasMessageContaining("\"a\"");
        assertThatThrownBy(() -> new RowPrompt("a } b")).hasMessageContaining("character 3");
    }
}
