package io.penstock.testing;

import io.penstock.dev.SimulatedProvider;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Starts the simulated provider for a test run and points the application at it, with little
/// patience, so that tests of failures end soon.
public class SimulatedProviderResource implements QuarkusTestResourceLifecycleManager {

    private @Nullable SimulatedProvider provider;

    @Override
    public Map<String, String> start() {
        SimulatedProvider started = SimulatedProvider.start(SimulatedProvider.Options.defaults());
        provider = started;
        return Map.of(
                "penstock.llm.base-url", started.baseUrl(),
                "penstock.llm.api-key", "sk-test-0123456789abcdef",
                "penstock.llm.timeout", "2s",
                "penstock.llm.max-attempts", "3",
                "penstock.llm.backoff", "20ms",
                "penstock.llm.max-backoff", "50ms",
                "penstock.store.directory", dataDirectory(),
                "quarkus.http.test-port", "0");
    }

    /// A fresh one for each start, below the build's own directory.
    private static String dataDirectory() {
        try {
            return Files.createTempDirectory(Path.of("target"), "penstock-data-").toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void stop() {
        if (provider != null) {
            provider.close();
        }
    }
}
