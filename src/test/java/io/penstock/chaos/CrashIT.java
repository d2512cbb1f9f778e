package io.penstock.chaos;

import org.junit.jupiter.api.Test;

/// A short crash run; `-Pchaos` makes the long one.
class CrashIT {

    @Test
    void nothingIsLostDoubledOrMixedUpWhateverDies() throws Exception {
        CrashRun.run(
                Integer.getInteger("penstock.chaos.items"),
                Integer.getInteger("penstock.chaos.kills"),
                Long.getLong("penstock.chaos.seed", System.nanoTime()));
    }
}
