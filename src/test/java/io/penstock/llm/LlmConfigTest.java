package io.penstock.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.testing.Settings;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LlmConfigTest {

    @Test
    void defaults() {
        LlmConfig config = Settings.of(LlmConfig.class, Map.of()).checked();

        assertThat(config.baseUrl()).isEmpty();
        assertThat(config.apiKey()).isEmpty();
        assertThat(config.apiKeySecret()).isEmpty();
        assertThat(config.model()).isEqualTo("gpt-4o-mini");
        assertThat(config.timeout()).isEqualTo(Duration.ofSeconds(60));
        assertThat(config.connectTimeout()).isEqualTo(Duration.ofSeconds(5));
        assertThat(config.maxAttempts()).isEqualTo(4);
        assertThat(config.backoff()).isEqualTo(Duration.ofMillis(500));
        assertThat(config.maxBackoff()).isEqualTo(Duration.ofSeconds(20));
        assertThat(config.deadline()).isEqualTo(Duration.ofMinutes(5));
        assertThat(config.maxDeadline()).isEqualTo(Duration.ofMinutes(15));
        assertThat(config.maxPrompt().asLongValue()).isEqualTo(4 << 20);
        assertThat(config.maxAnswer().asLongValue()).isEqualTo(16 << 20);
        assertThat(config.maxTokensField())
                .isEqualTo(LlmConfig.MaxTokensField.MAX_COMPLETION_TOKENS);
    }

    @Test
    void everyKeySet() {
        LlmConfig config =
                Settings.of(
                                LlmConfig.class,
                                Map.ofEntries(
                                        Map.entry("penstock.llm.base-url", "http://host:1/v1"),
                                        Map.entry("penstock.llm.api-key", "k"),
                                        Map.entry("penstock.llm.api-key-secret", "s"),
                                        Map.entry("penstock.llm.model", "m"),
                                        Map.entry("penstock.llm.timeout", "1s"),
                                        Map.entry("penstock.llm.connect-timeout", "2s"),
                                        Map.entry("penstock.llm.max-attempts", "3"),
                                        Map.entry("penstock.llm.backoff", "4s"),
                                        Map.entry("penstock.llm.max-backoff", "5s"),
                                        Map.entry("penstock.llm.deadline", "6s"),
                                        Map.entry("penstock.llm.max-deadline", "7s"),
                                        Map.entry("penstock.llm.max-prompt", "8K"),
                                        Map.entry("penstock.llm.max-answer", "9K"),
                                        Map.entry("penstock.llm.max-tokens-field", "max_tokens")))
                        .checked();

        assertThat(config.baseUrl()).contains("http://host:1/v1");
        assertThat(config.apiKey()).contains("k");
        assertThat(config.apiKeySecret()).contains("s");
        assertThat(config.model()).isEqualTo("m");
        assertThat(config.timeout()).isEqualTo(Duration.ofSeconds(1));
        assertThat(config.connectTimeout()).isEqualTo(Duration.ofSeconds(2));
        assertThat(config.maxAttempts()).isEqualTo(3);
        assertThat(config.backoff()).isEqualTo(Duration.ofSeconds(4));
        assertThat(config.maxBackoff()).isEqualTo(Duration.ofSeconds(5));
        assertThat(config.deadline()).isEqualTo(Duration.ofSeconds(6));
        assertThat(config.maxDeadline()).isEqualTo(Duration.ofSeconds(7));
        assertThat(config.maxPrompt().asLongValue()).isEqualTo(8192);
        assertThat(config.maxAnswer().asLongValue()).isEqualTo(9216);
        assertThat(config.maxTokensField()).isEqualTo(LlmConfig.MaxTokensField.MAX_TOKENS);
    }

    @ParameterizedTest
    @CsvSource({
        "base-url, host/v1",
        "base-url, //host/v1",
        "base-url, file:///etc/passwd",
        "base-url, https://somebody:s3cret@host/v1",
        "base-url, https://host/v1?key=x",
        "base-url, http://ho st/v1",
        "timeout, 0s",
        "timeout, -1s",
        "timeout, 25h",
        "connect-timeout, 0s",
        "backoff, 0s",
        "max-backoff, 0s",
        "deadline, 0s",
        "deadline, 20m",
        "max-deadline, 0s",
        "max-attempts, 0",
        "max-attempts, 21",
        "max-prompt, 0",
        "max-answer, 1G",
        "model, ' '",
    })
    void whatMakesNoSenseIsNamed(String key, String value) {
        assertThatThrownBy(() ->
                        Settings.of(LlmConfig.class, Map.of("penstock.llm." + key, value))
                                .checked())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("penstock.llm." + key)
                .hasMessageNotContaining("s3cret");
    }

    @Test
    void anEndpointTellsNobodyItsKey() {
        Endpoint endpoint = Endpoint.of("https://host/v1/", "sk-secret", false);

        assertThat(endpoint.toString()).isEqualTo("https://host/v1");
    }
}
