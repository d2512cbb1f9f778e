package io.penstock.store.aws;

import io.penstock.store.StoreException;
import java.time.Clock;
import java.time.Instant;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.Stream;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbResponse;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/// One table of DynamoDB, whose answers also tell the time. Thread-safe.
final class Table {

    /// Requests in one BatchWriteItem (API reference of BatchWriteItem).
    private static final int BATCH = 25;

    /// Items of one partition that are put at once: it takes 1,000 writes a second ("Designing
    /// partition keys").
    private static final int AT_ONCE = 4;

    private final DynamoDbClient client;
    private final String name;
    private final Clock local;
    private final ServerClock clock;

    Table(DynamoDbClient client, String name, Clock local) {
        this.client = client;
        this.name = name;
        this.local = local;
        this.clock = new ServerClock(local);
    }

    String name() {
        return name;
    }

    /// The table's time, as far as its answers tell.
    Clock clock() {
        return clock;
    }

    /// Does one request about an object.
    <T extends DynamoDbResponse> T ask(Object object, Function<DynamoDbClient, T> request) {
        return Aws.call(object, () -> timed(request));
    }

    /// Does one conditional write of an object.
    ///
    /// @return false when the condition does not hold; nothing has changed then
    boolean isMet(Object object, Function<DynamoDbClient, ? extends DynamoDbResponse> write) {
        return Aws.call(
                object,
                () -> {
                    try {
                        timed(write);
                        return true;
                    } catch (ConditionalCheckFailedException another) {
                        return false;
                    }
                });
    }

    /// Reads as many pages of a query as are wanted of it.
    <T> T query(
            Object object,
            QueryRequest.Builder query,
            Function<Stream<Map<String, AttributeValue>>, T> read) {
        QueryRequest request = query.tableName(name).build();
        return Aws.call(
                object,
                () -> {
                    Iterator<QueryResponse> pages = client.queryPaginator(request).iterator();
                    return read.apply(
                            Stream.generate(() -> pages)
                                    .takeWhile(Iterator::hasNext)
                                    .map(left -> timed(_ -> left.next()))
                                    .flatMap(page -> page.items().stream()));
                });
    }

    /// Puts items where there are none. One by one, since a BatchWriteItem knows no conditions: a
    /// request that was given up may arrive after others have gone on from what it wrote.
    void putNew(String object, List<Map<String, AttributeValue>> items) {
        List<Callable<Boolean>> puts =
                items.stream().<Callable<Boolean>>map(item -> () -> putNew(object, item)).toList();
        try (ExecutorService writers =
                Executors.newFixedThreadPool(
                        AT_ONCE, Thread.ofVirtual().name("puts-", 0).factory())) {
            for (Future<Boolean> put : writers.invokeAll(puts)) {
                put.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException(object + ": interrupted while they were written", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException failed
                    ? failed
                    : new IllegalStateException(e);
        }
    }

    private boolean putNew(String object, Map<String, AttributeValue> item) {
        return isMet(
                object,
                dynamo ->
                        dynamo.putItem(p ->
                                p.tableName(name)
                                        .item(item)
                                        .conditionExpression("attribute_not_exists(pk)")));
    }

    /// Writes in batches, and again what a batch has left out (API reference of BatchWriteItem).
    void writeAll(String object, List<WriteRequest> requests) {
        for (int from = 0; from < requests.size(); from += BATCH) {
            List<WriteRequest> left =
                    requests.subList(from, Math.min(from + BATCH, requests.size()));
            for (int attempt = 1; !left.isEmpty(); attempt++) {
                if (attempt > Aws.ATTEMPTS) {
                    throw new StoreException(
                            object + ": DynamoDB is too busy to write " + left.size() + " items");
                }
                if (attempt > 1) {
                    Aws.pause(object, attempt - 1);
                }
                Map<String, List<WriteRequest>> batch = Map.of(name, left);
                left =
                        ask(object, c -> c.batchWriteItem(b -> b.requestItems(batch)))
                                .unprocessedItems()
                                .getOrDefault(name, List.of());
            }
        }
    }

    private <T extends DynamoDbResponse> T timed(Function<DynamoDbClient, T> request) {
        Instant asked = local.instant();
        T answer = request.apply(client);
        Instant answered = local.instant();
        answer.sdkHttpResponse()
                .firstMatchingHeader("Date")
                .ifPresent(date -> clock.answered(date, asked, answered));
        return answer;
    }
}
