package io.penstock.store.aws;

import io.penstock.store.FileStore;
import io.penstock.store.StoreException;
import io.penstock.store.StoredFile;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;

/// Files in the table of [DynamoJobs], with its index `created`.
///
/// | item | pk | sk | attributes |
/// |---|---|---|---|
/// | file | `F#id` | `FILE` | `doc`, `ttl`, `kind` = `FILE`, `created` |
///
/// What has expired DynamoDB removes by its `ttl`, and S3 its content by the bucket's rule; both in
/// their own time.
final class DynamoFiles implements FileStore {

    private static final String FILE = "FILE";

    private final DynamoDbClient client;
    private final String table;
    private final Clock clock;

    DynamoFiles(DynamoDbClient client, String table, Clock clock) {
        this.client = client;
        this.table = table;
        this.clock = clock;
    }

    @Override
    public void put(StoredFile file) {
        ask(file.id(), () -> client.putItem(p -> p.tableName(table).item(item(file))));
    }

    @Override
    public boolean replace(StoredFile file) {
        return ask(
                file.id(),
                () -> {
                    try {
                        client.putItem(p ->
                                p.tableName(table)
                                        .item(item(file))
                                        .conditionExpression("attribute_exists(pk)"));
                        return true;
                    } catch (ConditionalCheckFailedException gone) {
                        return false;
                    }
                });
    }

    @Override
    public Optional<StoredFile> file(String id) {
        return stored(id).map(DynamoFiles::file).filter(this::isRetained);
    }

    @Override
    public List<StoredFile> files(@Nullable String after, int limit, boolean oldestFirst) {
        Map<String, AttributeValue> values = new HashMap<>();
        values.put(":kind", text(FILE));
        String condition = "kind = :kind";
        if (after != null) {
            Optional<Map<String, AttributeValue>> last = stored(after);
            if (last.isEmpty()) {
                return List.of();
            }
            values.put(":after", last.get().get("created"));
            condition += " AND created " + (oldestFirst ? ">" : "<") + " :after";
        }
        QueryRequest query =
                QueryRequest.builder()
                        .tableName(table)
                        .indexName("created")
                        .keyConditionExpression(condition)
                        .expressionAttributeValues(values)
                        .scanIndexForward(oldestFirst)
                        .limit(Math.clamp(limit + 10L, 1, 1000))
                        .build();
        return ask(
                "files",
                () ->
                        client.queryPaginator(query).items().stream()
                                .map(DynamoFiles::file)
                                .filter(this::isRetained)
                                .limit(limit)
                                .toList());
    }

    @Override
    public void delete(String id) {
        ask(id, () -> client.deleteItem(d -> d.tableName(table).key(key(id))));
    }

    private Optional<Map<String, AttributeValue>> stored(String id) {
        Map<String, AttributeValue> item =
                ask(
                                id,
                                () ->
                                        client.getItem(g ->
                                                g.tableName(table)
                                                        .key(key(id))
                                                        .consistentRead(true)))
                        .item();
        return item.isEmpty() ? Optional.empty() : Optional.of(item);
    }

    private static Map<String, AttributeValue> item(StoredFile file) {
        Map<String, AttributeValue> item = new HashMap<>(key(file.id()));
        item.put("doc", text(file.toJson()));
        item.put("kind", text(FILE));
        item.put("created", text(DynamoJobs.ordered(file.createdAt(), file.id())));
        item.put("ttl", ttl(file));
        return item;
    }

    private static StoredFile file(Map<String, AttributeValue> item) {
        AttributeValue doc = item.get("doc");
        if (doc == null) {
            throw new StoreException("A stored file has no doc");
        }
        return StoredFile.fromJson(doc.s());
    }

    private boolean isRetained(StoredFile file) {
        return file.expiresAt().isAfter(clock.instant());
    }

    private static Map<String, AttributeValue> key(String id) {
        return Map.of("pk", text("F#" + id), "sk", text(FILE));
    }

    private static AttributeValue ttl(StoredFile file) {
        return AttributeValue.fromN(Long.toString(file.expiresAt().getEpochSecond() + 1));
    }

    private static <T> T ask(String object, Supplier<T> call) {
        try {
            return call.get();
        } catch (SdkException e) {
            throw Aws.failed("file " + object, e);
        }
    }

    private static AttributeValue text(String value) {
        return AttributeValue.fromS(value);
    }
}
