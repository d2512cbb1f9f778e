package io.penstock.cli;

import java.io.IOException;
import java.io.Reader;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads records of comma-separated values one after the other (RFC 4180): fields in quotation
/// marks hold separators, line ends and doubled quotation marks. Lines may end in any way, and
/// empty ones are passed over. Not thread-safe.
final class Csv {

    /// Characters of one record: a quotation mark that is never closed takes the rest of a file.
    private static final int RECORD_MAX = 16 << 20;

    private static final char QUOTE = '"';
    private static final int END = -1;

    private final Reader in;
    private final char separator;
    private final StringBuilder field = new StringBuilder();
    private int ahead;
    private long line = 1;

    /// @param in best buffered
    Csv(Reader in, char separator) throws IOException {
        this.in = in;
        this.separator = separator;
        ahead = in.read();
        if (ahead == '\ufeff') {
            ahead = in.read();
        }
        skipLineEnds();
    }

    /// The line at which the next record begins, from 1.
    long line() {
        return line;
    }

    /// @return the fields of the next record; null at the end
    /// @throws CannotBegin when a quotation mark is not closed
    @Nullable List<String> next() throws IOException {
        if (ahead == END) {
            return null;
        }
        List<String> fields = new ArrayList<>();
        int length = 0;
        long first = line;
        while (true) {
            String read = ahead == QUOTE ? quoted(first) : plain();
            length += read.length();
            if (length > RECORD_MAX) {
                throw tooLong(first);
            }
            fields.add(read);
            if (ahead != separator) {
                break;
            }
            advance();
        }
        skipLineEnds();
        return fields;
    }

    private void skipLineEnds() throws IOException {
        while (ahead == '\n' || ahead == '\r') {
            advance();
        }
    }

    private String plain() throws IOException {
        field.setLength(0);
        while (ahead != separator && !isLineEnd()) {
            append();
        }
        return field.toString();
    }

    private String quoted(long first) throws IOException {
        field.setLength(0);
        advance();
        while (true) {
            if (ahead == END || field.length() > RECORD_MAX) {
                throw tooLong(first);
            }
            if (ahead == QUOTE) {
                advance();
                if (ahead != QUOTE) {
                    break;
                }
            }
            append();
        }
        // What others write behind the closing mark belongs to the field all the same.
        while (ahead != separator && !isLineEnd()) {
            append();
        }
        return field.toString();
    }

    private static CannotBegin tooLong(long first) {
        return new CannotBegin(
                "The quotation mark of the record at line "
                        + first
                        + " is never closed, or its text is longer than 16 MB; close it, or double it"
                        + " where it belongs to the text.");
    }

    private boolean isLineEnd() {
        return ahead == '\n' || ahead == '\r' || ahead == END;
    }

    private void append() throws IOException {
        field.append((char) ahead);
        advance();
    }

    private void advance() throws IOException {
        boolean wasReturn = ahead == '\r';
        if (ahead == '\n') {
            line++;
        }
        ahead = in.read();
        if (wasReturn && ahead != '\n') {
            line++;
        }
    }
}
