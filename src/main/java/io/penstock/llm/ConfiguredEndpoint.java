package io.penstock.llm;

import io.quarkus.arc.DefaultBean;
import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/// The provider that the configuration names.
class ConfiguredEndpoint {

    @Produces
    @Singleton
    @DefaultBean
    Endpoint endpoint(LlmConfig config) {
        return Endpoint.configured(config)
                .orElseThrow(() ->
                        new ConfigurationException(
                                "Neither OPENAI_API_KEY nor OPENAI_BASE_URL is set: set the key to call"
                                        + " OpenAI, or the base URL of another OpenAI-compatible"
                                        + " server (with the key, if it wants one)."));
    }
}
