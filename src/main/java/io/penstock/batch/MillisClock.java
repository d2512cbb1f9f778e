package io.penstock.batch;

import io.penstock.store.Documents;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.function.Supplier;

/// The clock of all that is stored. It is the store's, so that processes whose own clocks differ
/// agree on who holds a lease; in milliseconds, so that a moment that is read back equals the one
/// that was written. Thread-safe.
@Singleton
class MillisClock {

    private final Supplier<Clock> clock;

    @Inject
    MillisClock(Documents documents) {
        this.clock = documents::clock;
    }

    MillisClock(Clock clock) {
        this.clock = () -> clock;
    }

    Instant now() {
        return clock.get().instant().truncatedTo(ChronoUnit.MILLIS);
    }
}
