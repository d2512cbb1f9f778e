package io.penstock.store.aws;

import io.penstock.store.Document;
import io.penstock.store.Document.Key;
import io.penstock.store.Kind;
import io.penstock.store.StoreException;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// Documents as items of a table, as [DynamoDocuments] describes them.
final class Items {

    /// What the names of blocks of open documents begin with.
    static final String OPEN = "OPEN#";

    private Items() {}

    static Map<String, AttributeValue> of(Document document) {
        Map<String, AttributeValue> item = new HashMap<>(key(document.key()));
        item.put("doc", text(document.text()));
        item.put("version", number(document.version()));
        item.put("ends", number(document.until().toEpochMilli()));
        item.put("ttl", ttl(document.until()));
        if (document.position() != null) {
            item.put("kind", text(document.key().kind().name()));
            item.put("created", text(document.position()));
            if (document.live()) {
                item.put("live", text(document.key().kind().name()));
            }
        }
        return item;
    }

    /// The text of a document.
    static String doc(Map<String, AttributeValue> item) {
        AttributeValue doc = item.get("doc");
        if (doc == null) {
            throw new StoreException("A stored record has no doc");
        }
        return doc.s();
    }

    static Map<String, AttributeValue> key(Key key) {
        return Map.of(
                "pk",
                partition(key.kind(), key.group()),
                "sk",
                text(key.kind().prefix() + key.name()));
    }

    /// The key of a block of open documents.
    static Map<String, AttributeValue> openKey(Kind kind, String group, int block) {
        return Map.of(
                "pk",
                partition(kind, group),
                "sk",
                text(OPEN + Key.numbered(kind, group, block).name()));
    }

    static AttributeValue partition(Kind kind, String group) {
        return text(kind.prefix() + group);
    }

    static AttributeValue ttl(Instant until) {
        return number(until.getEpochSecond() + 1);
    }

    static AttributeValue text(String value) {
        return AttributeValue.fromS(value);
    }

    static AttributeValue number(long value) {
        return AttributeValue.fromN(Long.toString(value));
    }
}
