package io.penstock.infra;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import software.amazon.awscdk.CfnParameter;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.dynamodb.Table;
import software.amazon.awscdk.services.iam.Effect;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.logs.LogGroup;
import software.amazon.awscdk.services.s3.Bucket;
import software.amazon.awscdk.services.sqs.Queue;

/// A role for each function, which allows what `permissions.csv` says and nothing else.
final class Roles {

    private final Stack stack;
    private final Map<String, Role> roles = new LinkedHashMap<>();
    private final Map<String, List<String>> arns = new LinkedHashMap<>();
    private final List<Permission> permissions = Permission.all();

    Roles(
            Stack stack,
            Settings settings,
            Table table,
            Bucket bucket,
            Queue queue,
            Queue deadLetters,
            CfnParameter secret) {
        this.stack = stack;
        arns.put("secret", List.of(secret.getValueAsString()));
        arns.put("table", List.of(table.getTableArn()));
        arns.put("budgets", List.of(table.getTableArn()));
        arns.put("streams", List.of(table.getTableArn()));
        arns.put("index/created", List.of(table.getTableArn() + "/index/created"));
        arns.put("index/live", List.of(table.getTableArn() + "/index/live"));
        arns.put("payloads", List.of(bucket.arnForObjects("jobs/*")));
        arns.put("bucket", List.of(bucket.getBucketArn()));
        arns.put(
                "input-buckets",
                settings.inputBuckets().stream().map(this::foreignBucket).toList());
        arns.put(
                "inputs",
                settings.inputBuckets().stream().map(name -> foreignBucket(name) + "/*").toList());
        arns.put("queue", List.of(queue.getQueueArn()));
        arns.put("dead-letters", List.of(deadLetters.getQueueArn()));
        arns.put("traces", List.of("*"));
    }

    private static final List<String> WRITES =
            List.of(
                    "dynamodb:PutItem",
                    "dynamodb:UpdateItem",
                    "dynamodb:DeleteItem",
                    "dynamodb:BatchWriteItem");

    private static final List<String> READS = List.of("dynamodb:GetItem", "dynamodb:Query");

    /// Conditions that narrow what an ARN cannot.
    private static final Map<String, Map<String, Object>> CONDITIONS =
            Map.of(
                    "budgets", itemsOf("B#*"),
                    "streams", itemsOf("S#*"),
                    "bucket", Map.of("StringLike", Map.of("s3:prefix", List.of("jobs/*"))));

    private static Map<String, Object> itemsOf(String keys) {
        Map<String, Object> conditions = new LinkedHashMap<>();
        conditions.put("ForAllValues:StringLike", Map.of("dynamodb:LeadingKeys", List.of(keys)));
        // Without any key the condition above holds as well.
        conditions.put("Null", Map.of("dynamodb:LeadingKeys", "false"));
        return conditions;
    }

    private String foreignBucket(String name) {
        return "arn:" + stack.getPartition() + ":s3:::" + name;
    }

    Collection<Role> all() {
        return roles.values();
    }

    /// Makes a function's role.
    Role of(String function, LogGroup log) {
        Role role =
                Role.Builder.create(stack, function + "-role")
                        .assumedBy(new ServicePrincipal("lambda.amazonaws.com"))
                        .build();
        roles.put(function, role);
        allow(function, "log", log.getLogGroupArn());
        arns.forEach((resource, list) -> allow(function, resource, list));
        deny(role, function);
        return role;
    }

    /// Callers' keys are in the same table. The operator alone writes them, and `http` alone reads
    /// them.
    private void deny(Role role, String function) {
        List<String> denied = new ArrayList<>(WRITES);
        if (!function.equals("http")) {
            denied.addAll(READS);
        }
        role.addToPrincipalPolicy(
                PolicyStatement.Builder.create()
                        .effect(Effect.DENY)
                        .actions(denied)
                        .resources(Objects.requireNonNull(arns.get("table")))
                        .conditions(
                                Map.of(
                                        "ForAnyValue:StringLike",
                                        Map.of("dynamodb:LeadingKeys", List.of("K#*"))))
                        .build());
    }

    /// Allows a function what the file says of one resource, which is known only now.
    void allow(String function, String resource, String arn) {
        allow(function, resource, List.of(arn));
    }

    private void allow(String function, String resource, List<String> of) {
        List<String> actions = new ArrayList<>();
        for (Permission permission : permissions) {
            if (permission.function().equals(function) && permission.resource().equals(resource)) {
                actions.add(permission.action());
            }
        }
        if (actions.isEmpty() || of.isEmpty()) {
            return;
        }
        Objects.requireNonNull(roles.get(function))
                .addToPrincipalPolicy(
                        PolicyStatement.Builder.create()
                                .actions(actions)
                                .resources(of)
                                .conditions(CONDITIONS.getOrDefault(resource, Map.of()))
                                .build());
    }
}
