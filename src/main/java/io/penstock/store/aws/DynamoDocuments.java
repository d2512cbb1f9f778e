package io.penstock.store.aws;

import io.penstock.store.Document;
import io.penstock.store.Document.Key;
import io.penstock.store.Documents;
import io.penstock.store.Kind;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/// Documents in one table with the string keys `pk` and `sk`.
///
/// | item | pk | sk | attributes |
/// |---|---|---|---|
/// | document | prefix and group | prefix and name | `doc`, `version`, `writer`, `ends`, `ttl` |
/// | … in a list | | | `kind`, `created`; `live` while it is live |
/// | open documents | as theirs | `OPEN#00000000` | the set `open`, absent when empty; `ttl` |
///
/// The index `created` has the keys `kind` and `created`, the index `live` the keys `live` and
/// `created`; both project everything. The set of open documents is cut in blocks of [#BLOCK], so
/// that noting one costs the same in a small group and in a large one and no item comes near the
/// 400 KB that DynamoDB allows ("Service, account, and table quotas").
///
/// `writer` names one write. The SDK repeats a request whose answer was lost; the repetition of a
/// write that was carried out finds its own name and is carried out once more, where another's
/// version would be a lost race.
///
/// DynamoDB removes by its `ttl` what is past its end, in its own time.
final class DynamoDocuments implements Documents {

    /// Numbers in one set: 1,000 are below 6 KB.
    private static final int BLOCK = 1000;

    /// `open` and `ttl` are DynamoDB's words, or may become so.
    private static final Map<String, String> NAMES = Map.of("#open", "open", "#ttl", "ttl");

    private final Table table;

    DynamoDocuments(Table table) {
        this.table = table;
    }

    @Override
    public boolean isShared() {
        return true;
    }

    @Override
    public Clock clock() {
        return table.clock();
    }

    @Override
    public Optional<String> read(Key key) {
        return text(item(key, true));
    }

    /// An eventually consistent read takes half a read unit ("Read consistency").
    @Override
    public Optional<String> glance(Key key) {
        return text(item(key, false));
    }

    private Optional<String> text(Map<String, AttributeValue> item) {
        return counts(item) ? Optional.of(Items.doc(item)) : Optional.empty();
    }

    @Override
    public long count(Key key, Instant until) {
        AttributeValue count =
                table.ask(
                                key,
                                dynamo ->
                                        dynamo.updateItem(u ->
                                                u.tableName(table.name())
                                                        .key(Items.key(key))
                                                        .updateExpression(
                                                                "ADD version :one SET #ttl = :ttl")
                                                        .expressionAttributeNames(
                                                                Map.of("#ttl", "ttl"))
                                                        .expressionAttributeValues(
                                                                Map.of(
                                                                        ":one",
                                                                        Items.number(1),
                                                                        ":ttl",
                                                                        Items.ttl(until)))
                                                        .returnValues("UPDATED_NEW")))
                        .attributes()
                        .get("version");
        return count == null ? 0 : Long.parseLong(count.n());
    }

    @Override
    public boolean write(Document next) {
        AttributeValue writer = writer();
        Map<String, AttributeValue> item = Items.of(next);
        item.put("writer", writer);
        boolean isNew = next.version() == 1;
        AttributeValue bound = isNew ? now() : Items.number(next.version() - 1);
        return table.isMet(
                next.key(),
                dynamo ->
                        dynamo.putItem(p ->
                                p.tableName(table.name())
                                        .item(item)
                                        .conditionExpression(
                                                isNew
                                                        ? "attribute_not_exists(pk) OR ends <= :bound"
                                                                + " OR writer = :writer"
                                                        : "version = :bound OR writer = :writer")
                                        .expressionAttributeValues(
                                                Map.of(":bound", bound, ":writer", writer))));
    }

    @Override
    public boolean amend(Key key, String text) {
        return table.isMet(
                key,
                dynamo ->
                        dynamo.updateItem(u ->
                                u.tableName(table.name())
                                        .key(Items.key(key))
                                        .updateExpression(
                                                "SET doc = :doc, writer = :writer ADD version :one")
                                        .conditionExpression("ends > :now")
                                        .expressionAttributeValues(
                                                Map.of(
                                                        ":doc",
                                                        Items.text(text),
                                                        ":writer",
                                                        writer(),
                                                        ":one",
                                                        Items.number(1),
                                                        ":now",
                                                        now()))));
    }

    @Override
    public void put(Document document) {
        table.ask(
                document.key(),
                dynamo -> dynamo.putItem(p -> p.tableName(table.name()).item(Items.of(document))));
    }

    @Override
    public void putOpen(List<Document> documents) {
        if (documents.isEmpty()) {
            return;
        }
        Document first = documents.getFirst();
        Map<Integer, List<String>> blocks = new TreeMap<>();
        for (Document document : documents) {
            int number = document.key().number();
            blocks.computeIfAbsent(number / BLOCK, _ -> new ArrayList<>())
                    .add(Integer.toString(number));
        }
        // The set of open documents first, so that a group that is stored in part is not taken for
        // a finished one.
        blocks.forEach(
                (block, numbers) -> updateOpen(first.key(), block, "ADD", numbers, first.until()));
        table.putNew(
                all(first.key().kind(), first.key().group()),
                documents.stream().map(Items::of).toList());
    }

    @Override
    public boolean close(Key key, Instant until) {
        int number = key.number();
        Map<String, AttributeValue> left =
                updateOpen(key, number / BLOCK, "DELETE", List.of(Integer.toString(number)), until);
        // The process that empties the last block reads after all have been emptied, so one process
        // sees it.
        return !left.containsKey("open")
                && table.query(
                        key,
                        group(key.kind(), key.group(), Items.OPEN),
                        blocks -> blocks.noneMatch(block -> block.containsKey("open")));
    }

    @Override
    public List<String> group(Kind kind, String group) {
        return docs(all(kind, group), group(kind, group, kind.prefix()), Integer.MAX_VALUE);
    }

    @Override
    public List<String> list(Kind kind, @Nullable Key after, int limit, boolean oldestFirst) {
        Map<String, AttributeValue> values = new HashMap<>();
        values.put(":kind", Items.text(kind.name()));
        String condition = "kind = :kind";
        if (after != null) {
            AttributeValue position = item(after, true).get("created");
            if (position == null) {
                return List.of();
            }
            values.put(":after", position);
            condition += " AND created " + (oldestFirst ? ">" : "<") + " :after";
        }
        return docs(
                kind.word() + "s",
                QueryRequest.builder()
                        .indexName("created")
                        .keyConditionExpression(condition)
                        .expressionAttributeValues(values)
                        .scanIndexForward(oldestFirst)
                        // Ten more: documents past their end take room in a page.
                        .limit(Math.clamp(limit + 10L, 1, 1000)),
                limit);
    }

    @Override
    public List<String> live(Kind kind, @Nullable String after, int limit) {
        return docs(
                kind.word() + "s",
                QueryRequest.builder()
                        .indexName("live")
                        .keyConditionExpression("live = :kind AND created > :after")
                        .expressionAttributeValues(
                                Map.of(
                                        ":kind",
                                        Items.text(kind.name()),
                                        ":after",
                                        Items.text(after == null ? "0" : after)))
                        // Those that are past their end take room in a page.
                        .limit(Math.clamp(limit + 10L, 1, 1000)),
                limit);
    }

    /// DynamoDB removes them, and S3 their payloads.
    @Override
    public List<String> outlived(Kind kind) {
        return List.of();
    }

    @Override
    public void delete(Key key) {
        table.ask(
                key,
                dynamo -> dynamo.deleteItem(d -> d.tableName(table.name()).key(Items.key(key))));
    }

    @Override
    public void deleteGroup(Kind kind, String group) {
        String object = all(kind, group);
        List<WriteRequest> deletions =
                table.query(
                        object,
                        group(kind, group, "").projectionExpression("pk, sk"),
                        keys ->
                                keys.map(key ->
                                                WriteRequest.builder()
                                                        .deleteRequest(d -> d.key(key))
                                                        .build())
                                        .toList());
        table.writeAll(object, deletions);
    }

    /// @return what is left in the block
    private Map<String, AttributeValue> updateOpen(
            Key one, int block, String verb, List<String> numbers, Instant until) {
        return table.ask(
                        one,
                        dynamo ->
                                dynamo.updateItem(u ->
                                        u.tableName(table.name())
                                                .key(Items.openKey(one.kind(), one.group(), block))
                                                .updateExpression(
                                                        verb + " #open :numbers SET #ttl = :ttl")
                                                .expressionAttributeNames(NAMES)
                                                .expressionAttributeValues(
                                                        Map.of(
                                                                ":numbers",
                                                                AttributeValue.fromNs(numbers),
                                                                ":ttl",
                                                                Items.ttl(until)))
                                                .returnValues("ALL_NEW")))
                .attributes();
    }

    private List<String> docs(String object, QueryRequest.Builder query, int limit) {
        return table.query(
                object,
                query,
                items -> items.filter(this::counts).map(Items::doc).limit(limit).toList());
    }

    /// @param start of the names that are wanted; empty for all
    private static QueryRequest.Builder group(Kind kind, String group, String start) {
        Map<String, AttributeValue> values = new HashMap<>();
        values.put(":pk", Items.partition(kind, group));
        if (!start.isEmpty()) {
            values.put(":start", Items.text(start));
        }
        return QueryRequest.builder()
                .keyConditionExpression(
                        start.isEmpty() ? "pk = :pk" : "pk = :pk AND begins_with(sk, :start)")
                .expressionAttributeValues(values)
                .consistentRead(true);
    }

    /// @return empty when there is none
    private Map<String, AttributeValue> item(Key key, boolean isConsistent) {
        return table.ask(
                        key,
                        dynamo ->
                                dynamo.getItem(g ->
                                        g.tableName(table.name())
                                                .key(Items.key(key))
                                                .consistentRead(isConsistent)))
                .item();
    }

    private boolean counts(Map<String, AttributeValue> item) {
        AttributeValue ends = item.get("ends");
        return ends != null && Long.parseLong(ends.n()) > clock().millis();
    }

    private static String all(Kind kind, String group) {
        return kind.word() + "s of " + group;
    }

    private static AttributeValue writer() {
        return Items.text(UUID.randomUUID().toString());
    }

    private AttributeValue now() {
        return Items.number(clock().millis());
    }
}
