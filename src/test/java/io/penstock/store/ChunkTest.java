package io.penstock.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChunkTest {

    private static final Instant NOW = Instant.ofEpochMilli(4_000_000_000_000L);
    private static final Duration LEASE = Duration.ofSeconds(2);

    @Test
    void aClaimThatLapsesSpeaksAgainstTheSuspectsItHadStarted() {
        Chunk chunk = Chunk.of("area", 0, 0, 10, 0, 5).claimed(NOW, LEASE);

        for (int crashes = 1; crashes <= 3; crashes++) {
            chunk = chunk.suspecting(List.of(2), NOW).claimed(NOW, LEASE);

            assertThat(chunk.suspectCrashes()).isEqualTo(crashes);
            assertThat(chunk.suspects()).containsExactly(2);
        }
    }

    @Test
    void aClaimThatLapsesBeforeItStartsAnythingSpeaksAgainstNobody() {
        Chunk suspected =
                Chunk.of("area", 0, 0, 10, 0, 5)
                        .claimed(NOW, LEASE)
                        .suspecting(List.of(2), NOW)
                        .claimed(NOW, LEASE);

        Chunk chunk = suspected;
        for (int i = 0; i < 5; i++) {
            chunk = chunk.leasedUntil(NOW).claimed(NOW, LEASE);
        }

        assertThat(chunk.suspectCrashes()).isEqualTo(1);
        assertThat(chunk.suspects()).containsExactly(2);
        assertThat(chunk.crashes()).isEqualTo(6);
        assertThat(Chunk.fromJson(chunk.toJson())).isEqualTo(chunk);
    }

    @Test
    void aLapsedClaimCountsOnceWhoeverNotesIt() {
        Chunk noted =
                Chunk.of("area", 0, 0, 10, 0, 5)
                        .claimed(NOW, LEASE)
                        .suspecting(List.of(2), NOW)
                        .lapsed();

        Chunk claimed = noted.claimed(NOW, LEASE);

        assertThat(noted.isLeased(NOW)).isFalse();
        assertThat(noted.isLeft(NOW)).isTrue();
        assertThat(noted.isNoted()).isTrue();
        assertThat(Chunk.fromJson(noted.toJson())).isEqualTo(noted);
        assertThat(claimed.crashes()).isEqualTo(1);
        assertThat(claimed.suspectCrashes()).isEqualTo(1);
        assertThat(claimed.suspects()).containsExactly(2);
    }

    @Test
    void crashesCountInARowOnly() {
        Chunk chunk = Chunk.of("area", 0, 0, 10, 0, 5).claimed(NOW, LEASE).claimed(NOW, LEASE);
        assertThat(chunk.crashes()).isEqualTo(1);

        Chunk tried = chunk.recorded(Counts.NONE, Tokens.NONE, NOW, Heard.NOTHING);
        assertThat(tried.crashes()).isEqualTo(1);
        Chunk answered = tried.recorded(new Counts(1, 0, 0, 0), Tokens.NONE, NOW, Heard.NOTHING);
        assertThat(answered.crashes()).isZero();
    }

    @Test
    void otherSuspectsStartWithACleanRecord() {
        Chunk chunk =
                Chunk.of("area", 0, 0, 10, 0, 5)
                        .claimed(NOW, LEASE)
                        .suspecting(List.of(1, 2), NOW)
                        .claimed(NOW, LEASE)
                        .suspecting(List.of(1), NOW);

        assertThat(chunk.suspectCrashes()).isZero();
        assertThat(chunk.claimed(NOW, LEASE).suspectCrashes()).isEqualTo(1);
    }

    @Test
    void aChunkThatIsGivenBackHasNoSuspects() {
        Chunk chunk =
                Chunk.of("area", 0, 0, 10, 0, 5)
                        .claimed(NOW, LEASE)
                        .suspecting(List.of(1), NOW)
                        .released(0);

        assertThat(chunk.suspects()).isEmpty();
        assertThat(chunk.claimed(NOW, LEASE).crashes()).isZero();
    }
}
