package io.penstock.store.aws;

import io.penstock.store.ChunkQueue;
import io.penstock.store.Documents;
import io.penstock.store.Payloads;
import io.penstock.store.StoreConfig;
import io.penstock.store.StoreEngine;
import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Instance;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;
import software.amazon.awssdk.services.sqs.SqsClient;

/// The AWS engine. Each part and its client are made when they are first asked for, so that an
/// application that never asks needs no AWS settings. Thread-safe.
@ApplicationScoped
public class AwsEngine implements StoreEngine {

    private final Instance<DynamoDbClient> dynamo;
    private final Instance<S3Client> s3;
    private final Instance<S3Presigner> presigner;
    private final Instance<SqsClient> sqs;
    private final StoreConfig config;
    private final Clock clock;
    private @Nullable Documents documents;
    private @Nullable Payloads payloads;
    private @Nullable ChunkQueue queue;

    AwsEngine(
            Instance<DynamoDbClient> dynamo,
            Instance<S3Client> s3,
            Instance<S3Presigner> presigner,
            Instance<SqsClient> sqs,
            StoreConfig config,
            Clock clock) {
        this.dynamo = dynamo;
        this.s3 = s3;
        this.presigner = presigner;
        this.sqs = sqs;
        this.config = config;
        this.clock = clock;
    }

    @Override
    public synchronized Documents documents() {
        if (documents == null) {
            documents = new DynamoDocuments(new Table(dynamo.get(), config.table(), clock));
        }
        return documents;
    }

    @Override
    public synchronized Payloads payloads() {
        if (payloads == null) {
            String bucket =
                    required(config.bucket(), "bucket", "the name of the S3 bucket of payloads");
            payloads =
                    new S3Payloads(
                            new Bucket(s3.get(), bucket),
                            presigner::get,
                            new S3Sources(
                                    s3.get(), Set.copyOf(config.inputBuckets().orElse(List.of()))));
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
            queue = new SqsQueue(sqs.get(), url, dead, config.visibility());
        }
        return queue;
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
