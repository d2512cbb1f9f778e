package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.llm.InvalidRequest;
import io.penstock.llm.Prompt;
import io.penstock.store.Chunk;
import io.penstock.store.Payloads;
import io.penstock.store.local.Opened;
import io.penstock.testing.Settings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IntakeTest {

    @TempDir Path directory;

    @Test
    void cuttingLosesAndRepeatsNothing() throws IOException {
        long seed = System.nanoTime();
        System.out.println("Seed " + seed);
        Random random = new Random(seed);
        try (Opened opened = new Opened(directory, Clock.systemUTC(), "30s", 3)) {
            for (int round = 0; round < 30; round++) {
                cut(opened.engine().payloads(), "round-" + round, random);
            }
        }
    }

    private static void cut(Payloads payloads, String area, Random random) {
        BatchConfig config = config(1 + random.nextInt(20), 50 + random.nextInt(500));
        List<byte[]> given = new ArrayList<>();
        List<byte[]> found = new ArrayList<>();
        try (Intake intake = new Intake(area, config, payloads)) {
            int count = 1 + random.nextInt(300);
            for (int i = 0; i < count; i++) {
                byte[] line = ("line " + i + "x".repeat(random.nextInt(200))).getBytes();
                given.add(line);
                intake.add(item("id-" + i), line);
            }

            List<Chunk> chunks = intake.finish();

            long next = 0;
            for (Chunk chunk : chunks) {
                List<byte[]> lines = new ArrayList<>();
                Segments.split(read(payloads, area, chunk), lines);
                assertThat(chunk.firstItem()).isEqualTo(next);
                assertThat(lines).hasSize(chunk.itemCount());
                assertThat(chunk.itemCount()).isBetween(1, config.chunkItems());
                next += chunk.itemCount();
                found.addAll(lines);
            }
        }
        assertThat(found)
                .usingElementComparator((a, b) -> java.util.Arrays.compare(a, b))
                .containsExactlyElementsOf(given);
    }

    @Test
    void whatIsNotMadeAJobLeavesNothing() throws IOException {
        try (Opened opened = new Opened(directory, Clock.systemUTC(), "30s", 3)) {
            try (Intake intake = new Intake("gone", config(10, 1000), opened.engine().payloads())) {
                intake.add(item("same"), new byte[] {'1'});
                assertThatThrownBy(() -> intake.add(item("same"), new byte[] {'2'}))
                        .isInstanceOf(InvalidRequest.class);
            }
            assertThat(directory.resolve("jobs/gone")).doesNotExist();
        }
    }

    private static byte[] read(Payloads payloads, String area, Chunk chunk) {
        try (var in =
                payloads.read("jobs/" + area + "/input.jsonl", chunk.offset(), chunk.length())) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static Item item(String customId) {
        return new Item(customId, Prompt.of("x"), null);
    }

    private static BatchConfig config(int items, int bytes) {
        return Settings.of(
                        BatchConfig.class,
                        Map.of(
                                "penstock.batch.chunk-items", Integer.toString(items),
                                "penstock.batch.chunk-bytes", Integer.toString(bytes)))
                .checked();
    }
}
