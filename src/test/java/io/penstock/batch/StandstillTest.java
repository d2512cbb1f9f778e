package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.Test;

class StandstillTest {

    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private final Standstill standstill = new Standstill(Duration.ofMinutes(15));

    @Test
    void isSaidOnceInEachInterval() {
        assertThat(minutes(0, 7)).isZero();
        assertThat(minutes(14, 7)).isZero();
        assertThat(minutes(15, 7)).isEqualTo(15);
        assertThat(minutes(16, 7)).isZero();
        assertThat(minutes(29, 7)).isZero();
        assertThat(minutes(31, 7)).isEqualTo(31);
    }

    @Test
    void oneItemIsProgress() {
        assertThat(minutes(0, 7)).isZero();
        assertThat(minutes(14, 8)).isZero();
        assertThat(minutes(28, 8)).isZero();
        assertThat(minutes(29, 8)).isEqualTo(15);
    }

    @Test
    void whatIsResumedHasItsTimeAnew() {
        assertThat(minutes(0, 7)).isZero();
        standstill.keep(Set.of("other"));
        assertThat(minutes(20, 7)).isZero();
        standstill.keep(Set.of("job"));
        assertThat(minutes(35, 7)).isEqualTo(15);
    }

    private long minutes(int at, int ended) {
        return standstill.look("job", ended, START.plus(Duration.ofMinutes(at))).toMinutes();
    }
}
