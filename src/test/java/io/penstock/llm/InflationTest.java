package io.penstock.llm;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.testing.Packing;
import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class InflationTest {

    private static final Deadline SOON = Deadline.in(Duration.ofMinutes(1));

    private static final String TEXT = "{\"text\":\"äöü " + "again and ".repeat(50) + "😀\"}";

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);

    InflationTest() {
        System.out.println("Seed " + seed);
    }

    @ParameterizedTest
    @EnumSource
    void unpacksWhatIsPackedHoweverItIsCut(Packing packing) throws Exception {
        for (int i = 0; i < 200; i++) {
            assertThat(unpacked(packing, packing.pack(TEXT))).isEqualTo(TEXT);
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsNotPackedIsTakenAsItIs(Packing packing) throws Exception {
        assertThat(unpacked(packing, TEXT.getBytes(StandardCharsets.UTF_8))).isEqualTo(TEXT);
        assertThat(unpacked(packing, new byte[0])).isEmpty();
    }

    @Test
    void onePackedPartAfterTheOtherIsOneText() throws Exception {
        byte[] first = Packing.GZIP.pack("first ");
        byte[] second = Packing.GZIP.pack("second");
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);

        assertThat(unpacked(Packing.GZIP, both)).isEqualTo("first second");
    }

    @ParameterizedTest
    @EnumSource
    void whatIsCutOffIsNoText(Packing packing) {
        byte[] packed = packing.pack(TEXT);
        for (int length = 1; length < packed.length; length++) {
            byte[] cut = Arrays.copyOf(packed, length);
            assertThatThrownBy(() -> unpacked(packing, cut))
                    .as("%d of %d", length, packed.length)
                    .isInstanceOf(IOException.class);
        }
    }

    /// A raw stream has no checksum; only what cannot be unpacked is found out.
    @ParameterizedTest
    @EnumSource(names = {"GZIP", "ZLIB"})
    void whatIsDamagedIsNoOtherText(Packing packing) throws Exception {
        byte[] packed = packing.pack(TEXT);
        for (int at = 2; at < packed.length; at++) {
            byte[] damaged = packed.clone();
            damaged[at] ^= (byte) (1 << random.nextInt(8));
            try {
                assertThat(unpacked(packing, damaged)).isEqualTo(TEXT);
            } catch (IOException noText) {
                // As it should be.
            }
        }
    }

    @Test
    void aPieceIsSmallHoweverMuchIsPackedInIt() throws Exception {
        byte[] packed = Packing.GZIP.pack(" ".repeat(32 << 20));
        try (Inflation inflation = inflation(Packing.GZIP, Buffer.buffer(packed))) {
            for (int i = 0; i < 20; i++) {
                assertThat(requireNonNull(inflation.next(SOON)).length()).isBetween(1, 64 * 1024);
            }
        }
    }

    @Test
    void aDeadlineInTheMiddleIsNoEnd() throws Exception {
        byte[] packed = Packing.GZIP.pack(TEXT);
        Buffer half = Buffer.buffer(Arrays.copyOf(packed, packed.length - 4));
        Buffer[] pieces = {half, null};
        int[] next = {0};
        try (Inflation inflation =
                new Inflation(Coding.GZIP, _ -> next[0] < 2 ? pieces[next[0]++] : null)) {
            while (next[0] < 2) {
                Buffer piece = inflation.next(SOON);
                assertThat(piece == null || piece.length() > 0).isTrue();
            }
            assertThat(inflation.next(SOON)).isNull();
        }
    }

    private String unpacked(Packing packing, byte[] packed)
            throws IOException, InterruptedException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try (Inflation inflation = inflation(packing, Buffer.buffer(packed))) {
            for (Buffer piece = requireNonNull(inflation.next(SOON));
                    piece.length() > 0;
                    piece = requireNonNull(inflation.next(SOON))) {
                all.writeBytes(piece.getBytes());
            }
        }
        return all.toString(StandardCharsets.UTF_8);
    }

    private Inflation inflation(Packing packing, Buffer packed) {
        int[] at = {0};
        return new Inflation(
                packing.isGzip() ? Coding.GZIP : Coding.DEFLATE,
                _ -> {
                    int from = at[0];
                    at[0] = Math.min(packed.length(), from + 1 + random.nextInt(50));
                    return packed.getBuffer(from, at[0]);
                });
    }
}
