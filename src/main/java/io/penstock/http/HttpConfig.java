package io.penstock.http;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.List;
import java.util.Optional;

/// What one caller may send and keep open.
@ConfigMapping(prefix = "penstock.http")
public interface HttpConfig {

    /// The default of [#maxBody()], as text for those who read the key before the mapping exists.
    String MAX_BODY = "10M";

    /// A request's body at most; more is refused with 413. Also a WebSocket message; a longer one
    /// ends its socket.
    @WithDefault(MAX_BODY)
    MemorySize maxBody();

    /// All bodies and messages whose calls have not ended, in sum; one more is refused with 429.
    @WithDefault("64M")
    MemorySize maxBodies();

    /// A file that is uploaded at most; more is refused with 413.
    @WithDefault("200M")
    MemorySize maxUpload();

    /// Prompts that may run at once on one WebSocket.
    @WithDefault("100")
    int maxStreamsPerSocket();

    /// Who may call.
    enum Auth {
        /// Whoever shows a key.
        KEY,
        /// Whoever can reach it.
        NONE
    }

    /// By default keys are demanded where others than this machine can reach Penstock.
    Optional<Auth> auth();

    /// Pages of which other origins may call, such as `https://app.example.com`; `*` for all.
    Optional<List<String>> origins();

    /// Names under which Penstock is reached while it listens on loopback, besides those of this
    /// machine: what a proxy on the same machine passes on as `Host`.
    Optional<List<String>> hosts();

    /// Stops the start with one sentence when a value makes no sense.
    default HttpConfig checked() {
        if (maxBody().asLongValue() < 1 || maxBody().asLongValue() > 256L << 20) {
            throw new ConfigurationException(
                    "penstock.http.max-body is "
                            + maxBody().asLongValue()
                            + " bytes: give a size above zero and up to 256M, such as 10M.");
        }
        if (maxBodies().asLongValue() < maxBody().asLongValue() + 1024
                || maxBodies().asLongValue() > 1L << 40) {
            throw new ConfigurationException(
                    "penstock.http.max-bodies is "
                            + maxBodies().asLongValue()
                            + " bytes: give a size above penstock.http.max-body, such as 64M.");
        }
        if (maxUpload().asLongValue() < 1 || maxUpload().asLongValue() > 5L << 30) {
            // Amazon S3 User Guide, "Uploading objects": 5 GB in one PUT.
            throw new ConfigurationException(
                    "penstock.http.max-upload is "
                            + maxUpload().asLongValue()
                            + " bytes: give a size above zero and up to 5G, such as 200M.");
        }
        if (maxStreamsPerSocket() < 1 || maxStreamsPerSocket() > 100_000) {
            throw new ConfigurationException(
                    "penstock.http.max-streams-per-socket is "
                            + maxStreamsPerSocket()
                            + ": give the number of prompts that may run at once on one socket, from 1 to"
                            + " 100000.");
        }
        for (String origin : origins().orElse(List.of())) {
            if (!origin.strip().matches("\\*|[a-z][a-z0-9+.-]*://[^/\\s*?#]+")) {
                throw new ConfigurationException(
                        "penstock.http.origins has "
                                + origin
                                + ": give origins as browsers send them, such as https://app.example.com, or *.");
            }
        }
        for (String host : hosts().orElse(List.of())) {
            if (!host.strip().matches("[^/:\\s*?#]+")) {
                throw new ConfigurationException(
                        "penstock.http.hosts has "
                                + host
                                + ": give names alone, without scheme and port, such as api.example.com.");
            }
        }
        return this;
    }
}
