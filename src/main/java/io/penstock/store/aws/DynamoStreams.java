package io.penstock.store.aws;

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

/// The prompts that run for connections of a WebSocket API, so that a process can end one that runs
/// in another: items with the keys `S#connection` and `S#id` in the table of the jobs. Thread-safe,
/// and safe between processes.
///
/// Every method throws [StoreException] when the table cannot be reached; trying again later makes
/// sense.
public final class DynamoStreams {

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

    /// One prompt of a connection.
    ///
    /// @param id unique among those of the connection that run; may be empty
    public record Stream(String connection, String id) {}

    /// Notes that a prompt begins.
    ///
    /// @param ends when it has ended for certain, also if nobody says so
    /// @return false when the connection has one with this id running; nothing has changed then
    public boolean begin(Stream stream, Instant ends) {
        AttributeValue writer = AttributeValue.fromS(UUID.randomUUID().toString());
        Map<String, AttributeValue> item =
                Map.of(
                        "pk", AttributeValue.fromS(PREFIX + stream.connection),
                        "sk", AttributeValue.fromS(PREFIX + stream.id),
                        "ends", millis(ends),
                        // So that a repetition by the SDK, whose first answer was lost, is not
                        // taken for another's prompt.
                        "writer", writer,
                        "ttl",
                                AttributeValue.fromN(
                                        Long.toString(ends.plus(LIFE).getEpochSecond())));
        return isMet(
                stream.connection,
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

    /// Asks the process that runs a prompt to end it.
    ///
    /// @return false when none does
    public boolean cancel(Stream stream) {
        return cancel(key(stream), stream.connection);
    }

    /// Asks the processes that run a connection's prompts to end them.
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

    /// Whether somebody has asked to end this prompt.
    public boolean isCancelled(Stream stream) {
        return ask(
                        stream.connection,
                        () ->
                                client.getItem(g ->
                                        g.tableName(table)
                                                .key(key(stream))
                                                .consistentRead(true)
                                                .projectionExpression("cancelled")))
                .item()
                .containsKey("cancelled");
    }

    /// Notes that a prompt has ended.
    public void end(Stream stream) {
        ask(stream.connection, () -> client.deleteItem(d -> d.tableName(table).key(key(stream))));
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
                "pk", AttributeValue.fromS(PREFIX + stream.connection),
                "sk", AttributeValue.fromS(PREFIX + stream.id));
    }

    private static AttributeValue millis(Instant time) {
        return AttributeValue.fromN(Long.toString(time.toEpochMilli()));
    }
}
