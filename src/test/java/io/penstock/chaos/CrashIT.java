package io.penstock.chaos;

import io.penstock.testing.Emulators;
import org.junit.jupiter.api.Test;

/// A short crash run; `-Pchaos` makes the long one.
class CrashIT {

    @Test
    void nothingIsLostDoubledOrMixedUpWhateverDies() throws Exception {
        run(new LocalStore());
    }

    @Test
    void neitherIsItOnTheAwsEngine() throws Exception {
        try (Emulators emulators = Emulators.start()) {
            run(new EmulatedAws(emulators, Integer.getInteger("penstock.chaos.processes")));
        }
    }

    private static void run(Engine engine) throws Exception {
        CrashRun.run(
                Integer.getInteger("penstock.chaos.items"),
                Integer.getInteger("penstock.chaos.kills"),
                Long.getLong("penstock.chaos.seed", System.nanoTime()),
                engine);
    }
}
