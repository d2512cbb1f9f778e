package io.penstock.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.model.openai.OpenAiChatRequestParameters;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// One source of truth for the provider, whoever's names it goes by.
class ProviderSettingsTest {

    private static final String EXTENSION = "quarkus.langchain4j.openai.";

    @Test
    void theExtensionsSettingsAreOurs() {
        SmallRyeConfig config =
                config(
                        Map.of(
                                EXTENSION + "api-key",
                                "sk-1",
                                EXTENSION + "base-url",
                                "http://host/v1",
                                EXTENSION + "timeout",
                                "7s",
                                EXTENSION + "chat-model.model-name",
                                "m",
                                "OPENAI_API_KEY",
                                "sk-2"));

        assertThat(config.getRawValue("penstock.llm.api-key")).isEqualTo("sk-1");
        assertThat(config.getRawValue("penstock.llm.base-url")).isEqualTo("http://host/v1");
        assertThat(config.getRawValue("penstock.llm.timeout")).isEqualTo("7s");
        assertThat(config.getRawValue("penstock.llm.model")).isEqualTo("m");
        assertThat(ProviderSettings.origin(config))
                .isEqualTo(EXTENSION + "base-url, " + EXTENSION + "api-key");
    }

    @Test
    void theSdksVariablesCountWhereNothingElseDoesAndOurOwnSettingsWin() {
        SmallRyeConfig config =
                config(
                        Map.of(
                                "OPENAI_API_KEY", "sk-2",
                                "OPENAI_BASE_URL", "http://host/v1",
                                "penstock.llm.base-url", "http://other/v1"));

        assertThat(config.getRawValue("penstock.llm.api-key")).isEqualTo("sk-2");
        assertThat(config.getRawValue("penstock.llm.base-url")).isEqualTo("http://other/v1");
        assertThat(ProviderSettings.origin(config))
                .isEqualTo("penstock.llm.base-url, OPENAI_API_KEY");
    }

    @Test
    void theExtensionsDefaultsCountForNothing() {
        SmallRyeConfig config =
                new SmallRyeConfigBuilder()
                        .withSources(new ProviderSettings())
                        .withDefaultValue(EXTENSION + "base-url", "https://api.openai.com/v1/")
                        .withDefaultValue(EXTENSION + "chat-model.temperature", "1.0")
                        .build();

        assertThat(config.getRawValue("penstock.llm.base-url")).isNull();
        assertThat(ModelSettings.of(config).parameters().temperature()).isNull();
    }

    @Test
    void noModelOfTheExtensionsOwnAsksForAKey() {
        SmallRyeConfig config = config(Map.of(EXTENSION + "\"a.b\".chat-model.model-name", "x"));

        assertThat(config.getRawValue(EXTENSION + "enable-integration")).isEqualTo("false");
        assertThat(config.getRawValue(EXTENSION + "\"a.b\".enable-integration")).isEqualTo("false");
        // For the names that stand in the code alone.
        assertThat(config.getRawValue(EXTENSION + "*.enable-integration")).isEqualTo("false");
        assertThat(ProviderSettings.names(config.getPropertyNames().iterator()))
                .containsExactly("a.b");
    }

    @Test
    void aNamedModelHasItsParametersButNoProviderOfItsOwn() {
        SmallRyeConfig config =
                config(
                        Map.of(
                                EXTENSION + "m1.chat-model.model-name", "small",
                                EXTENSION + "m1.chat-model.max-tokens", "7",
                                EXTENSION + "m1.chat-model.stop", "a,b",
                                EXTENSION + "m2.base-url", "http://elsewhere/v1",
                                EXTENSION + "m2.api-key", "sk-secret"));

        OpenAiChatRequestParameters parameters = ModelSettings.of(config, "m1").parameters();

        assertThat(parameters.modelName()).isEqualTo("small");
        assertThat(parameters.maxOutputTokens()).isEqualTo(7);
        assertThat(parameters.stopSequences()).containsExactly("a", "b");
        assertThat(parameters.temperature()).isNull();
        assertThatThrownBy(() -> ModelSettings.of(config, "m2"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(EXTENSION + "m2.base-url")
                .hasMessageNotContaining("sk-secret");
    }

    private static SmallRyeConfig config(Map<String, String> settings) {
        return new SmallRyeConfigBuilder()
                .withSources(new ProviderSettings())
                .withSources(new PropertiesConfigSource(settings, "test", 300))
                .build();
    }
}
