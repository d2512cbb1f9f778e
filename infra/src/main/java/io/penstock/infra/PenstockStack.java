package io.penstock.infra;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awscdk.CfnOutput;
import software.amazon.awscdk.CfnParameter;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.StackProps;
import software.amazon.awscdk.services.dynamodb.Attribute;
import software.amazon.awscdk.services.dynamodb.AttributeType;
import software.amazon.awscdk.services.dynamodb.BillingMode;
import software.amazon.awscdk.services.dynamodb.GlobalSecondaryIndexProps;
import software.amazon.awscdk.services.dynamodb.PointInTimeRecoverySpecification;
import software.amazon.awscdk.services.dynamodb.ProjectionType;
import software.amazon.awscdk.services.dynamodb.Table;
import software.amazon.awscdk.services.events.Rule;
import software.amazon.awscdk.services.events.Schedule;
import software.amazon.awscdk.services.events.targets.LambdaFunction;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.lambda.Architecture;
import software.amazon.awscdk.services.lambda.CfnParametersCodeProps;
import software.amazon.awscdk.services.lambda.Code;
import software.amazon.awscdk.services.lambda.EventSourceMapping;
import software.amazon.awscdk.services.lambda.Function;
import software.amazon.awscdk.services.lambda.LoggingFormat;
import software.amazon.awscdk.services.lambda.Tracing;
import software.amazon.awscdk.services.logs.LogGroup;
import software.amazon.awscdk.services.logs.RetentionDays;
import software.amazon.awscdk.services.s3.BlockPublicAccess;
import software.amazon.awscdk.services.s3.Bucket;
import software.amazon.awscdk.services.s3.BucketEncryption;
import software.amazon.awscdk.services.s3.LifecycleRule;
import software.amazon.awscdk.services.s3.ObjectOwnership;
import software.amazon.awscdk.services.sqs.DeadLetterQueue;
import software.amazon.awscdk.services.sqs.Queue;
import software.amazon.awscdk.services.sqs.QueueEncryption;
import software.constructs.Construct;

/// Penstock in one account and region: two APIs, four functions of one binary, and what they keep.
///
/// The table and the bucket hold results, and so they stay when the stack is removed.
final class PenstockStack extends Stack {

    /// OpenAI's own API, for the function that calls no provider and so needs no key.
    private static final String NO_KEY_URL = "https://api.openai.com/v1";

    private final Settings settings;
    private final Limits limits;
    private final Code code;
    private final Table table;
    private final Bucket bucket;
    private final Queue deadLetters;
    private final Queue queue;
    private final CfnParameter secret;
    private final Roles roles;

    /// @param zip the function.zip; absent for a template that asks for it in parameters
    PenstockStack(
            Construct scope, String id, StackProps props, Settings settings, Optional<String> zip) {
        super(scope, id, props);
        this.settings = settings;
        this.limits = Limits.DEFAULTS;
        this.code = zip.<Code>map(Code::fromAsset).orElseGet(this::codeOfParameters);
        Access access = Access.of(settings);
        secret =
                CfnParameter.Builder.create(this, "ProviderKeyArn")
                        .description(
                                "Secrets Manager: whole ARN of the secret whose text is the"
                                        + " provider's key")
                        .allowedPattern(
                                "arn:[^:]+:secretsmanager:[^:]+:[0-9]{12}:secret:.+-[A-Za-z0-9]{6}")
                        .build();
        table = table();
        bucket = bucket();
        deadLetters = deadLetters();
        queue = queue();
        roles = new Roles(this, settings, table, bucket, queue, deadLetters, secret);

        Map<String, String> door = new TreeMap<>(interactive());
        door.put("PENSTOCK_HTTP_AUTH", access instanceof Access.Key ? "key" : "none");
        Function http = function("http", 512, limits.interactive(), door, null);
        Function socket = function("socket", 512, limits.interactive(), interactive(), null);
        // Else a flood at the doors, which share the account's limit, would keep both from running.
        Function work =
                function("work", 1024, limits.work(), working(), reserved(settings.workers()));
        Function sweep = function("sweep", 512, limits.sweep(), Map.of(), reserved(1));

        Apis apis = new Apis(this, access, limits, http, socket);
        roles.allow("socket", "connections", apis.connections());
        EventSourceMapping.Builder.create(this, "Chunks")
                .target(work)
                .eventSourceArn(queue.getQueueArn())
                .batchSize(1)
                .maxConcurrency(settings.workers())
                .reportBatchItemFailures(true)
                .build();
        Rule.Builder.create(this, "EveryMinute")
                .description("Lost work and dead letters are looked for")
                .schedule(Schedule.rate(cdk(limits.sweepEvery())))
                .targets(List.of(LambdaFunction.Builder.create(sweep).retryAttempts(0).build()))
                .build();
        new Watch(
                        this,
                        limits,
                        Map.of("http", http, "socket", socket, "work", work, "sweep", sweep))
                .over(apis.httpApi(), apis.webSocketApi(), queue, deadLetters, table);
        roles.all().forEach(Reasons::explain);
        Reasons.explain(bucket);
        apis.explain(access);

        output("HttpUrl", apis.httpUrl());
        output("WebSocketUrl", apis.webSocketUrl());
        output("TableName", table.getTableName());
        output("BucketName", bucket.getBucketName());
        output("QueueUrl", queue.getQueueUrl());
    }

    static Duration cdk(java.time.Duration duration) {
        return Duration.seconds(duration.toSeconds());
    }

    private Code codeOfParameters() {
        return Code.fromCfnParameters(
                CfnParametersCodeProps.builder()
                        .bucketNameParam(
                                CfnParameter.Builder.create(this, "CodeBucket")
                                        .description("Bucket of the function.zip")
                                        .build())
                        .objectKeyParam(
                                CfnParameter.Builder.create(this, "CodeKey")
                                        .description("Key of the function.zip in it")
                                        .build())
                        .build());
    }

    /// As `DynamoDocuments` expects it.
    private Table table() {
        Table made =
                Table.Builder.create(this, "Table")
                        .partitionKey(text("pk"))
                        .sortKey(text("sk"))
                        .billingMode(BillingMode.PAY_PER_REQUEST)
                        .timeToLiveAttribute("ttl")
                        .pointInTimeRecoverySpecification(
                                PointInTimeRecoverySpecification.builder()
                                        .pointInTimeRecoveryEnabled(true)
                                        .build())
                        .removalPolicy(RemovalPolicy.RETAIN)
                        .build();
        made.addGlobalSecondaryIndex(index("created", "kind"));
        made.addGlobalSecondaryIndex(index("live", "live"));
        return made;
    }

    private static GlobalSecondaryIndexProps index(String name, String hash) {
        return GlobalSecondaryIndexProps.builder()
                .indexName(name)
                .partitionKey(text(hash))
                .sortKey(text("created"))
                .projectionType(ProjectionType.ALL)
                .build();
    }

    private static Attribute text(String name) {
        return Attribute.builder().name(name).type(AttributeType.STRING).build();
    }

    private Bucket bucket() {
        return Bucket.Builder.create(this, "Payloads")
                .encryption(BucketEncryption.S3_MANAGED)
                .enforceSsl(true)
                .minimumTlsVersion(1.2)
                .blockPublicAccess(BlockPublicAccess.BLOCK_ALL)
                .objectOwnership(ObjectOwnership.BUCKET_OWNER_ENFORCED)
                .lifecycleRules(
                        List.of(
                                LifecycleRule.builder()
                                        .id("outlived")
                                        .prefix("jobs/")
                                        .expiration(Duration.days(limits.payloads().toDays()))
                                        .build(),
                                LifecycleRule.builder()
                                        .id("broken-off")
                                        .abortIncompleteMultipartUploadAfter(Duration.days(2))
                                        .build()))
                .removalPolicy(RemovalPolicy.RETAIN)
                .build();
    }

    private Queue deadLetters() {
        return Queue.Builder.create(this, "DeadLetters")
                .encryption(QueueEncryption.SQS_MANAGED)
                .enforceSsl(true)
                .retentionPeriod(cdk(limits.deadLetters()))
                .visibilityTimeout(cdk(limits.sweep()))
                .build();
    }

    /// A standard queue; the messages' group ids make it a fair one.
    private Queue queue() {
        return Queue.Builder.create(this, "Queue")
                .encryption(QueueEncryption.SQS_MANAGED)
                .enforceSsl(true)
                .retentionPeriod(cdk(limits.queue()))
                .visibilityTimeout(cdk(limits.visibility()))
                .deadLetterQueue(
                        DeadLetterQueue.builder()
                                .queue(deadLetters)
                                .maxReceiveCount(limits.receives())
                                .build())
                .build();
    }

    private Map<String, String> interactive() {
        return Map.of(
                "PENSTOCK_LLM_API_KEY_SECRET", secret.getValueAsString(),
                "PENSTOCK_LLM_TIMEOUT", Limits.text(limits.interactiveCall()),
                "PENSTOCK_LLM_DEADLINE", Limits.text(limits.interactiveDeadline()),
                "PENSTOCK_LLM_MAX_DEADLINE", Limits.text(limits.interactiveDeadline()));
    }

    private Map<String, String> working() {
        return Map.of(
                "PENSTOCK_LLM_API_KEY_SECRET", secret.getValueAsString(),
                "PENSTOCK_LLM_TIMEOUT", Limits.text(limits.workCall()),
                "PENSTOCK_BATCH_ITEM_DEADLINE", Limits.text(limits.workItem()));
    }

    private @Nullable Integer reserved(int executions) {
        return settings.isReserved() ? executions : null;
    }

    /// @param reserved executions at once that only it may have; null for its part of the rest
    private Function function(
            String handler,
            int megabytes,
            java.time.Duration timeout,
            Map<String, String> variables,
            @Nullable Integer reserved) {
        LogGroup logs =
                LogGroup.Builder.create(this, handler + "-log")
                        .retention(RetentionDays.ONE_MONTH)
                        .removalPolicy(RemovalPolicy.DESTROY)
                        .build();
        Map<String, String> all = new TreeMap<>();
        all.put("QUARKUS_LAMBDA_HANDLER", handler);
        all.put("PENSTOCK_ENGINE", "aws");
        all.put("PENSTOCK_STORE_TABLE", table.getTableName());
        all.put("PENSTOCK_STORE_BUCKET", bucket.getBucketName());
        all.put("PENSTOCK_STORE_QUEUE_URL", queue.getQueueUrl());
        all.put("PENSTOCK_STORE_DEAD_LETTER_QUEUE_URL", deadLetters.getQueueUrl());
        all.put("PENSTOCK_BATCH_EXPIRY", Limits.text(limits.expiry()));
        all.put("PENSTOCK_BATCH_RETENTION", Limits.text(limits.retention()));
        all.put("PENSTOCK_BATCH_SWEEP_EVERY", Limits.text(limits.sweepEvery()));
        all.put("PENSTOCK_BATCH_STALLED_AFTER", Limits.text(limits.stalled()));
        if (!settings.inputBuckets().isEmpty()) {
            all.put("PENSTOCK_STORE_INPUT_BUCKETS", String.join(",", settings.inputBuckets()));
        }
        if (handler.equals("sweep")) {
            all.put("PENSTOCK_LLM_BASE_URL", NO_KEY_URL);
        }
        all.putAll(settings.variables());
        all.putAll(variables);
        Role role = roles.of(handler, logs);
        Function function =
                Function.Builder.create(this, handler)
                        .description("Penstock: " + handler)
                        .runtime(software.amazon.awscdk.services.lambda.Runtime.PROVIDED_AL2023)
                        .architecture(settings.isArm() ? Architecture.ARM_64 : Architecture.X86_64)
                        .handler("not.used.in.provided.runtimes")
                        .code(code)
                        .memorySize(megabytes)
                        .timeout(cdk(timeout))
                        .reservedConcurrentExecutions(reserved)
                        .environment(all)
                        // Whoever wants to add to it, as constructs like to, adds nothing.
                        .role(role.withoutPolicyUpdates())
                        .logGroup(logs)
                        .loggingFormat(LoggingFormat.TEXT)
                        .tracing(Tracing.ACTIVE)
                        .build();
        // Its policy is a resource of its own, without which the function is of no use yet.
        function.getNode().addDependency(role.getNode().findChild("DefaultPolicy"));
        return function;
    }

    private void output(String name, String value) {
        CfnOutput.Builder.create(this, name).value(value).build();
    }
}
