package io.penstock.llm;

import dev.langchain4j.model.openai.OpenAiChatRequestParameters;
import dev.langchain4j.model.openai.internal.OpenAiUtils;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.SmallRyeConfig;
import java.util.function.Consumer;

/// What `quarkus.langchain4j.openai.*` says of a model of the application's AI services, and no
/// more: the extension's defaults (a temperature of 1.0 and the like) are refused by some models.
///
/// @param parameters of a request that does not say otherwise
/// @param strict whether the provider is to hold its answers to their schemas strictly
record ModelSettings(OpenAiChatRequestParameters parameters, boolean strict) {

    /// The settings of the model without a name.
    static ModelSettings of(SmallRyeConfig config) {
        return read(config, ProviderSettings.EXTENSION);
    }

    /// The settings of a named model.
    ///
    /// @throws ConfigurationException when it is another provider's: all calls go to one
    static ModelSettings of(SmallRyeConfig config, String name) {
        String prefix = ProviderSettings.EXTENSION + ProviderSettings.quoted(name) + '.';
        for (String key : new String[] {"base-url", "api-key"}) {
            value(
                    config,
                    prefix + key,
                    String.class,
                    own -> {
                        if (!own.equals(config.getRawValue("penstock.llm." + key))) {
                            throw new ConfigurationException(
                                    prefix
                                            + key
                                            + " is another than penstock.llm."
                                            + key
                                            + ": all models are called at one provider; leave it out, or run a"
                                            + " Penstock for each provider.");
                        }
                    });
        }
        return read(config, prefix);
    }

    private static ModelSettings read(SmallRyeConfig config, String prefix) {
        String model = prefix + "chat-model.";
        OpenAiChatRequestParameters.Builder parameters = OpenAiChatRequestParameters.builder();
        value(config, model + "model-name", String.class, parameters::modelName);
        value(config, "quarkus.langchain4j.temperature", Double.class, parameters::temperature);
        value(config, model + "temperature", Double.class, parameters::temperature);
        value(config, model + "top-p", Double.class, parameters::topP);
        value(config, model + "max-tokens", Integer.class, parameters::maxOutputTokens);
        value(
                config,
                model + "max-completion-tokens",
                Integer.class,
                parameters::maxCompletionTokens);
        value(config, model + "presence-penalty", Double.class, parameters::presencePenalty);
        value(config, model + "frequency-penalty", Double.class, parameters::frequencyPenalty);
        value(
                config,
                model + "response-format",
                String.class,
                format -> parameters.responseFormat(OpenAiUtils.fromOpenAiResponseFormat(format)));
        value(config, model + "reasoning-effort", String.class, parameters::reasoningEffort);
        value(config, model + "service-tier", String.class, parameters::serviceTier);
        if (ProviderSettings.isSet(config.getConfigValue(model + "stop"))) {
            parameters.stopSequences(config.getValues(model + "stop", String.class));
        }
        boolean[] strict = {false};
        value(config, model + "strict-json-schema", Boolean.class, set -> strict[0] = set);
        return new ModelSettings(parameters.build(), strict[0]);
    }

    private static <T> void value(
            SmallRyeConfig config, String key, Class<T> type, Consumer<T> taken) {
        if (ProviderSettings.isSet(config.getConfigValue(key))) {
            taken.accept(config.getValue(key, type));
        }
    }
}
