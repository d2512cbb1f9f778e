package io.penstock.batch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// Reads JSON Lines one by one, without the line ends. Not thread-safe.
public final class Lines {

    /// Bytes of a line that holds one prompt, which has a bound of its own, in JSON's longest form.
    static final int PROMPT_MAX = 32 << 20;

    private static final int COPIES = 3;

    private final InputStream in;
    private final int max;
    private final LongConsumer room;
    private final byte[] buffer = new byte[64 * 1024];
    private int from;
    private int to;
    private long number;

    /// @param max bytes of one line at most
    public Lines(InputStream in, int max) {
        this(in, max, _ -> {});
    }

    /// @param max bytes of one line at most
    /// @param room is told as a line grows how many bytes of memory it takes, and throws when there
    ///   is no room for them
    Lines(InputStream in, int max, LongConsumer room) {
        this.in = in;
        this.max = max;
        this.room = room;
    }

    /// A line is longer than it may be.
    public static final class TooLong extends IOException {

        private static final long serialVersionUID = 1L;

        TooLong(String message) {
            super(message);
        }

        /// Which line it is, in one sentence.
        String text() {
            return String.valueOf(getMessage());
        }
    }

    /// @return null at the end
    /// @throws TooLong when the line is longer than it may be
    public byte @Nullable [] next() throws IOException {
        ByteArrayOutputStream line = null;
        while (true) {
            if (from == to) {
                from = 0;
                to = Math.max(0, in.read(buffer));
                if (to == 0) {
                    number++;
                    return line == null ? null : line.toByteArray();
                }
            }
            int end = from;
            while (end < to && buffer[end] != '\n') {
                end++;
            }
            if (line == null) {
                line = new ByteArrayOutputStream(end - from);
            }
            // It is copied as it grows, and once more at its end.
            room.accept(COPIES * (long) (line.size() + end - from));
            line.write(buffer, from, end - from);
            if (line.size() > max) {
                throw new TooLong("Line " + (number + 1) + " is longer than " + max + " bytes.");
            }
            from = end;
            if (end < to) {
                from++;
                number++;
                return line.toByteArray();
            }
        }
    }

    /// The number of the line last read, from 1.
    public long number() {
        return number;
    }

    /// Whether the line holds nothing but white space, after a byte order mark perhaps.
    public static boolean isBlank(byte[] line) {
        for (int i = isMarked(line) ? 3 : 0; i < line.length; i++) {
            if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') {
                return false;
            }
        }
        return true;
    }

    private static boolean isMarked(byte[] line) {
        return line.length >= 3
                && line[0] == (byte) 0xef
                && line[1] == (byte) 0xbb
                && line[2] == (byte) 0xbf;
    }
}
