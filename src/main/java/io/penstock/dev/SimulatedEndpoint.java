package io.penstock.dev;

import io.penstock.llm.Endpoint;
import io.penstock.llm.LlmConfig;
import io.quarkus.arc.profile.IfBuildProfile;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// In dev mode, the configured provider or, when there is neither key nor base URL, the simulated
/// one.
@IfBuildProfile("dev")
@Singleton
class SimulatedEndpoint {

    private static final Logger LOG = Logger.getLogger(SimulatedEndpoint.class);

    private static final int PORT = 8089;

    private @Nullable SimulatedProvider provider;

    @Produces
    @Singleton
    Endpoint endpoint(LlmConfig config) {
        return Endpoint.configured(config)
                .orElseGet(() -> {
                    provider = start();
                    LOG.infof(
                            "No OPENAI_API_KEY: answers come from a simulated provider, %s. Set the key"
                                    + " to call OpenAI.",
                            provider.baseUrl());
                    return Endpoint.of(provider.baseUrl(), "simulated", true);
                });
    }

    /// On the port that the README names, or on a free one when that is taken.
    private static SimulatedProvider start() {
        SimulatedProvider.Options options = SimulatedProvider.Options.defaults();
        try {
            return SimulatedProvider.start(options.withPort(PORT));
        } catch (IllegalStateException taken) {
            return SimulatedProvider.start(options);
        }
    }

    void stop(@Disposes Endpoint endpoint) {
        if (provider != null) {
            provider.close();
        }
    }
}
