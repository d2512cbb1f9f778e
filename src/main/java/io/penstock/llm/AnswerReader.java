package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads one answer of a provider's: bytes in, an [Outcome] out, whole and streamed alike.
///
/// The bytes alone say in which form an answer comes, one JSON document, server-sent events, or
/// chunks on a line each, whatever its media type is and whatever was asked for. It never throws
/// but for what the taker of deltas throws; what is not a whole answer is a [Failure]. Not
/// thread-safe.
final class AnswerReader {

    /// Of something that is no answer, so much is kept.
    private static final int OTHER_MAX = 64 * 1024;

    /// A byte order mark in UTF-8.
    private static final int MARK_BYTES = 3;

    /// A first line that is longer is no chunk's.
    private static final int LINE_MAX = 64 * 1024;

    private enum Framing {
        UNKNOWN,
        JSON,
        EVENTS,
        OTHER
    }

    private final Answer answer;
    private final Exchange.Head head;
    private final Endpoint endpoint;
    private final long maxBytes;

    private Events events = new Events();
    private Buffer begun = Buffer.buffer();
    private Framing form = Framing.UNKNOWN;
    private boolean hasLine;
    private int lineEnd;
    private long size;
    private boolean isDone;
    private @Nullable Failure failure;

    /// @param answer takes what is read
    /// @param maxBytes a longer answer is a failure
    AnswerReader(Answer answer, Exchange.Head head, Endpoint endpoint, long maxBytes) {
        this.answer = answer;
        this.head = head;
        this.endpoint = endpoint;
        this.maxBytes = maxBytes;
        if (head.coding() == Coding.UNKNOWN) {
            failure = ProviderFailure.unknownEncoding(head.headers().getAll(Coding.HEADER));
        }
    }

    /// Takes the next bytes.
    ///
    /// @return whether more are wanted
    boolean add(Buffer bytes) {
        if (failure != null || isDone) {
            return false;
        }
        long room = maxBytes - size;
        size += bytes.length();
        if (size <= maxBytes) {
            take(bytes);
        } else {
            // Wherever the bytes are cut, the same of them are read.
            take(bytes.slice(0, (int) room));
            failure = failure == null && !isDone ? ProviderFailure.tooLong(maxBytes) : failure;
        }
        return failure == null && !isDone;
    }

    private void take(Buffer bytes) {
        switch (form) {
            case EVENTS -> readEvents(bytes);
            case JSON, OTHER -> keep(bytes);
            case UNKNOWN -> {
                begun.appendBuffer(bytes);
                form = formOf(begun);
                if (form == Framing.EVENTS) {
                    readEvents(begun);
                } else if (form == Framing.UNKNOWN && begun.length() >= MARK_BYTES) {
                    // Nothing but white space, which some servers send while one waits.
                    begun = Buffer.buffer();
                }
            }
        }
        if (form == Framing.JSON && !hasLine) {
            lookForLines();
        }
    }

    /// Some servers leave out the words of server-sent events. A chunk on the first line says so.
    private void lookForLines() {
        lineEnd = Math.max(lineEnd, start(begun));
        while (lineEnd < begun.length() && begun.getByte(lineEnd) != '\n') {
            lineEnd++;
        }
        hasLine = lineEnd < begun.length() || lineEnd > LINE_MAX;
        if (lineEnd == begun.length()) {
            return;
        }
        String line = ProviderJson.decoded(begun.getBytes(start(begun), lineEnd));
        if (line != null && line.contains("\"delta\"") && areChunks(ProviderJson.values(line))) {
            form = Framing.EVENTS;
            events = new Events(true);
            readEvents(begun);
        }
    }

    private static boolean areChunks(ProviderJson.Values values) {
        return isOver(values.rest())
                && values.list().stream()
                        .anyMatch(one -> one.node().path("choices").path(0).has("delta"))
                && values.list().stream().noneMatch(one -> isWhole(one.node()));
    }

    /// Some proxies end a document as if it were a stream.
    private static boolean isOver(String rest) {
        return rest.isEmpty() || isDone(rest) || rest.equals("data: [DONE]");
    }

    /// Whether the provider has said that nothing more comes.
    boolean isDone() {
        return isDone;
    }

    /// The answer, at the end of its bytes.
    ///
    /// @param isBroken whether the bytes broke off instead of coming to their end
    Outcome end(boolean isBroken) {
        if (failure == null) {
            failure =
                    switch (form) {
                        case EVENTS -> isBroken ? unlessWhole() : readLastEvent();
                        case JSON -> isBroken ? ProviderFailure.cut() : readWhole();
                        case OTHER, UNKNOWN -> isBroken ? ProviderFailure.cut() : none();
                    };
        }
        return failure != null ? failure : answer.end(isDone);
    }

    private @Nullable Failure unlessWhole() {
        return isDone || answer.isSureToBeWhole() ? null : ProviderFailure.cut();
    }

    /// The standard drops an event that the end cuts off; but where the bytes came to their end,
    /// all that is missing is an empty line.
    private @Nullable Failure readLastEvent() {
        events.end();
        Events.Event last = isDone ? null : events.next();
        return last == null ? null : read(last);
    }

    private void keep(Buffer bytes) {
        if (form == Framing.JSON || begun.length() < OTHER_MAX) {
            begun.appendBuffer(bytes);
        }
    }

    /// The form that an answer's first character means.
    private static Framing formOf(Buffer bytes) {
        int at = start(bytes);
        if (at >= bytes.length()) {
            return Framing.UNKNOWN;
        }
        return switch (bytes.getByte(at)) {
            case '{', '[' -> Framing.JSON;
            // data, event, id, retry, or a comment.
            case 'd', 'e', 'i', 'r', ':' -> Framing.EVENTS;
            default -> Framing.OTHER;
        };
    }

    /// Where the first character is, behind a byte order mark and white space.
    private static int start(Buffer bytes) {
        int at = 0;
        if (bytes.length() > 0 && bytes.getByte(0) == (byte) 0xEF) {
            at = MARK_BYTES;
        }
        while (at < bytes.length() && " \t\r\n".indexOf(bytes.getByte(at)) >= 0) {
            at++;
        }
        return at;
    }

    private Failure none() {
        String text = ProviderJson.decoded(begun.getBytes());
        if (text != null && text.strip().startsWith("<")) {
            return ProviderFailure.page(endpoint);
        }
        return ProviderFailure.notJson();
    }

    private @Nullable Failure readWhole() {
        String text = ProviderJson.decoded(begun.getBytes());
        if (text == null) {
            return ProviderFailure.notJson();
        }
        ProviderJson.Values values =
                ProviderJson.values(text.startsWith("\uFEFF") ? text.substring(1) : text);
        if (areChunks(values)) {
            isDone = !values.rest().isEmpty();
            return readChunks(values.list(), false);
        }
        boolean isOver = isOver(values.rest());
        if (values.list().size() != 1 || !isOver) {
            return isOver && values.list().stream().noneMatch(one -> one.node().has("choices"))
                    ? ProviderFailure.noChoices(endpoint)
                    : ProviderFailure.notJson();
        }
        isDone = true;
        ProviderJson.Value value = values.list().getFirst();
        return refused(value, false) instanceof Failure refused ? refused : answer.whole(value);
    }

    private void readEvents(Buffer bytes) {
        events.add(bytes);
        for (Events.Event event = events.next();
                event != null && failure == null && !isDone;
                event = events.next()) {
            failure = read(event);
        }
    }

    private @Nullable Failure read(Events.Event event) {
        String data = event.data();
        if (data == null) {
            return ProviderFailure.notJson();
        }
        if (data.startsWith(":") && !data.contains(Events.CHUNK)) {
            // A comment that a gateway has passed on as data.
            return null;
        }
        boolean isError = event.name().equals("error");
        ProviderJson.Values values = ProviderJson.values(data);
        boolean isLast = isDone(values.rest());
        if (!isLast && !values.rest().isEmpty()) {
            return isError
                    ? ProviderFailure.inside(head, null, endpoint)
                    : ProviderFailure.notJson();
        }
        Failure refused = readChunks(values.list(), isError);
        isDone = isLast && refused == null;
        return refused;
    }

    private static boolean isDone(String text) {
        return text.equalsIgnoreCase("[DONE]");
    }

    private @Nullable Failure readChunks(List<ProviderJson.Value> values, boolean isError) {
        for (ProviderJson.Value value : values) {
            if (value.node().isNull() || isDone(value.node().asText())) {
                continue;
            }
            Failure refused = refused(value, isError);
            if (refused == null) {
                refused =
                        isWhole(value.node()) ? wholeInAnEvent(value.node()) : answer.chunk(value);
            }
            if (refused != null) {
                return refused;
            }
        }
        return null;
    }

    /// A whole answer where a piece of one belongs.
    private static boolean isWhole(JsonNode node) {
        JsonNode first = node.path("choices").path(0);
        return first.has("message") && !first.has("delta");
    }

    private @Nullable Failure wholeInAnEvent(JsonNode completion) {
        for (String chunk : ChunkSum.chunks(completion, true)) {
            Failure refused = answer.chunk(ProviderJson.values(chunk).list().getFirst());
            if (refused != null) {
                return refused;
            }
        }
        return null;
    }

    /// The failure that a value means which is an error and no part of an answer.
    private @Nullable Failure refused(ProviderJson.Value value, boolean isError) {
        JsonNode node = value.node();
        if (isError || ProviderError.isIn(node) || isBareError(node)) {
            return ProviderFailure.inside(head, ProviderError.in(node), endpoint);
        }
        if (!node.isObject()) {
            return ProviderFailure.notJson();
        }
        return value.twice() == null ? null : ProviderFailure.twice(value.twice());
    }

    private static boolean isBareError(JsonNode node) {
        if (node.has("choices") || node.has("usage")) {
            return false;
        }
        ProviderError error = ProviderError.in(node);
        return error != null && (error.status() > 0 || !error.sentence().isEmpty());
    }
}
