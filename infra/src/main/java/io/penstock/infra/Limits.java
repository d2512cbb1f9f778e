package io.penstock.infra;

import java.time.Duration;

/// Every time and size of the stack. What has to be shorter than what stands in the order of the
/// components of [#DEFAULTS], and a test holds it.
///
/// @param gateway an answer of the HTTP API ("Quotas for HTTP APIs": 30 s at most) or of the
///   WebSocket API (29 s)
/// @param interactive the `http` and `socket` functions, below the gateway's
/// @param work one chunk at most
/// @param sweep one look
/// @param stalled without progress, after which a job is said to stand still
record Limits(
        Duration interactiveCall,
        Duration interactiveDeadline,
        Duration interactive,
        Duration gateway,
        Duration workCall,
        Duration workItem,
        Duration work,
        Duration visibility,
        Duration sweep,
        Duration sweepEvery,
        Duration stalled,
        Duration expiry,
        Duration retention,
        Duration payloads,
        Duration queue,
        Duration deadLetters,
        Duration logs,
        int receives) {

    static final Limits DEFAULTS =
            new Limits(
                    Duration.ofSeconds(25),
                    Duration.ofSeconds(26),
                    Duration.ofSeconds(28),
                    Duration.ofSeconds(29),
                    Duration.ofSeconds(60),
                    Duration.ofMinutes(4),
                    Duration.ofMinutes(5),
                    Duration.ofMinutes(30),
                    Duration.ofSeconds(60),
                    Duration.ofMinutes(1),
                    Duration.ofMinutes(15),
                    Duration.ofHours(24),
                    Duration.ofDays(30),
                    Duration.ofDays(33),
                    Duration.ofDays(4),
                    Duration.ofDays(14),
                    Duration.ofDays(30),
                    10);

    /// As the application's configuration reads it.
    static String text(Duration duration) {
        return duration.toSeconds() + "s";
    }
}
