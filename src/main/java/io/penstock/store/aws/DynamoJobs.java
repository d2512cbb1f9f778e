package io.penstock.store.aws;

import io.penstock.store.Chunk;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import io.penstock.store.StoreException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/// Jobs and chunks in one table with the string keys `pk` and `sk`.
///
/// | item | pk | sk | attributes |
/// |---|---|---|---|
/// | job | `J#id` | `JOB` | `doc`, `version`, `writer`, `ttl`, `kind`, `created`, `live` while not terminal |
/// | chunk | `A#area` | `C#00000000` | `doc`, `version`, `writer`, `ttl` |
/// | open chunks | `A#area` | `OPEN#00000000` | the set `open`, absent when empty; `ttl` |
///
/// The index `created` has the keys `kind` and `created`, the index `live` the keys `live` and
/// `created`; both project everything. The set of open chunks is cut in blocks of [#BLOCK], so that
/// noting one chunk costs the same in a small job and in a large one and no item comes near the 400
/// KB that DynamoDB allows ("Service, account, and table quotas").
///
/// `writer` names one write. The SDK repeats a request whose answer was lost, and the repetition of
/// a conditional write that was carried out fails on its own condition; the name tells that from a
/// lost race.
final class DynamoJobs implements JobStore {

    /// Requests in one BatchWriteItem (API reference of BatchWriteItem).
    private static final int BATCH = 25;

    /// Chunks in one set: 1,000 numbers are below 6 KB.
    private static final int BLOCK = 1000;

    private static final String CHUNK = "C#";
    private static final String OPEN = "OPEN#";

    /// `open` and `ttl` are DynamoDB's words, or may become so.
    private static final Map<String, String> NAMES = Map.of("#open", "open", "#ttl", "ttl");

    private final DynamoDbClient client;
    private final String table;
    private final Clock clock;
    private final Duration chunkLife;

    /// @param chunkLife from its last write on, how long a chunk may be needed
    DynamoJobs(DynamoDbClient client, String table, Clock clock, Duration chunkLife) {
        this.client = client;
        this.table = table;
        this.clock = clock;
        this.chunkLife = chunkLife;
    }

    @Override
    public boolean create(Job job) {
        return write("job " + job.id(), item(job), "attribute_not_exists(pk)", Map.of());
    }

    @Override
    public Optional<Job> job(String id) {
        return item("job " + id, jobKey(id)).map(DynamoJobs::job).filter(this::isRetained);
    }

    @Override
    public boolean replace(Job next) {
        return write(
                "job " + next.id(), item(next), "version = :read", readVersion(next.version() - 1));
    }

    @Override
    public List<Job> jobs(@Nullable String after, int limit) {
        Map<String, AttributeValue> values = new HashMap<>();
        values.put(":kind", text("JOB"));
        String condition = "kind = :kind";
        if (after != null) {
            Optional<Map<String, AttributeValue>> last = item("job " + after, jobKey(after));
            if (last.isEmpty()) {
                return List.of();
            }
            values.put(":after", last.get().get("created"));
            condition += " AND created < :after";
        }
        return retained(
                QueryRequest.builder()
                        .tableName(table)
                        .indexName("created")
                        .keyConditionExpression(condition)
                        .expressionAttributeValues(values)
                        .scanIndexForward(false)
                        // Jobs that are past their retention take room in a page.
                        .limit(Math.clamp(limit + 10L, 1, 1000))
                        .build(),
                limit);
    }

    @Override
    public List<Job> live() {
        return retained(
                QueryRequest.builder()
                        .tableName(table)
                        .indexName("live")
                        .keyConditionExpression("live = :live")
                        .expressionAttributeValues(Map.of(":live", text("1")))
                        .build(),
                Integer.MAX_VALUE);
    }

    @Override
    public void delete(Job job) {
        String object = "job " + job.id();
        List<WriteRequest> deletions = new ArrayList<>();
        ask(
                object,
                () -> {
                    client.queryPaginator(
                                    area(job.area(), "").projectionExpression("pk, sk").build())
                            .items()
                            .forEach(key ->
                                    deletions.add(
                                            WriteRequest.builder()
                                                    .deleteRequest(d -> d.key(key))
                                                    .build()));
                    return deletions;
                });
        writeAll(object, deletions);
        ask(object, () -> client.deleteItem(d -> d.tableName(table).key(jobKey(job.id()))));
    }

    @Override
    public void addChunks(List<Chunk> chunks) {
        Map<Key, List<Integer>> blocks = new TreeMap<>();
        List<WriteRequest> puts = new ArrayList<>();
        for (Chunk chunk : chunks) {
            blocks.computeIfAbsent(block(chunk.area(), chunk.index()), b -> new ArrayList<>())
                    .add(chunk.index());
            puts.add(WriteRequest.builder().putRequest(p -> p.item(item(chunk))).build());
        }
        // Open first: an area that is stored in part is not taken for a finished one.
        blocks.forEach((block, indices) ->
                ask(
                        "chunks of " + chunks.getFirst().area(),
                        () ->
                                client.updateItem(u ->
                                        u.tableName(table)
                                                .key(block.attributes())
                                                .updateExpression(
                                                        "ADD #open :indices SET #ttl = :ttl")
                                                .expressionAttributeNames(NAMES)
                                                .expressionAttributeValues(
                                                        Map.of(
                                                                ":indices",
                                                                numbers(indices),
                                                                ":ttl",
                                                                chunkTtl())))));
        if (!chunks.isEmpty()) {
            writeAll("chunks of " + chunks.getFirst().area(), puts);
        }
    }

    @Override
    public Optional<Chunk> chunk(String area, int index) {
        return item(name(area, index), chunkKey(area, index).attributes()).map(DynamoJobs::chunk);
    }

    @Override
    public List<Chunk> chunks(String area) {
        return ask(
                "chunks of " + area,
                () ->
                        client.queryPaginator(area(area, CHUNK).build()).items().stream()
                                .map(DynamoJobs::chunk)
                                .toList());
    }

    @Override
    public boolean replace(Chunk next) {
        return write(
                name(next.area(), next.index()),
                item(next),
                "version = :read",
                readVersion(next.version() - 1));
    }

    @Override
    public boolean close(Job job, int index) {
        String object = name(job.area(), index);
        Map<String, AttributeValue> left =
                ask(
                                object,
                                () ->
                                        client.updateItem(u ->
                                                u.tableName(table)
                                                        .key(block(job.area(), index).attributes())
                                                        .updateExpression(
                                                                "DELETE #open :indices SET #ttl = :ttl")
                                                        .expressionAttributeNames(NAMES)
                                                        .expressionAttributeValues(
                                                                Map.of(
                                                                        ":indices",
                                                                        numbers(List.of(index)),
                                                                        ":ttl",
                                                                        chunkTtl()))
                                                        .returnValues("ALL_NEW")))
                        .attributes();
        // Whoever empties the last block reads after all have been emptied, so one of them sees it.
        return !left.containsKey("open")
                && ask(
                        object,
                        () ->
                                client
                                        .queryPaginator(area(job.area(), OPEN).build())
                                        .items()
                                        .stream()
                                        .noneMatch(block -> block.containsKey("open")));
    }

    private record Key(String pk, String sk) implements Comparable<Key> {

        Map<String, AttributeValue> attributes() {
            return Map.of("pk", text(pk), "sk", text(sk));
        }

        @Override
        public int compareTo(Key other) {
            int byArea = pk.compareTo(other.pk);
            return byArea == 0 ? sk.compareTo(other.sk) : byArea;
        }
    }

    private static Map<String, AttributeValue> jobKey(String id) {
        return new Key("J#" + id, "JOB").attributes();
    }

    private static Key chunkKey(String area, int index) {
        return new Key("A#" + area, CHUNK + eightDigits(index));
    }

    private static Key block(String area, int index) {
        return new Key("A#" + area, OPEN + eightDigits(index / BLOCK));
    }

    /// Sorts as the number does.
    private static String eightDigits(int number) {
        String digits = Integer.toString(number);
        return "0".repeat(Math.max(0, 8 - digits.length())) + digits;
    }

    private static String name(String area, int index) {
        return "chunk " + area + "/" + index;
    }

    private Map<String, AttributeValue> item(Job job) {
        Map<String, AttributeValue> item = new HashMap<>(jobKey(job.id()));
        item.put("doc", text(job.toJson()));
        item.put("version", number(job.version()));
        item.put("ttl", number(job.retainedUntil().getEpochSecond() + 1));
        item.put("kind", text("JOB"));
        item.put("created", text(created(job)));
        if (!job.status().isTerminal()) {
            item.put("live", text("1"));
        }
        return item;
    }

    private Map<String, AttributeValue> item(Chunk chunk) {
        Map<String, AttributeValue> item =
                new HashMap<>(chunkKey(chunk.area(), chunk.index()).attributes());
        item.put("doc", text(chunk.toJson()));
        item.put("version", number(chunk.version()));
        item.put("ttl", chunkTtl());
        return item;
    }

    private static String created(Job job) {
        return ordered(job.createdAt(), job.id());
    }

    /// Sorts as the time does, then as the id does.
    static String ordered(Instant at, String id) {
        String millis = Long.toString(at.toEpochMilli());
        return "0".repeat(Math.max(0, 15 - millis.length())) + millis + "#" + id;
    }

    private AttributeValue chunkTtl() {
        return number(clock.instant().plus(chunkLife).getEpochSecond());
    }

    private static Job job(Map<String, AttributeValue> item) {
        return Job.fromJson(doc(item));
    }

    private static Chunk chunk(Map<String, AttributeValue> item) {
        return Chunk.fromJson(doc(item));
    }

    private static String doc(Map<String, AttributeValue> item) {
        AttributeValue doc = item.get("doc");
        if (doc == null) {
            throw new StoreException("A stored record has no doc");
        }
        return doc.s();
    }

    private boolean isRetained(Job job) {
        return job.retainedUntil().isAfter(clock.instant());
    }

    private List<Job> retained(QueryRequest query, int limit) {
        return ask(
                "jobs",
                () ->
                        client.queryPaginator(query).items().stream()
                                .map(DynamoJobs::job)
                                .filter(this::isRetained)
                                .limit(limit)
                                .toList());
    }

    private Optional<Map<String, AttributeValue>> item(
            String object, Map<String, AttributeValue> key) {
        Map<String, AttributeValue> item =
                ask(
                                object,
                                () ->
                                        client.getItem(g ->
                                                g.tableName(table).key(key).consistentRead(true)))
                        .item();
        return item.isEmpty() ? Optional.empty() : Optional.of(item);
    }

    private QueryRequest.Builder area(String area, String start) {
        Map<String, AttributeValue> values = new HashMap<>();
        values.put(":pk", text("A#" + area));
        if (!start.isEmpty()) {
            values.put(":start", text(start));
        }
        return QueryRequest.builder()
                .tableName(table)
                .keyConditionExpression(
                        start.isEmpty() ? "pk = :pk" : "pk = :pk AND begins_with(sk, :start)")
                .expressionAttributeValues(values)
                .consistentRead(true);
    }

    private static Map<String, AttributeValue> readVersion(long version) {
        return Map.of(":read", number(version));
    }

    private boolean write(
            String object,
            Map<String, AttributeValue> item,
            String condition,
            Map<String, AttributeValue> values) {
        AttributeValue writer = text(UUID.randomUUID().toString());
        item.put("writer", writer);
        return ask(
                object,
                () -> {
                    try {
                        client.putItem(p -> {
                            p.tableName(table).item(item).conditionExpression(condition);
                            if (!values.isEmpty()) {
                                p.expressionAttributeValues(values);
                            }
                        });
                        return true;
                    } catch (ConditionalCheckFailedException e) {
                        return item(object, Map.of("pk", item.get("pk"), "sk", item.get("sk")))
                                .map(stored -> writer.equals(stored.get("writer")))
                                .orElse(false);
                    }
                });
    }

    /// Writes in batches, and again what a batch has left out (API reference of BatchWriteItem).
    private void writeAll(String object, List<WriteRequest> requests) {
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
                List<WriteRequest> batch = left;
                left =
                        ask(
                                        object,
                                        () ->
                                                client.batchWriteItem(
                                                        b -> b.requestItems(Map.of(table, batch))))
                                .unprocessedItems()
                                .getOrDefault(table, List.of());
            }
        }
    }

    private static <T> T ask(String object, Supplier<T> call) {
        try {
            return call.get();
        } catch (SdkException | UncheckedIOException e) {
            throw Aws.failed(object, e);
        }
    }

    private static AttributeValue text(String value) {
        return AttributeValue.fromS(value);
    }

    private static AttributeValue number(long value) {
        return AttributeValue.fromN(Long.toString(value));
    }

    private static AttributeValue numbers(List<Integer> values) {
        return AttributeValue.fromNs(values.stream().distinct().map(String::valueOf).toList());
    }
}
