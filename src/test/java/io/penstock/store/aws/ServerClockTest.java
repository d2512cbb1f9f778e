package io.penstock.store.aws;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ServerClockTest {

    private static final Instant START = Instant.parse("2026-11-26T12:00:00.250Z");

    private Instant localTime = START;

    private final ServerClock clock =
            new ServerClock(
                    new Clock() {
                        @Override
                        public Instant instant() {
                            return localTime;
                        }

                        @Override
                        public ZoneOffset getZone() {
                            return ZoneOffset.UTC;
                        }

                        @Override
                        public Clock withZone(java.time.ZoneId zone) {
                            return this;
                        }
                    });

    @Test
    void theLocalClockIsBelievedUntilAnAnswerSaysOtherwise() {
        assertThat(clock.instant()).isEqualTo(START);

        answer(Duration.ofMillis(400), 10);
        assertThat(clock.instant()).isEqualTo(localTime);

        clock.answered("no date", START, START);
        assertThat(clock.instant()).isEqualTo(localTime);
    }

    @Test
    void answersAtAnyMomentTellHowWrongItIs() {
        long seed = System.nanoTime();
        System.out.println("Seed " + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 50; i++) {
            Duration wrong = Duration.ofMillis(random.nextInt(-300_000, 300_000));
            localTime = START.plusSeconds(86_400L * i);
            for (int answers = 0; answers < 200; answers++) {
                localTime = localTime.plusMillis(50 + random.nextInt(60));
                answer(wrong, 1 + random.nextInt(8));
            }
            assertThat(Duration.between(localTime.plus(wrong), clock.instant()).abs())
                    .as("seed %d, wrong by %s", seed, wrong)
                    .isLessThan(Duration.ofMillis(60));
        }
    }

    /// The server's clock is ahead by `ahead`, and the answer takes so long.
    private void answer(Duration ahead, int millis) {
        Instant asked = localTime;
        localTime = asked.plusMillis(millis);
        Instant written = asked.plusMillis(millis / 2).plus(ahead).truncatedTo(ChronoUnit.SECONDS);
        clock.answered(
                DateTimeFormatter.RFC_1123_DATE_TIME.format(written.atOffset(ZoneOffset.UTC)),
                asked,
                localTime);
    }
}
