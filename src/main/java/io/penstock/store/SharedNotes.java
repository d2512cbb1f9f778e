package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;

/// Notes as documents of a store that processes share.
final class SharedNotes implements StreamNotes {

    private final Documents documents;
    private final AtomicBoolean knowsTime = new AtomicBoolean();

    SharedNotes(Documents documents) {
        this.documents = documents;
    }

    @Override
    public boolean begin(Stream stream, Duration longest) {
        if (!knowsTime.getAndSet(true)) {
            // The store's first answer says how wrong this process's clock is.
            documents.read(key(stream));
        }
        Instant ends = documents.clock().instant().plus(longest);
        return documents.write(new Document(key(stream), 1, ends, text(stream, false)));
    }

    @Override
    public boolean cancel(Stream stream) {
        return documents.amend(key(stream), text(stream, true));
    }

    @Override
    public void cancelAll(String connection) {
        for (String note : documents.group(Kind.STREAM, connection)) {
            cancel(new Stream(connection, StoredJson.parse(note).path("id").asText()));
        }
    }

    @Override
    public boolean isCancelled(Stream stream) {
        return documents
                .read(key(stream))
                .map(note -> StoredJson.parse(note).path("cancelled"))
                .map(JsonNode::booleanValue)
                .orElse(false);
    }

    @Override
    public void end(Stream stream) {
        documents.delete(key(stream));
    }

    private static String text(Stream stream, boolean cancelled) {
        return StoredJson.MAPPER
                .createObjectNode()
                .put("id", stream.id())
                .put("cancelled", cancelled)
                .toString();
    }

    private static Document.Key key(Stream stream) {
        return new Document.Key(Kind.STREAM, stream.connection(), stream.id());
    }
}
