package io.penstock.http;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/// What one caller may send and keep open.
@ConfigMapping(prefix = "penstock.http")
public interface HttpConfig {

    /// A request's body, or one WebSocket message, at most; more is refused with 413.
    @WithDefault("10M")
    MemorySize maxBody();

    /// Prompts that may run at once on one WebSocket.
    @WithDefault("100")
    int maxStreamsPerSocket();

    /// Stops the start with one sentence when a value makes no sense.
    default HttpConfig checked() {
        if (maxBody().asLongValue() < 1 || maxBody().asLongValue() > 256L << 20) {
            throw new ConfigurationException(
                    "penstock.http.max-body is "
                            + maxBody().asLongValue()
                            + " bytes: give a size above zero and up to 256M, such as 10M.");
        }
        if (maxStreamsPerSocket() < 1 || maxStreamsPerSocket() > 100_000) {
            throw new ConfigurationException(
                    "penstock.http.max-streams-per-socket is "
                            + maxStreamsPerSocket()
                            + ": give the number of prompts that may run at once on one socket, from 1 to"
                            + " 100000.");
        }
        return this;
    }
}
