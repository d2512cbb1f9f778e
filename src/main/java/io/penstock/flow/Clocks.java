package io.penstock.flow;

import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/// The time that the application goes by.
class Clocks {

    /// @param offsetMillis how wrong the clock is to be, to see what comes of it
    @Produces
    @Singleton
    Clock clock(
            @ConfigProperty(name = "penstock.clock.offset-millis", defaultValue = "0")
                    long offsetMillis) {
        Clock system = Clock.systemUTC();
        return offsetMillis == 0 ? system : Clock.offset(system, Duration.ofMillis(offsetMillis));
    }
}
