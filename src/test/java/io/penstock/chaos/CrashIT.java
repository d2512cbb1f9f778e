package io.penstock.chaos;

import io.penstock.testing.Emulators;
import org.junit.jupiter.api.Test;

/// A short crash run; `-Pchaos` makes the long one.
class CrashIT {

    private static final long SEED = Long.getLong("penstock.chaos.seed", System.nanoTime());

    /// Requests to DynamoDB, S3 and SQS that are spoilt at all times, besides the obstructions.
    private static final double SPOILT = 0.01;

    @Test
    void nothingIsLostDoubledOrMixedUpWhateverDies() throws Exception {
        run(new LocalStore(), SEED);
    }

    @Test
    void neitherIsItOnTheAwsEngine() throws Exception {
        try (Emulators emulators = Emulators.start();
                EmulatedAws engine =
                        new EmulatedAws(
                                emulators,
                                "crash",
                                Integer.getInteger("penstock.chaos.processes"),
                                SEED,
                                SPOILT)) {
            run(engine, SEED);
        }
    }

    private static void run(Engine engine, long seed) throws Exception {
        CrashRun.run(
                Integer.getInteger("penstock.chaos.items"),
                Integer.getInteger("penstock.chaos.kills"),
                seed,
                engine);
    }
}
