package io.penstock.bench;

import io.penstock.testing.Emulators;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/// Settings of processes that share one store on the AWS engine.
final class Aws {

    private Aws() {}

    /// @param name of this run's own table, bucket and queues
    /// @return settings that more can be added to
    static Map<String, String> settings(Emulators emulators, String name) {
        Map<String, String> settings =
                new HashMap<>(
                        emulators.environment(
                                emulators.table(name),
                                emulators.bucket(name),
                                emulators.queues(name, Duration.ofSeconds(30), 100)));
        settings.put("PENSTOCK_BATCH_WORKERS", "2");
        return settings;
    }
}
