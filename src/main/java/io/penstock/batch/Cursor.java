package io.penstock.batch;

import io.penstock.json.InvalidRequest;
import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/// Where a reader of results has come to, as a text that it gives back for the next page. It holds
/// no time: lines are only ever added behind it. Not thread-safe.
sealed interface Cursor {

    /// Results in the order of the input: the index of the next one. A text such as `i42`.
    record ByInput(long next) implements Cursor {

        /// @throws InvalidRequest when the text is no such cursor
        static ByInput parse(@Nullable String text) {
            if (text == null) {
                return new ByInput(0);
            }
            if (!text.matches("i[0-9]{1,15}")) {
                throw unknown();
            }
            return new ByInput(Long.parseLong(text.substring(1)));
        }

        @Override
        public String text() {
            return "i" + next;
        }
    }

    /// Results in the order in which they were recorded: how many lines of each chunk were read. A
    /// text of `f` and pairs of run length and count, in Base64.
    final class ByChunk implements Cursor {

        private final int[] read;

        private ByChunk(int[] read) {
            this.read = read;
        }

        /// @param chunks of the job
        /// @throws InvalidRequest when the text is no such cursor
        static ByChunk parse(@Nullable String text, int chunks) {
            int[] read = new int[chunks];
            if (text == null) {
                return new ByChunk(read);
            }
            if (!text.startsWith("f")) {
                throw unknown();
            }
            try {
                ByteBuffer bytes =
                        ByteBuffer.wrap(Base64.getUrlDecoder().decode(text.substring(1)));
                int at = 0;
                while (bytes.hasRemaining()) {
                    int run = varint(bytes);
                    int count = varint(bytes);
                    if (run > read.length - at || run < 1 || count < 0) {
                        throw unknown();
                    }
                    for (int i = 0; i < run; i++) {
                        read[at++] = count;
                    }
                }
                return new ByChunk(read);
            } catch (IllegalArgumentException | BufferUnderflowException damaged) {
                throw unknown();
            }
        }

        /// Lines of a chunk that were read.
        int read(int chunk) {
            return read[chunk];
        }

        /// Goes on by one line of a chunk.
        void advance(int chunk) {
            read[chunk]++;
        }

        @Override
        public String text() {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            int last = read.length;
            while (last > 0 && read[last - 1] == 0) {
                last--;
            }
            for (int at = 0; at < last; ) {
                int end = at;
                while (end < last && read[end] == read[at]) {
                    end++;
                }
                varint(bytes, end - at);
                varint(bytes, read[at]);
                at = end;
            }
            return "f"
                    + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.toByteArray());
        }
    }

    /// What a reader is given.
    String text();

    private static void varint(ByteArrayOutputStream bytes, int value) {
        int rest = value;
        while (rest >= 0x80) {
            bytes.write(rest & 0x7f | 0x80);
            rest >>>= 7;
        }
        bytes.write(rest);
    }

    private static int varint(ByteBuffer bytes) {
        int value = 0;
        for (int shift = 0; shift < 32; shift += 7) {
            int next = bytes.get();
            value |= (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw unknown();
    }

    private static InvalidRequest unknown() {
        return InvalidRequest.of(
                "after",
                "out_of_range",
                "\"after\" is no cursor of these results; take it from x-next-cursor, with the same"
                        + " order.");
    }
}
