package io.penstock.testing;

import io.penstock.dev.SimulatedProvider;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.util.Map;

/// Starts the simulated provider for a test run and points the application at it, with little
/// patience, so that tests of failures end soon.
public class SimulatedProviderResource implements QuarkusTestResourceLifecycleManager {

    private SimulatedProvider provider;

    @Override
    public Map<String, String> start() {
        provider = SimulatedProvider.start(SimulatedProvider.Options.defaults());
        return Map.of(
                "penstock.llm.base-url", provider.baseUrl(),
                "penstock.llm.api-key", "sk-test-0123456789abcdef",
                "penstock.llm.timeout", "2s",
                "penstock.llm.max-attempts", "3",
                "penstock.llm.backoff", "20ms",
                "penstock.llm.max-backoff", "50ms",
                "quarkus.http.test-port", "0");
    }

    @Override
    public void stop() {
        provider.close();
    }
}
