package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class QuarantineTest {

    private static final Duration PROVEN = Duration.ofSeconds(20);

    private final AtomicLong nanos = new AtomicLong();
    private final Quarantine quarantine = new Quarantine(PROVEN, nanos::get);

    @Test
    void nobodyIsAloneInAProcessThatHasJustStarted() {
        Quarantine.Member suspect = quarantine.member();

        assertThat(suspect.isAlone()).isFalse();
        nanos.addAndGet(PROVEN.toNanos() - 1);
        assertThat(suspect.isAlone()).isFalse();
        nanos.addAndGet(1);
        assertThat(suspect.isAlone()).isTrue();
    }

    @Test
    void anAnswerShowsThatAProcessLives() {
        Quarantine.Member suspect = quarantine.member();
        quarantine.member().answered();

        assertThat(suspect.isAlone()).isTrue();
    }

    @Test
    void itIsAloneWhenTheOthersItemsHaveEndedAndTheyBeginNoMoreUntilItIsDone()
            throws InterruptedException {
        Quarantine.Member suspect = quarantine.member();
        Quarantine.Member other = quarantine.member();
        Quarantine.Member third = quarantine.member();
        other.answered();
        other.begin();

        assertThat(suspect.isAlone()).isFalse();
        assertThat(third.isAlone()).isFalse();
        CountDownLatch begun = new CountDownLatch(1);
        Thread later =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                other.begin();
                                begun.countDown();
                            } catch (InterruptedException _) {
                                // It shows by the latch.
                            }
                        });
        other.end();
        assertThat(suspect.isAlone()).isTrue();
        suspect.begin();
        suspect.end();
        third.leave();
        assertThat(begun.getCount()).isEqualTo(1);

        suspect.leave();
        later.join();
        assertThat(begun.getCount()).isZero();
        assertThat(third.isAlone()).isFalse();
        other.end();
        assertThat(third.isAlone()).isTrue();
    }
}
