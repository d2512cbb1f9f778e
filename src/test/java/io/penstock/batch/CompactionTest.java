package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.store.Chunk;
import io.penstock.store.Counts;
import io.penstock.store.Job;
import io.penstock.store.StoreException;
import io.penstock.store.Tokens;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class CompactionTest extends StoreTest {

    @Test
    void aChunkThatIsDoneIsOneFileInTheOrderOfTheInputWithTheOrderOfRecording()
            throws InterruptedException {
        Job job = store.job(4, 2, "{}");
        store.end(job, 1, List.of(3));

        Chunk chunk = store.chunk(job, 1);
        Chunk.Compacted compacted = Objects.requireNonNull(chunk.compacted());
        byte[] file = store.payloads.read(Segments.key(chunk, compacted));

        String result = new String(Embedded.result(2), StandardCharsets.UTF_8) + "\n";
        String error = new String(Embedded.error(3), StandardCharsets.UTF_8) + "\n";
        assertThat(compacted).isEqualTo(new Chunk.Compacted(1, result.length(), error.length()));
        assertThat(new String(file, 0, (int) compacted.lineBytes(), StandardCharsets.UTF_8))
                .isEqualTo(result + error);
        ChunkLines.From lines = new ChunkLines.From("key", 0);
        ChunkLines read =
                ChunkLines.of(
                        ByteBuffer.wrap(
                                Arrays.copyOfRange(file, (int) compacted.lineBytes(), file.length)),
                        2,
                        lines,
                        lines);
        assertThat(read.rank(0)).isEqualTo(1);
        assertThat(read.rank(1)).isZero();
        assertThat(read.isError(1)).isTrue();
        assertThat(read.piece(1))
                .isEqualTo(new LinePlace("key", result.length(), error.length() - 1, null));
    }

    @Test
    void whoDiesBetweenTheFileAndTheNoteDoesNoHarm() throws InterruptedException {
        Job job = store.job(2);
        Claim claim = store.claim(job, 0);
        claim.add(Embedded.result(1), new Counts(1, 0, 0, 0), Tokens.NONE);
        claim.add(Embedded.result(0), new Counts(1, 0, 0, 0), Tokens.NONE);
        claim.flush(true);
        Chunk held = claim.chunk();
        Compaction.of(store.payloads, held);

        assertThat(store.chunk(job, 0).done()).isFalse();
        Claim next = store.claim(job, 0);
        assertThat(next.release()).isTrue();
        assertThat(claim.release()).isFalse();

        Chunk chunk = store.chunk(job, 0);
        assertThat(Objects.requireNonNull(chunk.compacted()).epoch()).isEqualTo(2);
        assertThat(store.payloads.size(Segments.key(chunk, chunk.compacted()))).isPresent();
    }

    @Test
    void aStoreThatFailsInBetweenIsWaitedFor() throws InterruptedException {
        Job job = store.job(2);
        AtomicBoolean failed = new AtomicBoolean();
        store.payloads.before(what -> {
            if (what.startsWith("publish") && !failed.getAndSet(true)) {
                throw new StoreException("away");
            }
        });

        store.end(job, 0, List.of());

        assertThat(failed).isTrue();
        assertThat(store.chunk(job, 0).done()).isTrue();
    }

    /// All of it is several times the process's memory.
    @Test
    void largeOutcomesAreNeverHeldWhole() throws Exception {
        int items = Integer.getInteger("penstock.test.large-items", 150);
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx112m",
                                "-XX:+UseSerialGC",
                                "-cp",
                                System.getProperty("java.class.path"),
                                LargeOutcomes.class.getName(),
                                directory.resolve("large").toString(),
                                Integer.toString(items))
                        .redirectErrorStream(true)
                        .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(said).isZero();
        assertThat(Long.parseLong(said.strip().lines().toList().getLast()))
                .isGreaterThan((long) items * (2 << 20));
    }
}
