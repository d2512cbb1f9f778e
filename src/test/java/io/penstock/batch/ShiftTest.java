package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ShiftTest {

    private static final Duration CALL = Duration.ofSeconds(60);
    private static final Duration COMMIT = Duration.ofSeconds(10);

    @Test
    void noCallIsStartedThatCouldOutliveTheProcess() {
        long now = System.nanoTime();
        Shift shift = Shift.of(Duration.ofMinutes(5), CALL, COMMIT);

        assertThat(seconds(shift.startsNanos(), now)).isBetween(229.9, 231.0);
        assertThat(seconds(shift.runsNanos(), now)).isBetween(289.9, 291.0);
        assertThat(seconds(shift.waitsNanos(), now)).isBetween(294.9, 296.0);
        assertThat(shift.startsMore()).isTrue();
        assertThat(shift.letsRun()).isTrue();
    }

    @Test
    void halfOfATimeThatIsTooShortIsUsedNevertheless() {
        long now = System.nanoTime();
        Shift shift = Shift.of(Duration.ofSeconds(30), CALL, COMMIT);

        assertThat(seconds(shift.startsNanos(), now)).isBetween(11.9, 13.0);
        assertThat(seconds(shift.runsNanos(), now)).isBetween(23.9, 25.0);
        assertThat(shift.startsMore()).isTrue();
    }

    @Test
    void aWorkerThatEndsStartsNothing() {
        Shift ending = Shift.ending(Duration.ofSeconds(25), COMMIT);

        assertThat(ending.startsMore()).isFalse();
        assertThat(ending.letsRun()).isTrue();
        assertThat(Shift.endless().within(ending)).isEqualTo(ending);
        assertThat(ending.within(Shift.endless())).isEqualTo(ending);
    }

    private static double seconds(long nanos, long from) {
        return (nanos - from) / 1e9;
    }
}
