package io.penstock.chaos;

import io.penstock.testing.Emulators;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/// A batch through the functions, as in the cloud, whatever dies; `-Pchaos` makes the long one, and
/// one with a single environment beside it.
class CloudIT {

    private static final long SEED = Long.getLong("penstock.chaos.seed", System.nanoTime());

    private static final int ITEMS = Integer.getInteger("penstock.cloud.items");
    private static final int ENVIRONMENTS = Integer.getInteger("penstock.cloud.environments");
    private static final int DISRUPTIONS = Integer.getInteger("penstock.cloud.disruptions");

    /// Items of the run with one environment; 0 for none.
    private static final int ALONE = Integer.getInteger("penstock.cloud.alone");

    @Test
    void nothingIsLostDoubledOrMixedUpWhateverDies() throws Exception {
        try (Emulators emulators = Emulators.start()) {
            CloudRun.run(
                    emulators,
                    new CloudRun.Plan(
                            ITEMS, ENVIRONMENTS, DISRUPTIONS, 10, Duration.ofMillis(1_000)),
                    SEED);
            if (ALONE > 0) {
                CloudRun.run(
                        emulators,
                        new CloudRun.Plan(ALONE, 1, 0, 10, Duration.ofMillis(1_000)),
                        SEED);
            }
        }
    }
}
