package io.penstock.llm;

import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/// Cuts the bytes of a server-sent event stream into the data of its events.
///
/// Follows the WHATWG HTML standard, section 9.2.6: lines end in CR, LF or both; several `data`
/// lines are joined by a line feed; other fields, comments and events without data are passed over.
/// An event that the stream's end cuts off is dropped, as the standard says. Not thread-safe.
final class Events {

    private final Deque<String> complete = new ArrayDeque<>();
    private final ByteArrayOutputStream line = new ByteArrayOutputStream(256);
    private @Nullable StringBuilder data;
    private boolean afterCarriageReturn;
    private boolean atStart = true;

    void add(Buffer bytes) {
        for (int i = 0; i < bytes.length(); i++) {
            byte b = bytes.getByte(i);
            boolean pairedLineFeed = b == '\n' && afterCarriageReturn;
            afterCarriageReturn = b == '\r';
            if (pairedLineFeed) {
                continue;
            }
            if (b == '\n' || b == '\r') {
                endLine();
            } else {
                line.write(b);
            }
        }
    }

    /// The next event's data, or null when its end has not come yet.
    @Nullable String next() {
        return complete.poll();
    }

    private void endLine() {
        String text = line.toString(StandardCharsets.UTF_8);
        line.reset();
        if (atStart && text.startsWith("\uFEFF")) {
            text = text.substring(1);
        }
        atStart = false;
        if (text.isEmpty()) {
            if (data != null && !data.isEmpty()) {
                complete.add(data.toString());
            }
            data = null;
            return;
        }
        int colon = text.indexOf(':');
        String field = colon < 0 ? text : text.substring(0, colon);
        if (!"data".equals(field)) {
            return;
        }
        String value = colon < 0 ? "" : text.substring(colon + 1);
        if (value.startsWith(" ")) {
            value = value.substring(1);
        }
        if (data == null) {
            data = new StringBuilder(value);
        } else {
            data.append('\n').append(value);
        }
    }
}
