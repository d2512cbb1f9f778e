package io.penstock.store.aws;

import io.penstock.store.BudgetStore;
import io.penstock.store.ChunkQueue;
import io.penstock.store.FileStore;
import io.penstock.store.JobStore;
import io.penstock.store.Outlived;
import io.penstock.store.Payloads;
import io.penstock.store.StoreConfig;
import io.penstock.store.StoreEngine;
import io.penstock.store.StreamNotes;
import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Instance;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;
import software.amazon.awssdk.services.sqs.SqsClient;

/// The AWS engine. Each part and its client are made when they are first asked for, so that an
/// application that never asks needs no AWS settings. Thread-safe.
@ApplicationScoped
public class AwsEngine implements StoreEngine {

    /// What may pass between a chunk's last write and the time from which its job's retention
    /// counts, with a margin.
    private static final Duration CHUNK_MARGIN = Duration.ofDays(60);

    private final Instance<DynamoDbClient> dynamo;
    private final Instance<S3Client> s3;
    private final Instance<S3Presigner> presigner;
    private final Instance<SqsClient> sqs;
    private final StoreConfig config;
    private final Clock clock;
    private final Duration retention;
    private @Nullable JobStore jobs;
    private @Nullable Payloads payloads;
    private @Nullable ChunkQueue queue;
    private @Nullable BudgetStore budgets;
    private @Nullable StreamNotes streams;
    private @Nullable FileStore files;

    AwsEngine(
            Instance<DynamoDbClient> dynamo,
            Instance<S3Client> s3,
            Instance<S3Presigner> presigner,
            Instance<SqsClient> sqs,
            StoreConfig config,
            Clock clock,
            @ConfigProperty(name = "penstock.batch.retention", defaultValue = "30d")
                    Duration retention) {
        this.dynamo = dynamo;
        this.s3 = s3;
        this.presigner = presigner;
        this.sqs = sqs;
        this.config = config;
        this.clock = clock;
        this.retention = retention;
    }

    @Override
    public synchronized JobStore jobs() {
        if (jobs == null) {
            jobs =
                    new DynamoJobs(
                            dynamo.get(), config.table(), clock, retention.plus(CHUNK_MARGIN));
        }
        return jobs;
    }

    @Override
    public synchronized Payloads payloads() {
        if (payloads == null) {
            String bucket =
                    required(config.bucket(), "bucket", "the name of the S3 bucket of payloads");
            payloads =
                    new S3Payloads(
                            s3.get(),
                            presigner::get,
                            bucket,
                            Set.copyOf(config.inputBuckets().orElse(List.of())));
        }
        return payloads;
    }

    @Override
    public synchronized ChunkQueue queue() {
        if (queue == null) {
            String url = required(config.queueUrl(), "queue-url", "the URL of the SQS queue");
            String dead =
                    required(
                            config.deadLetterQueueUrl(),
                            "dead-letter-queue-url",
                            "the URL of the SQS queue of its dead letters");
            queue = new SqsQueue(sqs.get(), url, dead);
        }
        return queue;
    }

    @Override
    public synchronized BudgetStore budgets() {
        if (budgets == null) {
            budgets = new DynamoBudgets(dynamo.get(), config.table(), clock);
        }
        return budgets;
    }

    @Override
    public synchronized StreamNotes streams() {
        if (streams == null) {
            streams = new DynamoStreams(dynamo.get(), config.table(), clock);
        }
        return streams;
    }

    @Override
    public synchronized FileStore files() {
        if (files == null) {
            files = new DynamoFiles(dynamo.get(), config.table(), clock);
        }
        return files;
    }

    /// DynamoDB and S3 remove what is outlived by themselves.
    @Override
    public Outlived outlived() {
        return () -> {};
    }

    private static String required(Optional<String> value, String key, String meaning) {
        return value.filter(text -> !text.isBlank())
                .orElseThrow(() ->
                        new ConfigurationException(
                                "The AWS engine needs penstock.store."
                                        + key
                                        + ": give "
                                        + meaning
                                        + "."));
    }
}
