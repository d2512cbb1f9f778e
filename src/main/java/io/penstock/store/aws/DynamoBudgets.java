package io.penstock.store.aws;

import io.penstock.store.Budget;
import io.penstock.store.BudgetStore;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import software.amazon.awssdk.core.SdkResponse;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;

/// Budgets in the table of the jobs, as items with the keys `B#name` and `BUDGET`.
final class DynamoBudgets implements BudgetStore {

    /// An unused budget says nothing after a minute; the rest is a margin.
    private static final Duration LIFE = Duration.ofDays(2);

    private final DynamoDbClient client;
    private final String table;
    private final Clock local;
    private final ServerClock clock;

    DynamoBudgets(DynamoDbClient client, String table, Clock local) {
        this.client = client;
        this.table = table;
        this.local = local;
        this.clock = new ServerClock(local);
    }

    @Override
    public boolean isShared() {
        return true;
    }

    @Override
    public Optional<Budget> budget(String name) {
        Map<String, AttributeValue> item =
                ask(
                                name,
                                () ->
                                        client.getItem(g ->
                                                g.tableName(table)
                                                        .key(key(name))
                                                        .consistentRead(true)))
                        .item();
        AttributeValue doc = item.get("doc");
        return doc == null ? Optional.empty() : Optional.of(Budget.fromJson(doc.s()));
    }

    @Override
    public boolean replace(Budget next) {
        Map<String, AttributeValue> item = new HashMap<>(key(next.name()));
        item.put("doc", AttributeValue.fromS(next.toJson()));
        item.put("version", number(next.version()));
        item.put("ttl", number(local.instant().plus(LIFE).getEpochSecond()));
        try {
            ask(
                    next.name(),
                    () ->
                            client.putItem(p -> {
                                p.tableName(table).item(item);
                                if (next.version() == 1) {
                                    p.conditionExpression("attribute_not_exists(pk)");
                                } else {
                                    p.conditionExpression("version = :read")
                                            .expressionAttributeValues(
                                                    Map.of(":read", number(next.version() - 1)));
                                }
                            }));
            return true;
        } catch (ConditionalCheckFailedException another) {
            return false;
        }
    }

    @Override
    public Clock clock() {
        return clock;
    }

    private <T extends SdkResponse> T ask(String name, Supplier<T> request) {
        Instant asked = local.instant();
        try {
            T answer = request.get();
            Instant answered = local.instant();
            answer.sdkHttpResponse()
                    .firstMatchingHeader("Date")
                    .ifPresent(date -> clock.answered(date, asked, answered));
            return answer;
        } catch (ConditionalCheckFailedException another) {
            throw another;
        } catch (SdkException | UncheckedIOException e) {
            throw Aws.failed("budget " + name, e);
        }
    }

    private static Map<String, AttributeValue> key(String name) {
        return Map.of(
                "pk", AttributeValue.fromS("B#" + name), "sk", AttributeValue.fromS("BUDGET"));
    }

    private static AttributeValue number(long value) {
        return AttributeValue.fromN(Long.toString(value));
    }
}
