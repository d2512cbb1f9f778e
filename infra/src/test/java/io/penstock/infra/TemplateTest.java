package io.penstock.infra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What the template must say, whatever makes it.
class TemplateTest {

    private static final Path GOLDEN = Path.of("template.json");

    private static final Set<String> HANDLERS = Set.of("http", "socket", "sweep", "work");

    /// Seconds that a worker keeps for recording: half of the default lease and a commit interval,
    /// see `BatchConfig.commitTime`.
    private static final int COMMIT = 11;

    private static Synthesis made;

    @BeforeAll
    static void make() {
        made = Synthesis.of(Map.of());
    }

    @Test
    void isTheOneThatIsCommitted() throws IOException {
        if (Boolean.getBoolean("penstock.golden.update")) {
            Files.writeString(GOLDEN, made.text());
        }
        assertThat(made.text())
                .as(
                        "the template has changed; look at it, and keep it with"
                                + " -Dpenstock.golden.update=true")
                .isEqualTo(Files.readString(GOLDEN));
    }

    @Test
    void withAFileOnlyTheCodeDiffers(@TempDir Path directory) throws IOException {
        Path zip = directory.resolve("function.zip");
        Files.write(
                zip,
                new byte[] {'P', 'K', 5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});

        Synthesis deployed = Synthesis.of(Map.of(), Optional.of(zip.toString()));

        List<JsonNode> both = new ArrayList<>();
        for (Synthesis each : List.of(made, deployed)) {
            var template = each.template().deepCopy();
            template.withObject("/Parameters").remove(List.of("CodeBucket", "CodeKey"));
            template.path("Resources")
                    .forEach(resource -> {
                        if (resource.path("Type").asText().equals("AWS::Lambda::Function")) {
                            resource.withObject("/Properties").remove("Code");
                        }
                    });
            both.add(template);
        }
        assertThat(both.getLast()).isEqualTo(both.getFirst());
    }

    @Test
    void cdkNagHasNothingToSay() {
        assertThat(made.findings()).isEmpty();
    }

    @Test
    void fourFunctionsAreOneBinary() {
        Map<String, JsonNode> functions = made.resources("AWS::Lambda::Function");

        assertThat(functions).hasSize(4);
        Set<String> handlers = new TreeSet<>();
        functions
                .values()
                .forEach(function -> {
                    JsonNode properties = function.path("Properties");
                    assertThat(properties.path("Runtime").asText()).isEqualTo("provided.al2023");
                    assertThat(properties.path("Architectures")).hasToString("[\"arm64\"]");
                    assertThat(properties.path("Code").path("S3Key").path("Ref").asText())
                            .isEqualTo("CodeKey");
                    assertThat(properties.path("TracingConfig").path("Mode").asText())
                            .isEqualTo("Active");
                    assertThat(properties.path("Timeout").asInt()).isBetween(1, 900);
                    assertThat(
                                    properties
                                            .path("LoggingConfig")
                                            .path("LogGroup")
                                            .path("Ref")
                                            .asText())
                            .isIn(made.resources("AWS::Logs::LogGroup").keySet());
                    handlers.add(
                            properties
                                    .path("Environment")
                                    .path("Variables")
                                    .path("QUARKUS_LAMBDA_HANDLER")
                                    .asText());
                });
        assertThat(handlers).isEqualTo(HANDLERS);
    }

    /// DESIGN's ladder: whatever waits, waits shorter than what waits for it.
    @Test
    void eachTimeIsBelowTheNext() {
        JsonNode http = variables("http");
        JsonNode work = variables("work");

        // The handlers keep 2 s at most of an interactive invocation.
        assertThat(seconds(http, "PENSTOCK_LLM_TIMEOUT"))
                .isLessThan(seconds(http, "PENSTOCK_LLM_DEADLINE"));
        assertThat(seconds(http, "PENSTOCK_LLM_MAX_DEADLINE"))
                .isEqualTo(seconds(http, "PENSTOCK_LLM_DEADLINE"));
        for (String interactive : List.of("http", "socket")) {
            assertThat(seconds(variables(interactive), "PENSTOCK_LLM_DEADLINE"))
                    .isLessThanOrEqualTo(timeout(interactive) - 2);
            assertThat(timeout(interactive)).isLessThan(29);
        }
        assertThat(seconds(work, "PENSTOCK_LLM_TIMEOUT"))
                .isLessThan(seconds(work, "PENSTOCK_BATCH_ITEM_DEADLINE"));
        assertThat(seconds(work, "PENSTOCK_BATCH_ITEM_DEADLINE"))
                .isLessThanOrEqualTo(timeout("work") - COMMIT);
        // Items are started for more than half of the time, and each call that is started fits.
        assertThat(2 * (seconds(work, "PENSTOCK_LLM_TIMEOUT") + COMMIT))
                .isLessThan(timeout("work"));
        assertThat(5 * COMMIT).isLessThan(timeout("work"));
        assertThat(work.has("PENSTOCK_BATCH_LEASE")).isFalse();
        assertThat(timeout("work")).isLessThan(seconds(work, "PENSTOCK_BATCH_EXPIRY"));
        assertThat(timeout("sweep")).isLessThanOrEqualTo(60);
        made.resources("AWS::ApiGatewayV2::Integration")
                .values()
                .forEach(integration ->
                        assertThat(integration.path("Properties").path("TimeoutInMillis").asInt())
                                .isEqualTo(29_000));
    }

    @Test
    void theQueueOutlastsItsWorkersAndTheDeadLettersTheQueue() {
        JsonNode queue = made.properties("AWS::SQS::Queue", "Queue");
        JsonNode dead = made.properties("AWS::SQS::Queue", "DeadLetters");

        assertThat(queue.path("VisibilityTimeout").asInt())
                .isGreaterThanOrEqualTo(6 * timeout("work"));
        assertThat(dead.path("VisibilityTimeout").asInt()).isGreaterThanOrEqualTo(timeout("sweep"));
        assertThat(dead.path("MessageRetentionPeriod").asInt())
                .isGreaterThan(queue.path("MessageRetentionPeriod").asInt());
        assertThat(queue.path("MessageRetentionPeriod").asInt())
                .isGreaterThan(seconds(variables("work"), "PENSTOCK_BATCH_EXPIRY"));
        assertThat(queue.path("RedrivePolicy").path("maxReceiveCount").asInt())
                .isGreaterThanOrEqualTo(5);
        assertThat(queue.has("FifoQueue")).isFalse();
        assertThat(queue.path("SqsManagedSseEnabled").asBoolean()).isTrue();
        assertThat(dead.path("SqsManagedSseEnabled").asBoolean()).isTrue();
    }

    @Test
    void aWorkerGetsOneChunkAndSaysWhatFailed() {
        JsonNode mapping = made.properties("AWS::Lambda::EventSourceMapping", "");

        assertThat(mapping.path("BatchSize").asInt()).isEqualTo(1);
        assertThat(mapping.path("FunctionResponseTypes"))
                .hasToString("[\"ReportBatchItemFailures\"]");
        assertThat(mapping.path("ScalingConfig").path("MaximumConcurrency").asInt()).isEqualTo(10);
    }

    /// Below the mapping's concurrency it would send good messages to the dead letters.
    @Test
    void aFloodAtTheDoorsKeepsNeitherWorkersNorSweepsFromRunning() {
        assertThat(reserved(made, "work").asInt()).isEqualTo(10);
        assertThat(reserved(made, "sweep").asInt()).isEqualTo(1);
        assertThat(reserved(made, "http").isMissingNode()).isTrue();
        assertThat(reserved(made, "socket").isMissingNode()).isTrue();

        Synthesis small = Synthesis.of(Map.of("reserved", "no"));

        assertThat(reserved(small, "work").isMissingNode()).isTrue();
        assertThat(reserved(small, "sweep").isMissingNode()).isTrue();
    }

    private static JsonNode reserved(Synthesis in, String handler) {
        return in.properties("AWS::Lambda::Function", handler).path("ReservedConcurrentExecutions");
    }

    @Test
    void theTableIsWhatTheApplicationExpects() {
        JsonNode table = made.properties("AWS::DynamoDB::Table", "");

        assertThat(table.path("KeySchema")).hasToString(keys("pk", "sk"));
        Map<String, String> indexes = new TreeMap<>();
        for (JsonNode index : table.path("GlobalSecondaryIndexes")) {
            indexes.put(index.path("IndexName").asText(), index.path("KeySchema").toString());
            assertThat(index.path("Projection").path("ProjectionType").asText()).isEqualTo("ALL");
        }
        assertThat(indexes)
                .isEqualTo(
                        Map.of(
                                "created",
                                keys("kind", "created"),
                                "live",
                                keys("live", "created")));
        assertThat(table.path("AttributeDefinitions"))
                .allMatch(attribute -> attribute.path("AttributeType").asText().equals("S"));
        assertThat(table.path("BillingMode").asText()).isEqualTo("PAY_PER_REQUEST");
        assertThat(table.path("TimeToLiveSpecification"))
                .hasToString("{\"AttributeName\":\"ttl\",\"Enabled\":true}");
        assertThat(
                        table.path("PointInTimeRecoverySpecification")
                                .path("PointInTimeRecoveryEnabled")
                                .asBoolean())
                .isTrue();
    }

    private static String keys(String hash, String range) {
        return "[{\"AttributeName\":\"%s\",\"KeyType\":\"HASH\"},{\"AttributeName\":\"%s\",\"KeyType\":\"RANGE\"}]"
                .formatted(hash, range);
    }

    @Test
    void payloadsArePrivateEncryptedAndOutliveTheirJobs() {
        JsonNode bucket = made.properties("AWS::S3::Bucket", "");

        assertThat(bucket.path("PublicAccessBlockConfiguration"))
                .hasSize(4)
                .allMatch(JsonNode::asBoolean);
        assertThat(bucket.path("BucketEncryption").toString()).contains("AES256");
        int days = -1;
        boolean aborts = false;
        for (JsonNode rule : bucket.path("LifecycleConfiguration").path("Rules")) {
            if (rule.has("ExpirationInDays")) {
                days = rule.path("ExpirationInDays").asInt();
                assertThat(rule.path("Prefix").asText()).isEqualTo("jobs/");
            }
            aborts |= rule.has("AbortIncompleteMultipartUpload");
        }
        assertThat(aborts).isTrue();
        long kept =
                seconds(variables("work"), "PENSTOCK_BATCH_EXPIRY")
                        + seconds(variables("work"), "PENSTOCK_BATCH_RETENTION");
        assertThat(days * 86_400L).isGreaterThan(kept);
        JsonNode policy = made.properties("AWS::S3::BucketPolicy", "");
        assertThat(policy.toString()).contains("aws:SecureTransport", "s3:TlsVersion");
    }

    @Test
    void whatHoldsResultsStaysAndNothingElse() {
        Set<String> kept = new TreeSet<>();
        made.template()
                .path("Resources")
                .properties()
                .forEach(resource -> {
                    if (resource.getValue().path("DeletionPolicy").asText().equals("Retain")) {
                        kept.add(resource.getValue().path("Type").asText());
                    }
                });

        assertThat(kept).containsExactly("AWS::DynamoDB::Table", "AWS::S3::Bucket");
    }

    @Test
    void everyLogEnds() {
        assertThat(made.resources("AWS::Logs::LogGroup").values())
                .hasSize(5)
                .allMatch(log -> log.path("Properties").path("RetentionInDays").asInt() == 30);
    }

    /// Every `*` that allows something stands beside a sentence that says why; those of the
    /// resources' own policies only forbid.
    @Test
    void noActionAndNoResourceIsAllToNobodysKnowledge() {
        int wildcards = 0;
        for (JsonNode policy : made.resources("AWS::IAM::Policy").values()) {
            for (JsonNode statement :
                    policy.path("Properties").path("PolicyDocument").path("Statement")) {
                if (statement.path("Effect").asText().equals("Deny")) {
                    continue;
                }
                assertThat(statement.path("Action").toString()).doesNotContain("*");
                for (JsonNode resource : each(statement.path("Resource"))) {
                    if (resource.toString().contains("*")) {
                        wildcards++;
                        assertThat(reasons(policy, "AwsSolutions-IAM5"))
                                .as(resource.toString())
                                .anyMatch(reason ->
                                        covers(reason, resource.toString())
                                                && reason.path("reason").asText().length() > 40);
                    }
                }
            }
        }
        assertThat(wildcards).isEqualTo(8);
        for (String type :
                List.of(
                        "AWS::S3::BucketPolicy",
                        "AWS::SQS::QueuePolicy",
                        "AWS::SNS::TopicPolicy")) {
            for (JsonNode policy : made.resources(type).values()) {
                for (JsonNode statement :
                        policy.path("Properties").path("PolicyDocument").path("Statement")) {
                    if (statement.toString().contains("*")) {
                        assertThat(statement.path("Effect").asText()).isEqualTo("Deny");
                    }
                }
            }
        }
    }

    private static Iterable<JsonNode> each(JsonNode oneOrMore) {
        return oneOrMore.isArray() ? oneOrMore : List.of(oneOrMore);
    }

    private static List<JsonNode> reasons(JsonNode resource, String rule) {
        List<JsonNode> found = new ArrayList<>();
        for (JsonNode reason :
                resource.path("Metadata").path("cdk_nag").path("rules_to_suppress")) {
            if (reason.path("id").asText().equals(rule)) {
                found.add(reason);
            }
        }
        return found;
    }

    /// The last part of a resource, which the reason's pattern ends in.
    private static boolean covers(JsonNode reason, String resource) {
        String pattern = reason.path("applies_to").toString().replace("\\", "");
        return Stream.of("/jobs/*", "/stream/POST/@connections/*")
                .filter(resource::contains)
                .findFirst()
                .map(end -> pattern.contains(end + "$"))
                .orElseGet(() -> resource.equals("\"*\"") && pattern.contains("^Resource::*$"));
    }

    @Test
    void aRoleAllowsWhatTheFileSaysAndOneFunctionHasIt() {
        for (String handler : HANDLERS) {
            Set<String> allowed = new TreeSet<>();
            made.properties("AWS::IAM::Policy", handler + "role")
                    .path("PolicyDocument")
                    .path("Statement")
                    .forEach(statement -> {
                        if (statement.path("Effect").asText().equals("Allow")) {
                            each(statement.path("Action"))
                                    .forEach(action -> allowed.add(action.asText()));
                        }
                    });
            Set<String> said = new TreeSet<>();
            Permission.all().stream()
                    .filter(permission -> permission.function().equals(handler))
                    .map(Permission::action)
                    .forEach(said::add);
            assertThat(allowed).isEqualTo(said);
            assertThat(made.properties("AWS::Lambda::Function", handler).path("Role").toString())
                    .contains("\"" + handler + "role");
        }
        assertThat(made.resources("AWS::IAM::Role")).hasSize(4);
        assertThat(made.resources("AWS::IAM::Policy")).hasSize(4);
        assertThat(made.text()).doesNotContain("ManagedPolicyArns");
    }

    @Test
    void theKeyIsNowhereButInItsSecret() {
        for (String handler : List.of("http", "socket", "work")) {
            assertThat(variables(handler).path("PENSTOCK_LLM_API_KEY_SECRET"))
                    .hasToString("{\"Ref\":\"ProviderKeyArn\"}");
        }
        assertThat(variables("sweep").has("PENSTOCK_LLM_API_KEY_SECRET")).isFalse();
        assertThat(made.text()).doesNotContain("OPENAI_API_KEY", "PENSTOCK_LLM_API_KEY\"");
        for (String variable : List.of("PENSTOCK_LLM_API_KEY", "PENSTOCK_LLM_API_KEY_SECRET")) {
            assertThatThrownBy(() -> Synthesis.of(Map.of(variable, "sk-in-the-open")))
                    .hasMessageContaining("Secrets Manager")
                    .hasMessageNotContaining("sk-in-the-open");
        }
    }

    @Test
    void everyAlarmTellsTheTopicWhichCloudWatchMayPublishTo() {
        Map<String, JsonNode> alarms = made.resources("AWS::CloudWatch::Alarm");
        String topic = made.resources("AWS::SNS::Topic").keySet().iterator().next();

        assertThat(alarms).hasSize(10);
        assertThat(alarms.values())
                .allMatch(alarm ->
                        alarm.path("Properties")
                                .path("AlarmActions")
                                .toString()
                                .equals("[{\"Ref\":\"" + topic + "\"}]"));
        assertThat(made.properties("AWS::SNS::TopicPolicy", "").toString())
                .contains("cloudwatch.amazonaws.com");
        assertThat(made.resources("AWS::CloudWatch::Dashboard")).hasSize(1);
    }

    @Test
    void callersShowAKeyThatTheFunctionWants() {
        assertThat(route(made, "$default", "HttpApi").path("AuthorizationType").asText())
                .isEqualTo("NONE");
        assertThat(variables("http").path("PENSTOCK_HTTP_AUTH").asText()).isEqualTo("key");
        assertThat(route(made, "$connect", "WebSocketApi").path("AuthorizationType").asText())
                .isEqualTo("AWS_IAM");
    }

    @Test
    void noFunctionWritesKeysAndOneReadsThem() {
        for (String function : List.of("http", "socket", "work", "sweep")) {
            String denied = denials(function).toString();
            assertThat(denied)
                    .as(function)
                    .contains("\"dynamodb:LeadingKeys\":[\"K#*\"]")
                    .contains(
                            "dynamodb:PutItem",
                            "dynamodb:UpdateItem",
                            "dynamodb:DeleteItem",
                            "dynamodb:BatchWriteItem");
            assertThat(denied.contains("dynamodb:GetItem")).isEqualTo(!function.equals("http"));
        }
    }

    private static List<JsonNode> denials(String function) {
        List<JsonNode> denied = new ArrayList<>();
        for (JsonNode statement :
                made.properties("AWS::IAM::Policy", function + "role")
                        .path("PolicyDocument")
                        .path("Statement")) {
            if (statement.path("Effect").asText().equals("Deny")) {
                denied.add(statement);
            }
        }
        return denied;
    }

    @Test
    void orSignTheirRequests() {
        Synthesis signed = Synthesis.of(Map.of("auth", "iam"));

        assertThat(route(signed, "$default", "HttpApi").path("AuthorizationType").asText())
                .isEqualTo("AWS_IAM");
        assertThat(route(signed, "$connect", "WebSocketApi").path("AuthorizationType").asText())
                .isEqualTo("AWS_IAM");
        assertThat(signed.findings()).isEmpty();
    }

    @Test
    void orShowAToken() {
        Synthesis jwt =
                Synthesis.of(
                        Map.of(
                                "auth", "jwt",
                                "issuer", "https://issuer.example",
                                "audience", "penstock"));

        assertThat(route(jwt, "$default", "HttpApi").path("AuthorizationType").asText())
                .isEqualTo("JWT");
        assertThat(jwt.properties("AWS::ApiGatewayV2::Authorizer", "").path("JwtConfiguration"))
                .hasToString("{\"Audience\":[\"penstock\"],\"Issuer\":\"https://issuer.example\"}");
        assertThat(route(jwt, "$connect", "WebSocketApi").path("AuthorizationType").asText())
                .isEqualTo("AWS_IAM");
        assertThat(jwt.findings()).isEmpty();
    }

    @Test
    void nobodyOpensItByMistake() {
        assertThatThrownBy(() -> Synthesis.of(Map.of("auth", "none")))
                .hasMessageContaining("open=yes");

        Synthesis open = Synthesis.of(Map.of("auth", "none", "open", "yes"));

        assertThat(route(open, "$default", "HttpApi").path("AuthorizationType").asText())
                .isEqualTo("NONE");
        assertThat(route(open, "$connect", "WebSocketApi").path("AuthorizationType").asText())
                .isEqualTo("NONE");
        assertThat(open.findings()).isEmpty();
    }

    private static JsonNode route(Synthesis in, String key, String api) {
        return in.resources("AWS::ApiGatewayV2::Route").entrySet().stream()
                .filter(route -> route.getKey().startsWith(api))
                .map(route -> route.getValue().path("Properties"))
                .filter(route -> route.path("RouteKey").asText().equals(key))
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({
        "auth, maybe, auth is maybe",
        "auth, jwt, Give issuer",
        "architecture, x86, architecture is x86",
        "workers, 1, workers is 1",
        "workers, 2000, workers is 2000",
        "workers, many, workers is many",
        "reserved, perhaps, reserved is perhaps",
    })
    void whatMakesNoSenseIsNamed(String name, String value, String message) {
        assertThatThrownBy(() -> Synthesis.of(Map.of(name, value))).hasMessageContaining(message);
    }

    @Test
    void everySettingIsHeeded() {
        Synthesis chosen =
                Synthesis.of(
                        Map.of(
                                "architecture", "amd64",
                                "workers", "250",
                                "inputBuckets", "first, second",
                                "PENSTOCK_LLM_MODEL", "gpt-4o"));

        JsonNode work = chosen.properties("AWS::Lambda::Function", "work");
        assertThat(work.path("Architectures")).hasToString("[\"x86_64\"]");
        JsonNode variables = work.path("Environment").path("Variables");
        assertThat(variables.path("PENSTOCK_STORE_INPUT_BUCKETS").asText())
                .isEqualTo("first,second");
        assertThat(variables.path("PENSTOCK_LLM_MODEL").asText()).isEqualTo("gpt-4o");
        assertThat(reserved(chosen, "work").asInt()).isEqualTo(250);
        assertThat(
                        chosen.properties("AWS::Lambda::EventSourceMapping", "")
                                .path("ScalingConfig")
                                .path("MaximumConcurrency")
                                .asInt())
                .isEqualTo(250);
        for (String reader : List.of("http", "work")) {
            assertThat(chosen.properties("AWS::IAM::Policy", reader).toString())
                    .contains(":s3:::first\"", ":s3:::second/*\"");
        }
        assertThat(chosen.properties("AWS::IAM::Policy", "sweep").toString())
                .doesNotContain(":s3:::first");
        assertThat(chosen.findings()).isEmpty();
    }

    private static JsonNode variables(String handler) {
        return made.properties("AWS::Lambda::Function", handler)
                .path("Environment")
                .path("Variables");
    }

    private static int timeout(String handler) {
        return made.properties("AWS::Lambda::Function", handler).path("Timeout").asInt();
    }

    private static int seconds(JsonNode variables, String name) {
        String text = variables.path(name).asText();
        assertThat(text).as(name).matches("[0-9]+s");
        return Integer.parseInt(text.substring(0, text.length() - 1));
    }
}
