package io.penstock.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.store.ChunkQueue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalClockTest {

    private static final Instant NOON = Instant.parse("2026-11-26T12:00:00Z");

    @TempDir Path directory;

    private final AtomicReference<Instant> machine = new AtomicReference<>(NOON);

    @Test
    void goesBackNeverAndOnAlways() {
        LocalClock clock = clock();
        assertThat(clock.instant()).isEqualTo(NOON);
        machine.set(NOON.minusSeconds(3600));

        Instant before = clock.instant();
        assertThat(before).isAfterOrEqualTo(NOON);
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!clock.instant().isAfter(before)) {
            assertThat(System.nanoTime()).isLessThan(end);
        }

        assertThat(clock.instant()).isBefore(NOON.plusSeconds(60));
        machine.set(NOON.plusSeconds(60));
        assertThat(clock.instant()).isEqualTo(NOON.plusSeconds(60));
    }

    @Test
    void aTimeThatWasWrongByMoreThanADayIsGivenUp() {
        LocalClock clock = clock();
        machine.set(NOON.plus(Duration.ofDays(400)));
        clock.instant();
        machine.set(NOON);

        assertThat(clock.instant()).isEqualTo(NOON);
    }

    /// A message, a lease and a budget hold no longer than they should.
    @Test
    void aClockThatIsSetBackBetweenTwoStartsKeepsNoMessageBack()
            throws IOException, InterruptedException {
        Path data = directory.resolve("data");
        try (Opened opened = opened(data)) {
            opened.queue().send("g", List.of("one"), Duration.ofSeconds(1));
        }
        machine.set(NOON.minusSeconds(3600));

        try (Opened opened = opened(data)) {
            assertThat(opened.engine().documents().clock().instant())
                    .isBefore(NOON.plusSeconds(60));
            assertThat(opened.queue().receive(1, Duration.ofSeconds(20)))
                    .extracting(ChunkQueue.Delivery::body)
                    .containsExactly("one");
        }
    }

    @Test
    void whatItKeepsIsForItsOwnerAlone() throws IOException {
        Path data = directory.resolve("deep").resolve("data");

        try (Opened opened = opened(data)) {
            opened.queue().send("g", List.of("one"), Duration.ZERO);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(data)))
                    .isEqualTo("rwx------");
        }
    }

    private Opened opened(Path data) {
        return new Opened(data, machine().withZone(ZoneOffset.UTC), "30s", 10);
    }

    private LocalClock clock() {
        return new LocalClock(machine().withZone(ZoneOffset.UTC));
    }

    private InstantSource machine() {
        return machine::get;
    }
}
