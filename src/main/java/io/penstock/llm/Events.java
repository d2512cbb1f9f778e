package io.penstock.llm;

import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayOutputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/// Cuts the bytes of a server-sent event stream into its events, or those of JSON Lines, in which
/// each line is one.
///
/// Follows the WHATWG HTML standard, section 9.2.6: lines end in CR, LF or both; several `data`
/// lines are joined by a line feed; other fields, comments and events without data are passed over.
/// Not thread-safe.
final class Events {

    /// One event.
    ///
    /// @param name empty where the stream gives none
    /// @param data null where it is damaged: not UTF-8, or partly in a field that there is not
    record Event(String name, @Nullable String data) {}

    /// What each piece of an answer has.
    static final String CHUNK = "\"choices\"";

    private static final String DATA = "data:";

    private final boolean isLines;
    private final Deque<Event> complete = new ArrayDeque<>();
    private final ByteArrayOutputStream line = new ByteArrayOutputStream(256);
    private @Nullable StringBuilder data;
    private String name = "";
    private boolean isMalformed;
    private boolean afterCarriageReturn;
    private boolean atStart = true;

    Events() {
        this(false);
    }

    /// @param isLines whether each line is an event, whether or not it says that it is data
    Events(boolean isLines) {
        this.isLines = isLines;
    }

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

    /// The next event, or null when its end has not come yet.
    @Nullable Event next() {
        return complete.poll();
    }

    /// Ends the event that has begun, as if an empty line had come. The standard drops such an
    /// event.
    void end() {
        if (line.size() > 0) {
            endLine();
        }
        endEvent();
    }

    private void endLine() {
        String text = ProviderJson.decoded(line.toByteArray());
        line.reset();
        if (text == null) {
            isMalformed = true;
            return;
        }
        if (atStart && text.startsWith("\uFEFF")) {
            text = text.substring(1);
        }
        atStart = false;
        if (text.isEmpty()) {
            endEvent();
            return;
        }
        if (isLines) {
            data(text.startsWith(DATA) ? text.substring(DATA.length()) : text);
            endEvent();
            return;
        }
        int colon = text.indexOf(':');
        String value = colon < 0 ? "" : text.substring(colon + 1);
        if (value.startsWith(" ")) {
            value = value.substring(1);
        }
        switch (colon < 0 ? text : text.substring(0, colon)) {
            case "data" -> data(value);
            case "event" -> name = value;
            // A comment, or a field that says nothing of an answer; unless its name was damaged,
            // and
            // a piece of the answer would be lost in silence.
            default -> isMalformed |= text.contains(CHUNK);
        }
    }

    private void data(String value) {
        if (data == null) {
            data = new StringBuilder(value);
        } else {
            data.append('\n').append(value);
        }
    }

    private void endEvent() {
        if (isMalformed || (data != null && !data.isEmpty())) {
            complete.add(new Event(name, isMalformed || data == null ? null : data.toString()));
        }
        data = null;
        name = "";
        isMalformed = false;
    }
}
