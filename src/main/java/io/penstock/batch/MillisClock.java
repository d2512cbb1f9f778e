package io.penstock.batch;

import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/// The clock of all that is stored: in milliseconds, so that a moment that is read back equals the
/// one that was written. Thread-safe.
@Singleton
class MillisClock {

    private final Clock clock;

    MillisClock(Clock clock) {
        this.clock = clock;
    }

    Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS);
    }
}
