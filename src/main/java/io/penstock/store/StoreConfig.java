package io.penstock.store;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// Where jobs, payloads and the queue are kept.
@ConfigMapping(prefix = "penstock.store")
public interface StoreConfig {

    /// Directory of the local engine: the database and the payloads.
    @WithDefault("penstock-data")
    Path directory();

    /// How long a message that was received and not deleted stays invisible; one that comes to a
    /// function is hidden by the queue's own word.
    @WithDefault("30s")
    Duration visibility();

    /// Deliveries of one message in the local queue before it is a dead letter; in AWS the queue's
    /// redrive policy says it.
    @WithDefault("10")
    int maxReceives();

    /// DynamoDB table of the AWS engine.
    @WithDefault("penstock")
    String table();

    /// S3 bucket of the AWS engine.
    Optional<String> bucket();

    /// URL of the SQS queue of the AWS engine.
    Optional<String> queueUrl();

    /// URL of the SQS queue of its dead letters.
    Optional<String> deadLetterQueueUrl();

    /// Buckets whose objects callers may name as a batch's input.
    Optional<java.util.List<String>> inputBuckets();

    /// Stops the start with one sentence when a value makes no sense.
    default StoreConfig checked() {
        if (visibility().compareTo(Duration.ofSeconds(1)) < 0
                || visibility().compareTo(Duration.ofHours(12)) > 0) {
            throw new ConfigurationException(
                    "penstock.store.visibility is "
                            + visibility()
                            + ": give a duration from 1s to 12h, such as 30s.");
        }
        if (maxReceives() < 1 || maxReceives() > 1000) {
            throw new ConfigurationException(
                    "penstock.store.max-receives is "
                            + maxReceives()
                            + ": give the number of deliveries of one message, from 1 to 1000.");
        }
        return this;
    }
}
