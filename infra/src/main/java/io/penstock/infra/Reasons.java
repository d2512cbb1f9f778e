package io.penstock.infra;

import io.github.cdklabs.cdknag.NagPackSuppression;
import io.github.cdklabs.cdknag.NagSuppressions;
import io.github.cdklabs.cdknag.RegexAppliesTo;
import java.util.List;
import software.amazon.awscdk.services.apigatewayv2.HttpApi;
import software.amazon.awscdk.services.apigatewayv2.WebSocketApi;
import software.amazon.awscdk.services.apigatewayv2.WebSocketStage;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.s3.Bucket;
import software.constructs.IConstruct;

/// Why something is as it is although cdk-nag warns of it; the template has it beside the resource
/// itself.
final class Reasons {

    private Reasons() {}

    static void explain(Role role) {
        write(
                role,
                wildcard(
                        "/^Resource::.*\\/jobs\\/\\*$/",
                        "The objects of all jobs; their keys begin with ids that do not exist"
                                + " yet. Other prefixes of the bucket are not allowed."),
                wildcard(
                        "/^Resource::arn:<AWS::Partition>:s3:::[^*]+\\/\\*$/",
                        "Callers name files in the buckets that the owner lists in inputBuckets;"
                                + " read only."),
                wildcard(
                        "/^Resource::.*\\/stream\\/POST\\/@connections\\/\\*$/",
                        "The connections of this stage; their ids do not exist yet."),
                wildcard(
                        "/^Resource::\\*$/",
                        "X-Ray's two write actions know no resources (Service Authorization"
                                + " Reference, \"AWS X-Ray\")."));
    }

    static void explain(Bucket bucket) {
        write(
                bucket,
                reason(
                        "AwsSolutions-S1",
                        "Only the functions read and write it, each under a role of its own, and"
                                + " a second bucket of access logs would cost more than it tells."
                                + " Whoever needs it turns on data events in CloudTrail."));
    }

    static void explain(WebSocketStage stage) {
        write(
                stage,
                reason(
                        "AwsSolutions-APIG1",
                        "A WebSocket API logs only with a role that is set for the whole account"
                                + " and region, which is not this stack's to change."));
    }

    static void explain(WebSocketApi api, Access access) {
        write(
                api,
                reason(
                        "AwsSolutions-APIG4",
                        access instanceof Access.Open
                                ? "The owner has asked for an open API with auth=none and open=yes."
                                : "API Gateway authorizes a connection once, at $connect; other"
                                        + " routes of a WebSocket API cannot have an authorizer."));
    }

    static void explainKeys(HttpApi api) {
        write(
                api,
                reason(
                        "AwsSolutions-APIG4",
                        "The function itself wants a key of every caller, as OpenAI's SDKs send it;"
                                + " an authorizer could not tell which batches are whose."));
    }

    static void explainOpen(HttpApi api) {
        write(
                api,
                reason(
                        "AwsSolutions-APIG4",
                        "The owner has asked for an open API with auth=none and open=yes."));
    }

    private static NagPackSuppression wildcard(String regex, String reason) {
        return NagPackSuppression.builder()
                .id("AwsSolutions-IAM5")
                .appliesTo(List.of(RegexAppliesTo.builder().regex(regex).build()))
                .reason(reason)
                .build();
    }

    private static NagPackSuppression reason(String rule, String reason) {
        return NagPackSuppression.builder().id(rule).reason(reason).build();
    }

    private static void write(IConstruct construct, NagPackSuppression... reasons) {
        NagSuppressions.addResourceSuppressions(construct, List.of(reasons), true);
    }
}
