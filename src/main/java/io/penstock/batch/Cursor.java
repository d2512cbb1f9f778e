package io.penstock.batch;

import io.penstock.json.InvalidRequest;
import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Arrays;
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

    /// Results in the order in which they were recorded: which chunks were read, and how far.
    ///
    /// A chunk that was begun while it ran is read in the order of recording; what is left of it
    /// once it is done, and any other that is done, comes in the order of the input. So two numbers
    /// say how far a chunk was read: the first so many that were recorded, and so many of the rest.
    ///
    /// The text is `c` and then, in Base64, runs of chunks that were read equally far. A run is a
    /// number: its lower two bits say whether nothing, all, or a part of the chunks was read, the
    /// upper bits how many chunks there are. A chunk of which a part was read is a run of its own,
    /// with its two numbers behind it. A reader begins no chunk that would make the text too long,
    /// but for the first that it has not read.
    final class ByChunk implements Cursor {

        /// The text stays below 1,100 characters: five bytes for each run at most.
        static final int RUNS = 160;

        private static final int NONE = 0;
        private static final int ALL = 1;
        private static final int PART = 2;

        private final int[] recorded;
        private final int[] rest;
        private final boolean[] all;

        private ByChunk(int chunks) {
            recorded = new int[chunks];
            rest = new int[chunks];
            all = new boolean[chunks];
        }

        /// @param chunks of the job
        /// @throws InvalidRequest when the text is no such cursor
        static ByChunk parse(@Nullable String text, int chunks) {
            ByChunk read = new ByChunk(chunks);
            if (text == null) {
                return read;
            }
            if (!text.startsWith("c")) {
                throw unknown();
            }
            try {
                ByteBuffer bytes =
                        ByteBuffer.wrap(Base64.getUrlDecoder().decode(text.substring(1)));
                int at = 0;
                while (bytes.hasRemaining()) {
                    at = read.parse(bytes, at);
                }
                return read;
            } catch (IllegalArgumentException | BufferUnderflowException damaged) {
                throw unknown();
            }
        }

        private int parse(ByteBuffer bytes, int at) {
            int head = varint(bytes);
            int run = head >>> 2;
            if (run > all.length - at || run < 1) {
                throw unknown();
            }
            switch (head & 3) {
                case NONE -> {}
                case ALL -> Arrays.fill(all, at, at + run, true);
                case PART -> {
                    recorded[at] = varint(bytes);
                    rest[at] = varint(bytes);
                    if (run > 1 || recorded[at] < 0 || rest[at] < 0) {
                        throw unknown();
                    }
                }
                default -> throw unknown();
            }
            return at + run;
        }

        /// Lines of a chunk that were read as they were recorded.
        int recorded(int chunk) {
            return recorded[chunk];
        }

        /// Lines of a chunk that were read once it was done.
        int rest(int chunk) {
            return rest[chunk];
        }

        boolean isAll(int chunk) {
            return all[chunk];
        }

        /// Whether a chunk may be read.
        boolean mayRead(int chunk) {
            if (kind(chunk) == PART) {
                return true;
            }
            int first = 0;
            while (first < all.length && all[first]) {
                first++;
            }
            return chunk == first || runs() + 2 <= RUNS;
        }

        private int runs() {
            int runs = 0;
            for (int at = 0; at < all.length; at = end(at)) {
                runs++;
            }
            return runs;
        }

        /// Goes on by one line of a chunk, as it was recorded.
        void readRecorded(int chunk) {
            recorded[chunk]++;
        }

        /// Goes on by one line of a chunk that is done.
        void readRest(int chunk) {
            rest[chunk]++;
        }

        /// Says that there is no more to be read of a chunk, ever.
        void readAll(int chunk) {
            all[chunk] = true;
        }

        private int kind(int chunk) {
            return all[chunk] ? ALL : recorded[chunk] + rest[chunk] > 0 ? PART : NONE;
        }

        /// Where the run ends that begins with a chunk.
        private int end(int from) {
            int kind = kind(from);
            int end = from + 1;
            while (kind != PART && end < all.length && kind(end) == kind) {
                end++;
            }
            return end;
        }

        @Override
        public String text() {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            int last = all.length;
            while (last > 0 && kind(last - 1) == NONE) {
                last--;
            }
            for (int at = 0; at < last; at = end(at)) {
                varint(bytes, (end(at) - at) << 2 | kind(at));
                if (kind(at) == PART) {
                    varint(bytes, recorded[at]);
                    varint(bytes, rest[at]);
                }
            }
            return "c"
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
        return InvalidRequest.about(
                "after",
                "out_of_range",
                "is no cursor of these results; take it from x-next-cursor, with the same"
                        + " order.");
    }
}
