package io.penstock.testing;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClientBuilder;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.GlobalSecondaryIndex;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.SqsClientBuilder;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/// DynamoDB, S3 and SQS on this machine: dynalite, s3proxy and ElasticMQ as processes of their own,
/// with a table, buckets and queues of the application's shape.
///
/// The system properties `penstock.test.dynamodb`, `penstock.test.s3` and `penstock.test.sqs` point
/// it at endpoints that run elsewhere; what is not named is started. The processes end with the
/// test's, however that ends.
public final class Emulators implements AutoCloseable {

    private static final String ACCESS_KEY = "penstock";
    private static final String SECRET_KEY = "penstock-test";
    private static final String REGION = "eu-central-1";

    /// Of memory for what S3's stand-in keeps; a million results take 2,000.
    private static final int MEGABYTES = Integer.getInteger("penstock.test.megabytes", 512);

    private final List<Process> processes = new ArrayList<>();
    private final Thread hook = new Thread(this::kill);
    private final URI dynamoEndpoint;
    private final URI s3Endpoint;
    private final URI sqsEndpoint;
    private final DynamoDbClient dynamo;
    private final S3Client s3;
    private final SqsClient sqs;
    private volatile boolean closed;

    /// A queue with its dead letters.
    public record Queues(String url, String deadUrl) {}

    private Emulators() {
        Runtime.getRuntime().addShutdownHook(hook);
        String dynamoSet = System.getProperty("penstock.test.dynamodb");
        String s3Set = System.getProperty("penstock.test.s3");
        String sqsSet = System.getProperty("penstock.test.sqs");
        Ports both =
                s3Set == null || sqsSet == null
                        ? started(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:+UseSerialGC",
                                "-Xmx" + MEGABYTES + "m",
                                "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
                                "-cp",
                                System.getProperty("java.class.path"),
                                EmulatorsMain.class.getName(),
                                ACCESS_KEY,
                                SECRET_KEY)
                        : null;
        dynamoEndpoint =
                dynamoSet == null ? startDynalite().next("dynamodb") : URI.create(dynamoSet);
        s3Endpoint = s3Set == null ? Objects.requireNonNull(both).next("s3") : URI.create(s3Set);
        sqsEndpoint =
                sqsSet == null ? Objects.requireNonNull(both).next("sqs") : URI.create(sqsSet);
        dynamo = dynamoBuilder().build();
        s3 = s3Builder().build();
        sqs = sqsBuilder().build();
    }

    public static Emulators start() {
        return new Emulators();
    }

    /// Where DynamoDB is.
    public URI dynamoEndpoint() {
        return dynamoEndpoint;
    }

    /// Where S3 is.
    public URI s3Endpoint() {
        return s3Endpoint;
    }

    /// Where SQS is.
    public URI sqsEndpoint() {
        return sqsEndpoint;
    }

    public DynamoDbClient dynamo() {
        return dynamo;
    }

    /// How often a budget was written: each write is a version.
    public long budgetWrites(String table, String budget) {
        AttributeValue version =
                dynamo.getItem(g ->
                                g.tableName(table)
                                        .key(
                                                Map.of(
                                                        "pk",
                                                        AttributeValue.fromS("B#" + budget),
                                                        "sk",
                                                        AttributeValue.fromS("BUDGET"))))
                        .item()
                        .get("version");
        return Long.parseLong(Objects.requireNonNull(version, budget).n());
    }

    /// For a client of the test's own.
    public DynamoDbClientBuilder dynamoBuilder() {
        return DynamoDbClient.builder()
                .endpointOverride(dynamoEndpoint)
                .region(Region.of(REGION))
                .credentialsProvider(credentials())
                .httpClientBuilder(UrlConnectionHttpClient.builder());
    }

    /// For a client of the test's own.
    public SqsClientBuilder sqsBuilder() {
        return SqsClient.builder()
                .endpointOverride(sqsEndpoint)
                .region(Region.of(REGION))
                .credentialsProvider(credentials())
                .httpClientBuilder(UrlConnectionHttpClient.builder());
    }

    public S3Client s3() {
        return s3;
    }

    /// For a client of the test's own.
    public S3ClientBuilder s3Builder() {
        return S3Client.builder()
                .endpointOverride(s3Endpoint)
                .forcePathStyle(true)
                .region(Region.of(REGION))
                .credentialsProvider(credentials())
                .httpClientBuilder(UrlConnectionHttpClient.builder());
    }

    public S3Presigner presigner() {
        return S3Presigner.builder()
                .endpointOverride(s3Endpoint)
                .serviceConfiguration(
                        S3Configuration.builder().pathStyleAccessEnabled(true).build())
                .region(Region.of(REGION))
                .credentialsProvider(credentials())
                .build();
    }

    public SqsClient sqs() {
        return sqs;
    }

    /// Makes a table as the application expects it.
    public String table(String name) {
        dynamo.createTable(t ->
                t.tableName(name)
                        .billingMode("PAY_PER_REQUEST")
                        .attributeDefinitions(
                                text("pk"), text("sk"), text("kind"), text("created"), text("live"))
                        .keySchema(hash("pk"), range("sk"))
                        .globalSecondaryIndexes(index("created", "kind"), index("live", "live")));
        dynamo.waiter().waitUntilTableExists(d -> d.tableName(name));
        return name;
    }

    public String bucket(String name) {
        s3.createBucket(b -> b.bucket(name));
        return name;
    }

    /// Makes a queue, and another for its dead letters.
    ///
    /// @param visibility whole seconds
    public Queues queues(String name, Duration visibility, int maxReceives) {
        String dead = sqs.createQueue(q -> q.queueName(name + "-dead")).queueUrl();
        String deadArn =
                sqs.getQueueAttributes(
                                g -> g.queueUrl(dead).attributeNames(QueueAttributeName.QUEUE_ARN))
                        .attributes()
                        .get(QueueAttributeName.QUEUE_ARN);
        String url =
                sqs.createQueue(q ->
                                q.queueName(name)
                                        .attributes(
                                                Map.of(
                                                        QueueAttributeName.VISIBILITY_TIMEOUT,
                                                        Long.toString(visibility.toSeconds()),
                                                        QueueAttributeName.REDRIVE_POLICY,
                                                        "{\"deadLetterTargetArn\":\""
                                                                + deadArn
                                                                + "\",\"maxReceiveCount\":"
                                                                + maxReceives
                                                                + "}")))
                        .queueUrl();
        return new Queues(url, dead);
    }

    /// Settings of an application that keeps its store here.
    public Map<String, String> settings(String table, String bucket, Queues queues) {
        Map<String, String> settings = new HashMap<>();
        Map.of(
                        "dynamodb", dynamoEndpoint,
                        "s3", s3Endpoint,
                        "sqs", sqsEndpoint)
                .forEach((service, endpoint) -> {
                    String prefix = "quarkus." + service;
                    settings.put(prefix + ".endpoint-override", endpoint.toString());
                    settings.put(prefix + ".aws.region", REGION);
                    settings.put(prefix + ".aws.credentials.type", "static");
                    settings.put(
                            prefix + ".aws.credentials.static-provider.access-key-id", ACCESS_KEY);
                    settings.put(
                            prefix + ".aws.credentials.static-provider.secret-access-key",
                            SECRET_KEY);
                });
        settings.put("quarkus.s3.path-style-access", "true");
        settings.put("penstock.store.table", table);
        settings.put("penstock.store.bucket", bucket);
        settings.put("penstock.store.queue-url", queues.url());
        settings.put("penstock.store.dead-letter-queue-url", queues.deadUrl());
        return settings;
    }

    /// Variables for a process of the application that keeps its store here.
    public Map<String, String> environment(String table, String bucket, Queues queues) {
        return Map.ofEntries(
                Map.entry("AWS_ACCESS_KEY_ID", ACCESS_KEY),
                Map.entry("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
                Map.entry("AWS_REGION", REGION),
                Map.entry("QUARKUS_DYNAMODB_ENDPOINT_OVERRIDE", dynamoEndpoint.toString()),
                Map.entry("QUARKUS_S3_ENDPOINT_OVERRIDE", s3Endpoint.toString()),
                Map.entry("QUARKUS_S3_PATH_STYLE_ACCESS", "true"),
                Map.entry("QUARKUS_SQS_ENDPOINT_OVERRIDE", sqsEndpoint.toString()),
                Map.entry("PENSTOCK_ENGINE", "aws"),
                Map.entry("PENSTOCK_STORE_TABLE", table),
                Map.entry("PENSTOCK_STORE_BUCKET", bucket),
                Map.entry("PENSTOCK_STORE_QUEUE_URL", queues.url()),
                Map.entry("PENSTOCK_STORE_DEAD_LETTER_QUEUE_URL", queues.deadUrl()));
    }

    @Override
    public void close() {
        dynamo.close();
        s3.close();
        sqs.close();
        kill();
        Runtime.getRuntime().removeShutdownHook(hook);
    }

    private void kill() {
        closed = true;
        synchronized (processes) {
            processes.forEach(Process::destroyForcibly);
        }
    }

    private static AwsCredentialsProvider credentials() {
        return StaticCredentialsProvider.create(AwsBasicCredentials.create(ACCESS_KEY, SECRET_KEY));
    }

    private static AttributeDefinition text(String name) {
        return AttributeDefinition.builder()
                .attributeName(name)
                .attributeType(ScalarAttributeType.S)
                .build();
    }

    private static KeySchemaElement hash(String name) {
        return KeySchemaElement.builder().attributeName(name).keyType(KeyType.HASH).build();
    }

    private static KeySchemaElement range(String name) {
        return KeySchemaElement.builder().attributeName(name).keyType(KeyType.RANGE).build();
    }

    private static GlobalSecondaryIndex index(String name, String hash) {
        return GlobalSecondaryIndex.builder()
                .indexName(name)
                .keySchema(hash(hash), range("created"))
                .projection(p -> p.projectionType("ALL"))
                .build();
    }

    private Ports startDynalite() {
        List<String> command = new ArrayList<>(NodeProgram.ready("dynalite").command("server.js"));
        return started(command.toArray(String[]::new));
    }

    private Ports started(String... command) {
        File log = new File("target", "emulator-" + processes.size() + ".log");
        Process process =
                NodeProgram.start(
                        command[0],
                        builder ->
                                builder.command(command)
                                        .redirectError(ProcessBuilder.Redirect.to(log)));
        synchronized (processes) {
            processes.add(process);
        }
        process.onExit().thenAccept(gone -> ended(gone, log));
        return new Ports(process.inputReader(), log);
    }

    /// Without it every call fails from now on, and nobody would know why.
    private void ended(Process process, File log) {
        if (!closed) {
            System.err.printf(
                    "A stand-in for AWS has ended with status %d: nothing works without it. See %s.%n",
                    process.exitValue(), log);
        }
    }

    /// The lines in which a process names its ports; it may say other things in between.
    private record Ports(BufferedReader lines, File log) {

        URI next(String name) {
            try {
                String line = lines.readLine();
                while (line != null) {
                    if (line.startsWith(name + " ")) {
                        return URI.create(
                                "http://127.0.0.1:" + line.substring(name.length() + 1).strip());
                    }
                    line = lines.readLine();
                }
                throw new AssertionError("No " + name + " started; see " + log);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
