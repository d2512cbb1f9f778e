package io.penstock.infra;

import software.amazon.awscdk.ArnComponents;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.aws_apigatewayv2_authorizers.HttpIamAuthorizer;
import software.amazon.awscdk.aws_apigatewayv2_authorizers.HttpJwtAuthorizer;
import software.amazon.awscdk.aws_apigatewayv2_authorizers.WebSocketIamAuthorizer;
import software.amazon.awscdk.aws_apigatewayv2_integrations.HttpLambdaIntegration;
import software.amazon.awscdk.aws_apigatewayv2_integrations.WebSocketLambdaIntegration;
import software.amazon.awscdk.services.apigateway.AccessLogFormat;
import software.amazon.awscdk.services.apigatewayv2.HttpApi;
import software.amazon.awscdk.services.apigatewayv2.HttpNoneAuthorizer;
import software.amazon.awscdk.services.apigatewayv2.HttpStage;
import software.amazon.awscdk.services.apigatewayv2.IAccessLogDestination;
import software.amazon.awscdk.services.apigatewayv2.IAccessLogSettings;
import software.amazon.awscdk.services.apigatewayv2.IHttpRouteAuthorizer;
import software.amazon.awscdk.services.apigatewayv2.IWebSocketRouteAuthorizer;
import software.amazon.awscdk.services.apigatewayv2.LogGroupLogDestination;
import software.amazon.awscdk.services.apigatewayv2.PayloadFormatVersion;
import software.amazon.awscdk.services.apigatewayv2.ThrottleSettings;
import software.amazon.awscdk.services.apigatewayv2.WebSocketApi;
import software.amazon.awscdk.services.apigatewayv2.WebSocketNoneAuthorizer;
import software.amazon.awscdk.services.apigatewayv2.WebSocketRouteOptions;
import software.amazon.awscdk.services.apigatewayv2.WebSocketStage;
import software.amazon.awscdk.services.lambda.Function;
import software.amazon.awscdk.services.logs.LogGroup;
import software.amazon.awscdk.services.logs.RetentionDays;

/// The two doors: an HTTP API, all of whose requests go to `http`, and a WebSocket API, all of
/// whose events go to `socket`.
final class Apis {

    /// Requests a second, and at once; more are refused with 429 before they cost anything.
    private static final ThrottleSettings THROTTLE =
            ThrottleSettings.builder().rateLimit(100).burstLimit(200).build();

    /// What happened, without anything of the prompt or the answer.
    private static final String LOG_LINE =
            """
            {"time":"$context.requestTime","id":"$context.requestId","ip":"$context.identity.sourceIp",\
            "method":"$context.httpMethod","path":"$context.path","status":"$context.status",\
            "bytes":"$context.responseLength","ms":"$context.responseLatency",\
            "error":"$context.integrationErrorMessage"}\
            """;

    private static final String STAGE = "stream";

    private final Stack stack;
    private final HttpApi httpApi;
    private final WebSocketApi webSocketApi;
    private final WebSocketStage webSocketStage;

    Apis(Stack stack, Access access, Limits limits, Function http, Function socket) {
        this.stack = stack;
        httpApi =
                HttpApi.Builder.create(stack, "HttpApi")
                        .description("Penstock")
                        .createDefaultStage(false)
                        .defaultAuthorizer(httpAuthorizer(access))
                        .defaultIntegration(
                                HttpLambdaIntegration.Builder.create("http", http)
                                        .payloadFormatVersion(PayloadFormatVersion.VERSION_2_0)
                                        .timeout(PenstockStack.cdk(limits.gateway()))
                                        .build())
                        .build();
        HttpStage.Builder.create(stack, "HttpStage")
                .httpApi(httpApi)
                .stageName("$default")
                .autoDeploy(true)
                .throttle(THROTTLE)
                .accessLogSettings(accessLog())
                .build();
        webSocketApi =
                WebSocketApi.Builder.create(stack, "WebSocketApi")
                        .description("Penstock's streams")
                        .connectRouteOptions(
                                WebSocketRouteOptions.builder()
                                        .integration(to(socket, "connect", limits))
                                        .authorizer(webSocketAuthorizer(access))
                                        .build())
                        .disconnectRouteOptions(route(socket, "disconnect", limits))
                        .defaultRouteOptions(route(socket, "message", limits))
                        .build();
        webSocketStage =
                WebSocketStage.Builder.create(stack, "WebSocketStage")
                        .webSocketApi(webSocketApi)
                        .stageName(STAGE)
                        .autoDeploy(true)
                        .throttle(THROTTLE)
                        .build();
    }

    HttpApi httpApi() {
        return httpApi;
    }

    WebSocketApi webSocketApi() {
        return webSocketApi;
    }

    void explain(Access access) {
        Reasons.explain(webSocketStage);
        Reasons.explain(webSocketApi, access);
        switch (access) {
            case Access.Open _ -> Reasons.explainOpen(httpApi);
            case Access.Key _ -> Reasons.explainKeys(httpApi);
            case Access.Iam _, Access.Jwt _ -> {}
        }
    }

    String httpUrl() {
        return httpApi.getApiEndpoint();
    }

    String webSocketUrl() {
        return webSocketStage.getUrl();
    }

    /// What `PostToConnection` is allowed on.
    String connections() {
        return stack.formatArn(
                ArnComponents.builder()
                        .service("execute-api")
                        .resource(webSocketApi.getApiId())
                        .resourceName(STAGE + "/POST/@connections/*")
                        .build());
    }

    private static IHttpRouteAuthorizer httpAuthorizer(Access access) {
        return switch (access) {
            case Access.Iam _ -> new HttpIamAuthorizer();
            case Access.Jwt jwt ->
                    HttpJwtAuthorizer.Builder.create("jwt", jwt.issuer())
                            .jwtAudience(jwt.audience())
                            .build();
            case Access.Key _, Access.Open _ -> new HttpNoneAuthorizer();
        };
    }

    private static IWebSocketRouteAuthorizer webSocketAuthorizer(Access access) {
        return switch (access) {
            case Access.Key _, Access.Iam _, Access.Jwt _ -> new WebSocketIamAuthorizer();
            case Access.Open _ -> new WebSocketNoneAuthorizer();
        };
    }

    private static WebSocketRouteOptions route(Function socket, String name, Limits limits) {
        return WebSocketRouteOptions.builder().integration(to(socket, name, limits)).build();
    }

    private static WebSocketLambdaIntegration to(Function socket, String name, Limits limits) {
        return WebSocketLambdaIntegration.Builder.create(name, socket)
                .timeout(PenstockStack.cdk(limits.gateway()))
                .build();
    }

    private IAccessLogSettings accessLog() {
        LogGroup group =
                LogGroup.Builder.create(stack, "access-log")
                        .retention(RetentionDays.ONE_MONTH)
                        .removalPolicy(RemovalPolicy.DESTROY)
                        .build();
        IAccessLogDestination destination = new LogGroupLogDestination(group);
        return new IAccessLogSettings() {
            @Override
            public IAccessLogDestination getDestination() {
                return destination;
            }

            @Override
            public AccessLogFormat getFormat() {
                return AccessLogFormat.custom(LOG_LINE);
            }
        };
    }
}
