package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.json.InvalidRequest;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CursorTest {

    @Test
    void isReadAsItWasWritten() {
        long seed = System.nanoTime();
        System.out.println("Seed " + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            int chunks = 1 + random.nextInt(50);
            int[] read = new int[chunks];
            Cursor.ByChunk cursor = Cursor.ByChunk.parse(null, chunks);
            for (int step = random.nextInt(2000); step > 0; step--) {
                int chunk = random.nextInt(1 + random.nextInt(chunks));
                read[chunk]++;
                cursor.advance(chunk);
            }

            Cursor.ByChunk again = Cursor.ByChunk.parse(cursor.text(), chunks);

            for (int chunk = 0; chunk < chunks; chunk++) {
                assertThat(again.read(chunk)).isEqualTo(read[chunk]);
            }
            assertThat(again.text()).isEqualTo(cursor.text());
        }
    }

    @Test
    void isShortWhereChunksAreAlike() {
        Cursor.ByChunk cursor = Cursor.ByChunk.parse(null, 10_000);
        for (int chunk = 0; chunk < 9_000; chunk++) {
            for (int line = 0; line < 500; line++) {
                cursor.advance(chunk);
            }
        }

        assertThat(cursor.text().length()).isLessThan(10);
    }

    @Test
    void byTheInputIsTheNextIndex() {
        assertThat(Cursor.ByInput.parse(null).next()).isZero();
        assertThat(Cursor.ByInput.parse("i42").next()).isEqualTo(42);
        assertThat(new Cursor.ByInput(42).text()).isEqualTo("i42");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "i1", "f!", "fgA", "fAAA", "fBQE", "fgICAgIA", "fAf____8P"})
    void anyOtherTextIsRefused(String text) {
        assertThatThrownBy(() -> Cursor.ByChunk.parse(text, 4)).isInstanceOf(InvalidRequest.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "i", "f", "i-1", "i1234567890123456", "i1 "})
    void anyOtherIndexIsRefused(String text) {
        assertThatThrownBy(() -> Cursor.ByInput.parse(text)).isInstanceOf(InvalidRequest.class);
    }
}
