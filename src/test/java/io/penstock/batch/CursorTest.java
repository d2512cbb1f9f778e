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
            Cursor.ByChunk cursor = Cursor.ByChunk.parse(null, chunks);
            for (int step = random.nextInt(2000); step > 0; step--) {
                int chunk = random.nextInt(1 + random.nextInt(chunks));
                switch (random.nextInt(50)) {
                    case 0 -> cursor.readAll(chunk);
                    case 1, 2, 3, 4, 5 -> cursor.readRest(chunk);
                    default -> cursor.readRecorded(chunk);
                }
            }

            Cursor.ByChunk again = Cursor.ByChunk.parse(cursor.text(), chunks);

            for (int chunk = 0; chunk < chunks; chunk++) {
                assertThat(again.isAll(chunk)).isEqualTo(cursor.isAll(chunk));
                if (!cursor.isAll(chunk)) {
                    assertThat(again.recorded(chunk)).isEqualTo(cursor.recorded(chunk));
                    assertThat(again.rest(chunk)).isEqualTo(cursor.rest(chunk));
                }
            }
            assertThat(again.text()).isEqualTo(cursor.text());
        }
    }

    @Test
    void isShortWhereChunksAreAlike() {
        Cursor.ByChunk cursor = Cursor.ByChunk.parse(null, 10_000);
        for (int chunk = 0; chunk < 9_000; chunk++) {
            cursor.readAll(chunk);
        }

        assertThat(cursor.text().length()).isLessThan(10);
    }

    /// Whatever is ready at each page, and however far the reader has come.
    @Test
    void staysShortAtAnySizeAndStillComesToItsEnd() {
        long seed = System.nanoTime();
        System.out.println("Seed " + seed);
        Random random = new Random(seed);
        int chunks = 10_000;
        Cursor.ByChunk cursor = Cursor.ByChunk.parse(null, chunks);
        for (int page = 0; page < 50; page++) {
            for (int n = 0; n < 500; n++) {
                int chunk = random.nextInt(chunks);
                if (!cursor.isAll(chunk) && cursor.mayRead(chunk)) {
                    if (random.nextBoolean()) {
                        cursor.readAll(chunk);
                    } else {
                        for (int line = 0; line < 300; line++) {
                            cursor.readRecorded(chunk);
                        }
                    }
                }
            }
            assertThat(cursor.text().length()).isLessThan(1_100);
            cursor = Cursor.ByChunk.parse(cursor.text(), chunks);
        }
        for (int chunk = 0; chunk < chunks; chunk++) {
            assertThat(cursor.isAll(chunk) || cursor.mayRead(chunk)).isTrue();
            cursor.readRest(chunk);
            assertThat(cursor.text().length()).isLessThan(1_100);
            cursor.readAll(chunk);
            cursor = chunk % 100 == 0 ? Cursor.ByChunk.parse(cursor.text(), chunks) : cursor;
        }
    }

    @Test
    void byTheInputIsTheNextIndex() {
        assertThat(Cursor.ByInput.parse(null).next()).isZero();
        assertThat(Cursor.ByInput.parse("i42").next()).isEqualTo(42);
        assertThat(new Cursor.ByInput(42).text()).isEqualTo("i42");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "i1",
                "fAQ",
                "c!",
                "cgA",
                "cAA",
                "cFQ",
                "cBw",
                "cBg",
                "cCgEB",
                "cBv____8PAQ"
            })
    void anyOtherTextIsRefused(String text) {
        assertThatThrownBy(() -> Cursor.ByChunk.parse(text, 4)).isInstanceOf(InvalidRequest.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "i", "f", "i-1", "i1234567890123456", "i1 "})
    void anyOtherIndexIsRefused(String text) {
        assertThatThrownBy(() -> Cursor.ByInput.parse(text)).isInstanceOf(InvalidRequest.class);
    }
}
