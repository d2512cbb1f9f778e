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
        return Map.ofEntries(
                Map.entry("penstock.llm.base-url", started.baseUrl()),
                Map.entry("penstock.llm.api-key", "sk-test-0123456789abcdef"),
                Map.entry("penstock.llm.timeout", "2s"),
                Map.entry("penstock.llm.max-attempts", "3"),
                Map.entry("penstock.llm.backoff", "20ms"),
                Map.entry("penstock.llm.max-backoff", "50ms"),
                // Tests of faults make many in a row, and those of crowds want all permits at once.
                Map.entry("penstock.flow.breaker-failures", "0"),
                Map.entry("penstock.flow.start-concurrency", "10000"),
                Map.entry("penstock.store.directory", dataDirectory()),
                Map.entry("quarkus.http.test-port", "0"));
    }

    /// A fresh one for each start, below the build's own directory.
    static String dataDirectory() {
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
