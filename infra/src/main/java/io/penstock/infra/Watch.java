package io.penstock.infra;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import software.amazon.awscdk.CfnOutput;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.apigatewayv2.HttpApi;
import software.amazon.awscdk.services.apigatewayv2.WebSocketApi;
import software.amazon.awscdk.services.cloudwatch.Alarm;
import software.amazon.awscdk.services.cloudwatch.ComparisonOperator;
import software.amazon.awscdk.services.cloudwatch.Dashboard;
import software.amazon.awscdk.services.cloudwatch.GraphWidget;
import software.amazon.awscdk.services.cloudwatch.IMetric;
import software.amazon.awscdk.services.cloudwatch.IWidget;
import software.amazon.awscdk.services.cloudwatch.MathExpression;
import software.amazon.awscdk.services.cloudwatch.Metric;
import software.amazon.awscdk.services.cloudwatch.MetricOptions;
import software.amazon.awscdk.services.cloudwatch.TreatMissingData;
import software.amazon.awscdk.services.cloudwatch.actions.SnsAction;
import software.amazon.awscdk.services.dynamodb.Table;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.lambda.Function;
import software.amazon.awscdk.services.logs.FilterPattern;
import software.amazon.awscdk.services.logs.IFilterPattern;
import software.amazon.awscdk.services.logs.MetricFilter;
import software.amazon.awscdk.services.sns.Topic;
import software.amazon.awscdk.services.sqs.Queue;

/// What somebody has to be told, and what somebody may want to see.
///
/// Functions have no metrics of their own that CloudWatch reads, since nothing scrapes them between
/// two events; what only they know is counted from lines of their logs.
final class Watch {

    private static final Duration MINUTE = Duration.minutes(1);
    private static final Duration FIVE = Duration.minutes(5);

    /// What `Worker` logs when it pauses a job for a reason that somebody has to cure.
    private static final String PARKED = "is paused:";

    /// What `Sweep` logs of a job that stands still.
    private static final String STALLED = "has made no progress";

    private final Stack stack;
    private final Limits limits;
    private final Map<String, Function> functions;
    private final Topic topic;

    Watch(Stack stack, Limits limits, Map<String, Function> functions) {
        this.stack = stack;
        this.limits = limits;
        this.functions = new TreeMap<>(functions);
        topic = Topic.Builder.create(stack, "Alarms").enforceSsl(true).build();
        // The topic's own policy takes the place of the default one, which allowed it.
        topic.addToResourcePolicy(
                PolicyStatement.Builder.create()
                        .sid("AlarmsOfThisAccount")
                        .principals(List.of(new ServicePrincipal("cloudwatch.amazonaws.com")))
                        .actions(List.of("sns:Publish"))
                        .resources(List.of(topic.getTopicArn()))
                        .conditions(
                                Map.of(
                                        "StringEquals",
                                        Map.of("aws:SourceAccount", stack.getAccount())))
                        .build());
        CfnOutput.Builder.create(stack, "AlarmTopicArn").value(topic.getTopicArn()).build();
    }

    void over(HttpApi http, WebSocketApi socket, Queue queue, Queue deadLetters, Table table) {
        IMetric dead =
                deadLetters.metricApproximateNumberOfMessagesVisible(
                        options("Maximum", MINUTE, "dead letters"));
        IMetric parked =
                fromLog("work", "JobsParked", FIVE, FilterPattern.allTerms("ERROR", PARKED));
        // It is said again after as long, so that the alarm stays on while the job stands still.
        IMetric stalled =
                fromLog(
                        "sweep",
                        "JobsStalled",
                        PenstockStack.cdk(limits.stalled().multipliedBy(2)),
                        FilterPattern.allTerms("WARN", STALLED));
        alarm(
                "DeadLettersNotEmpty",
                "A message was delivered too often, or the sweep does not look",
                dead,
                1,
                1,
                TreatMissingData.NOT_BREACHING);
        alarm(
                "JobParked",
                "A batch is paused for credit, key or cost; its status says why",
                parked,
                1,
                1,
                TreatMissingData.NOT_BREACHING);
        alarm(
                "JobWithoutProgress",
                "A batch that should run has recorded nothing for a while; the log of sweep names"
                        + " it",
                stalled,
                1,
                1,
                TreatMissingData.NOT_BREACHING);
        functions.forEach((name, function) ->
                alarm(
                        name + "-errors",
                        "More than one in twenty invocations of " + name + " failed",
                        rate(function),
                        5,
                        2,
                        TreatMissingData.NOT_BREACHING));
        alarm(
                "Throttles",
                "Lambda had no room for an event: the account's concurrency is used up",
                sum("throttles", Function::metricThrottles),
                1,
                3,
                TreatMissingData.NOT_BREACHING);
        alarm(
                "HttpServerErrors",
                "More than one in ten requests was answered with 5xx",
                MathExpression.Builder.create()
                        .expression("IF(all >= 10, 100 * bad / all, 0)")
                        .usingMetrics(
                                ordered(
                                        "bad", http.metricServerError(options("Sum", FIVE, "5xx")),
                                        "all", http.metricCount(options("Sum", FIVE, "all"))))
                        .period(FIVE)
                        .label("5xx in percent")
                        .build(),
                10,
                2,
                TreatMissingData.NOT_BREACHING);
        Alarm.Builder.create(stack, "SweepStandsStill")
                .alarmDescription("Nobody looks for lost work: the sweep was not invoked")
                .metric(function("sweep").metricInvocations(options("Sum", FIVE, "invocations")))
                .comparisonOperator(ComparisonOperator.LESS_THAN_THRESHOLD)
                .threshold(1)
                .evaluationPeriods(2)
                .treatMissingData(TreatMissingData.BREACHING)
                .build()
                .addAlarmAction(new SnsAction(topic));
        dashboard(http, socket, queue, table, List.of(dead, parked, stalled));
    }

    private Function function(String name) {
        Function function = functions.get(name);
        if (function == null) {
            throw new IllegalArgumentException("There is no function " + name);
        }
        return function;
    }

    private void alarm(
            String id,
            String description,
            IMetric metric,
            int threshold,
            int periods,
            TreatMissingData missing) {
        Alarm.Builder.create(stack, id)
                .alarmDescription(description)
                .metric(metric)
                .comparisonOperator(ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD)
                .threshold(threshold)
                .evaluationPeriods(periods)
                .treatMissingData(missing)
                .build()
                .addAlarmAction(new SnsAction(topic));
    }

    private IMetric fromLog(String function, String name, Duration period, IFilterPattern pattern) {
        return MetricFilter.Builder.create(stack, name)
                .logGroup(function(function).getLogGroup())
                .filterPattern(pattern)
                .metricNamespace(stack.getStackName())
                .metricName(name)
                .metricValue("1")
                .build()
                .metric(options("Sum", period, name));
    }

    private static IMetric rate(Function function) {
        return MathExpression.Builder.create()
                .expression("100 * errors / invocations")
                .usingMetrics(
                        ordered(
                                "errors",
                                function.metricErrors(options("Sum", FIVE, "errors")),
                                "invocations",
                                function.metricInvocations(options("Sum", FIVE, "invocations"))))
                .period(FIVE)
                .label("errors in percent")
                .build();
    }

    /// In one order in each run, since the template has them so.
    private static Map<String, IMetric> ordered(
            String first, IMetric one, String second, IMetric other) {
        Map<String, IMetric> metrics = new TreeMap<>();
        metrics.put(first, one);
        metrics.put(second, other);
        return metrics;
    }

    private interface Kind {
        Metric of(Function function, MetricOptions options);
    }

    private IMetric sum(String label, Kind kind) {
        Map<String, IMetric> metrics = new TreeMap<>();
        functions.forEach((name, function) ->
                metrics.put(name, kind.of(function, options("Sum", FIVE, name))));
        return MathExpression.Builder.create()
                .expression(
                        metrics.keySet().stream()
                                .map(name -> "FILL(" + name + ", 0)")
                                .collect(Collectors.joining(" + ")))
                .usingMetrics(metrics)
                .period(FIVE)
                .label(label)
                .build();
    }

    private List<IMetric> each(String statistic, Kind kind) {
        List<IMetric> metrics = new ArrayList<>();
        functions.forEach((name, function) ->
                metrics.add(kind.of(function, options(statistic, MINUTE, name))));
        return metrics;
    }

    private void dashboard(
            HttpApi http, WebSocketApi socket, Queue queue, Table table, List<IMetric> trouble) {
        Dashboard.Builder.create(stack, "Dashboard")
                .widgets(
                        List.of(
                                row(
                                        graph(
                                                "Messages that wait, and that are under way",
                                                queue.metricApproximateNumberOfMessagesVisible(
                                                        options("Maximum", MINUTE, "waiting")),
                                                queue.metricApproximateNumberOfMessagesNotVisible(
                                                        options("Maximum", MINUTE, "under way"))),
                                        graph(
                                                "Age of the oldest message (s)",
                                                queue.metricApproximateAgeOfOldestMessage(
                                                        options("Maximum", MINUTE, "age"))),
                                        graph("Dead letters, parked, standing still", trouble)),
                                row(
                                        graph(
                                                "Invocations",
                                                each("Sum", Function::metricInvocations)),
                                        graph("Errors", each("Sum", Function::metricErrors)),
                                        graph("Throttles", each("Sum", Function::metricThrottles))),
                                row(
                                        graph(
                                                "Duration, p99 (ms)",
                                                each("p99", Function::metricDuration)),
                                        graph(
                                                "Concurrent executions",
                                                each(
                                                        "Maximum",
                                                        (function, options) ->
                                                                function.metric(
                                                                        "ConcurrentExecutions",
                                                                        options))),
                                        graph(
                                                "DynamoDB units, and throttled requests",
                                                table.metricConsumedReadCapacityUnits(
                                                        options("Sum", MINUTE, "read")),
                                                table.metricConsumedWriteCapacityUnits(
                                                        options("Sum", MINUTE, "written")),
                                                table.metric(
                                                        "ThrottledRequests",
                                                        options("Sum", MINUTE, "throttled")))),
                                row(
                                        graph(
                                                "HTTP requests",
                                                http.metricCount(options("Sum", MINUTE, "all")),
                                                http.metricClientError(
                                                        options("Sum", MINUTE, "4xx")),
                                                http.metricServerError(
                                                        options("Sum", MINUTE, "5xx"))),
                                        graph(
                                                "HTTP latency (ms)",
                                                http.metricLatency(options("p50", MINUTE, "p50")),
                                                http.metricLatency(options("p99", MINUTE, "p99"))),
                                        graph(
                                                "WebSocket messages",
                                                socket.metric(
                                                        "MessageCount",
                                                        options("Sum", MINUTE, "messages")),
                                                socket.metric(
                                                        "IntegrationError",
                                                        options("Sum", MINUTE, "errors"))))))
                .build();
    }

    private static List<IWidget> row(IWidget... widgets) {
        return List.of(widgets);
    }

    private static IWidget graph(String title, IMetric... metrics) {
        return graph(title, Stream.of(metrics).toList());
    }

    private static IWidget graph(String title, List<IMetric> metrics) {
        return GraphWidget.Builder.create().title(title).width(8).left(metrics).build();
    }

    private static MetricOptions options(String statistic, Duration period, String label) {
        return MetricOptions.builder().statistic(statistic).period(period).label(label).build();
    }
}
