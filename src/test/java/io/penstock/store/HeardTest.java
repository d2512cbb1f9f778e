package io.penstock.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HeardTest {

    private static final Instant NOW = Instant.parse("2026-11-30T12:00:00Z");

    @Test
    void theLaterOfTwoCountsForEachModel() {
        Heard one = new Heard(Map.of("a", NOW, "b", NOW.plusSeconds(2)));

        Heard both = one.plus(new Heard(Map.of("a", NOW.plusSeconds(1), "b", NOW)));

        assertThat(both.begun())
                .isEqualTo(Map.of("a", NOW.plusSeconds(1), "b", NOW.plusSeconds(2)));
        assertThat(both.plus(Heard.NOTHING)).isEqualTo(both);
    }

    @Test
    void onlyTheFewThatWereHeardOfLastAreKept() {
        Heard heard = Heard.NOTHING;
        for (int i = 0; i < 100; i++) {
            heard = heard.plus(new Heard(Map.of("model " + i, NOW.plusSeconds(i))));
        }

        assertThat(heard.begun()).containsOnlyKeys("model 96", "model 97", "model 98", "model 99");
    }
}
