package io.penstock.store.aws;

import io.penstock.store.StreamNotes;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;

/// Notes as items with the keys `S#connection` and `S#id` in the table of the jobs.
final class DynamoStreams implements StreamNotes {

    private static final String PREFIX = "S#";

    /// How long the item of a process that died is kept; `ends` counts, this only tidies up.
    private static final Duration LIFE = Duration.ofHours(1);

    private static final AttributeValue TRUE = AttributeValue.fromBool(true);

    private final DynamoDbClient client;
    private final String table;
    private final Clock clock;

    DynamoStreams(DynamoDbClient client, String table, Clock clock) {
        this.client = client;
        this.table = table;
        this.clock = clock;
    }

    @Override
    public boolean begin(Stream stream, Instant ends) {
        AttributeValue writer = AttributeValue.fromS(UUID.randomUUID().toString());
        Map<String, AttributeValue> item =
                Map.of(
                        "pk", AttributeValue.fromS(PREFIX + stream.connection()),
                        "sk", AttributeValue.fromS(PREFIX + stream.id()),
                        "ends", millis(ends),
                        // So that a repetition by the SDK, whose first answer was lost, is not
                        // taken for another's prompt.
                        "writer", writer,
                        "ttl",
                                AttributeValue.fromN(
                                        Long.toString(ends.plus(LIFE).getEpochSecond())));
        return isMet(
                stream.connection(),
                () ->
                        client.putItem(p ->
                                p.tableName(table)
                                        .item(item)
                                        .conditionExpression(
                                                "attribute_not_exists(pk) OR ends < :now OR writer ="
                                                        + " :writer")
                                        .expressionAttributeValues(
                                                Map.of(
                                                        ":now",
                                                        millis(clock.instant()),
                                                        ":writer",
                                                        writer))));
    }

    @Override
    public boolean cancel(Stream stream) {
        return cancel(key(stream), stream.connection());
    }

    @Override
    public void cancelAll(String connection) {
        ask(
                        connection,
                        () ->
                                client.query(q ->
                                        q.tableName(table)
                                                .keyConditionExpression("pk = :pk")
                                                .projectionExpression("pk, sk")
                                                .expressionAttributeValues(
                                                        Map.of(
                                                                ":pk",
                                                                AttributeValue.fromS(
                                                                        PREFIX + connection)))))
                .items()
                .forEach(key -> cancel(key, connection));
    }

    @Override
    public boolean isCancelled(Stream stream) {
        return ask(
                        stream.connection(),
                        () ->
                                client.getItem(g ->
                                        g.tableName(table)
                                                .key(key(stream))
                                                .consistentRead(true)
                                                .projectionExpression("cancelled")))
                .item()
                .containsKey("cancelled");
    }

    @Override
    public void end(Stream stream) {
        ask(stream.connection(), () -> client.deleteItem(d -> d.tableName(table).key(key(stream))));
    }

    private boolean cancel(Map<String, AttributeValue> key, String connection) {
        return isMet(
                connection,
                () ->
                        client.updateItem(u ->
                                u.tableName(table)
                                        .key(key)
                                        .updateExpression("SET cancelled = :true")
                                        .conditionExpression("ends >= :now")
                                        .expressionAttributeValues(
                                                Map.of(
                                                        ":true",
                                                        TRUE,
                                                        ":now",
                                                        millis(clock.instant())))));
    }

    /// Whether a write's condition holds.
    private static boolean isMet(String connection, Runnable write) {
        return ask(
                connection,
                () -> {
                    try {
                        write.run();
                        return true;
                    } catch (ConditionalCheckFailedException _) {
                        return false;
                    }
                });
    }

    private static <T> T ask(String connection, Supplier<T> request) {
        try {
            return request.get();
        } catch (SdkException | UncheckedIOException e) {
            throw Aws.failed("connection " + connection, e);
        }
    }

    private static Map<String, AttributeValue> key(Stream stream) {
        return Map.of(
                "pk", AttributeValue.fromS(PREFIX + stream.connection()),
                "sk", AttributeValue.fromS(PREFIX + stream.id()));
    }

    private static AttributeValue millis(Instant time) {
        return AttributeValue.fromN(Long.toString(time.toEpochMilli()));
    }
}
