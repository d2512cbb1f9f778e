package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.json.InvalidRequest;
import io.penstock.llm.Prompt;
import io.penstock.pipeline.StageOutcome.Finished;
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
                cut(opened.payloads(), "round-" + round, random);
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
            try (Intake intake = new Intake("gone", config(10, 1000), opened.payloads())) {
                intake.add(item("same"), new byte[] {'1'});
                assertThatThrownBy(() -> intake.add(item("same"), new byte[] {'2'}))
                        .isInstanceOf(InvalidRequest.class);
            }
            assertThat(directory.resolve("jobs/gone")).doesNotExist();
        }
    }

    @Test
    void finishedStagesComeAlongInTheirItemsChunks() throws IOException {
        try (Opened opened = new Opened(directory, Clock.systemUTC(), "30s", 3);
                Intake intake = new Intake("carried", config(3, 1000), opened.payloads())) {
            for (int i = 0; i < 8; i++) {
                // The first two together are more than a segment has.
                String result = (i < 3 ? "x".repeat(3 << 20) : "") + i;
                List<Finished> stages =
                        i % 2 == 0 && i < 6
                                ? List.of(new Finished("a", result, "m", "stop", null, 2))
                                : List.of();
                intake.add(item("id-" + i), new byte[] {'1'}, stages);
            }

            List<Chunk> chunks = intake.finish();

            assertThat(chunks.get(0).segments()).containsExactly(new Chunk.EpochSegments(0, 1));
            assertThat(chunks.get(1).segments()).containsExactly(new Chunk.EpochSegments(0, 1));
            assertThat(chunks.get(2).segments()).isEmpty();
            List<Integer> found = new ArrayList<>();
            for (Chunk chunk : chunks) {
                try (SegmentLines lines = new SegmentLines(opened.payloads(), chunk)) {
                    for (byte[] line = lines.next(); line != null; line = lines.next()) {
                        assertThat(ResultLine.isStage(line)).isTrue();
                        int index = (int) ResultLine.index(line);
                        found.add(index);
                        assertThat(ResultLine.stage(line).result()).endsWith("" + index);
                        assertThat(ResultLine.stage(line).attempts()).isEqualTo(2);
                    }
                }
            }
            assertThat(found).containsExactlyInAnyOrder(0, 2, 4);
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
