package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LinesTest {

    @Test
    void everyLineComesOnceHoweverLongItIs() throws IOException {
        long seed = System.nanoTime();
        System.out.println("Seed " + seed);
        Random random = new Random(seed);
        List<String> written = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            written.add("x".repeat(random.nextInt(i % 20 == 0 ? 200_000 : 100)));
        }
        String text = String.join("\n", written) + (random.nextBoolean() ? "\n" : "");

        List<String> read = read(text, 1_000_000);

        if (written.getLast().isEmpty() && !text.endsWith("\n\n")) {
            written.removeLast();
        }
        assertThat(read).isEqualTo(written);
    }

    @Test
    void aLineThatIsTooLongIsNamed() {
        assertThatThrownBy(() -> read("a\nbb\nccc\n", 2))
                .isInstanceOf(Lines.TooLong.class)
                .hasMessageContaining("Line 3");
    }

    @Test
    void aSetOfHashesKnowsWhatWasAdded() {
        LongSet set = new LongSet();
        Set<String> texts = new HashSet<>();
        for (int i = 0; i < 100_000; i++) {
            texts.add("item-" + i);
        }

        texts.forEach(text -> assertThat(set.add(LongSet.hash(text))).isTrue());
        texts.forEach(text -> assertThat(set.add(LongSet.hash(text))).isFalse());
        assertThat(set.add(0)).isTrue();
        assertThat(set.add(0)).isFalse();
    }

    private static List<String> read(String text, int max) throws IOException {
        Lines lines =
                new Lines(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), max);
        List<String> read = new ArrayList<>();
        for (byte[] line = lines.next(); line != null; line = lines.next()) {
            read.add(new String(line, StandardCharsets.UTF_8));
        }
        return read;
    }
}
