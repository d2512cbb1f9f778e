package io.penstock.batch;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.OptionalInt;

/// How batches are cut, run and kept.
@ConfigMapping(prefix = "penstock.batch")
public interface BatchConfig {

    /// Chunks that this process works on at once; unless given, 12 with the embedded store, 4 with
    /// AWS's, and none in a Lambda function, which SQS calls.
    OptionalInt workers();

    /// Items in a chunk at most.
    @WithDefault("500")
    int chunkItems();

    /// Lines of a chunk at most, in bytes; a single longer line is a chunk of its own.
    @WithDefault("4M")
    MemorySize chunkBytes();

    /// How long a worker may be silent before another takes its chunk.
    @WithDefault("20s")
    Duration lease();

    /// The longest time that a result waits to be recorded.
    @WithDefault("250ms")
    Duration commitInterval();

    /// The longest wait for the provider's `Retry-After` in a worker; a chunk with a longer one
    /// goes back to the queue.
    @WithDefault("5s")
    Duration maxWait();

    /// How long one item may take when it names no `timeout_ms`, with all attempts and waits.
    @WithDefault("15m")
    Duration itemDeadline();

    /// How long a job may take; what is unfinished then expires.
    @WithDefault("24h")
    Duration expiry();

    /// How long a job and its results are kept.
    @WithDefault("30d")
    Duration retention();

    /// Items of one job at most.
    @WithDefault("5000000")
    int maxItems();

    /// The input of one job at most, in bytes.
    @WithDefault("4G")
    MemorySize maxInput();

    /// How often this process looks for chunks and jobs that nobody works on.
    @WithDefault("15s")
    Duration sweepEvery();

    /// How long a job that is to run may record nothing before the log says so.
    @WithDefault("15m")
    Duration stalledAfter();

    /// What it may take to record what has ended and to give a chunk back. A store that is slower
    /// than this costs workers their leases as well.
    default Duration commitTime() {
        return lease().dividedBy(2).plus(commitInterval());
    }

    /// Stops the start with one sentence when a value makes no sense.
    default BatchConfig checked() {
        range("workers", workers().orElse(4), 0, 1000);
        range("chunk-items", chunkItems(), 1, 10_000);
        range("max-items", maxItems(), 1, 100_000_000);
        range("chunk-bytes", chunkBytes().asLongValue(), 1, 64L << 20);
        range("max-input", maxInput().asLongValue(), 1, 1L << 40);
        range("lease", lease(), Duration.ofSeconds(1), Duration.ofMinutes(15));
        range("commit-interval", commitInterval(), Duration.ofMillis(1), Duration.ofSeconds(5));
        range("max-wait", maxWait(), Duration.ZERO, Duration.ofMinutes(2));
        range("item-deadline", itemDeadline(), Duration.ofMillis(1), Duration.ofHours(24));
        range("expiry", expiry(), Duration.ofSeconds(1), Duration.ofDays(30));
        range("retention", retention(), Duration.ofSeconds(1), Duration.ofDays(3650));
        range("sweep-every", sweepEvery(), Duration.ofMillis(100), Duration.ofHours(1));
        range("stalled-after", stalledAfter(), Duration.ofSeconds(1), Duration.ofDays(30));
        return this;
    }

    private static void range(String key, long value, long min, long max) {
        if (value < min || value > max) {
            throw new ConfigurationException(
                    "penstock.batch."
                            + key
                            + " is "
                            + value
                            + ": give a number from "
                            + min
                            + " to "
                            + max
                            + ".");
        }
    }

    private static void range(String key, Duration value, Duration min, Duration max) {
        if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
            throw new ConfigurationException(
                    "penstock.batch."
                            + key
                            + " is "
                            + value
                            + ": give a duration from "
                            + min
                            + " to "
                            + max
                            + ".");
        }
    }
}
