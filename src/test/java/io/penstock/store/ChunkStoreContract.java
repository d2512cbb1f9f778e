package io.penstock.store;

import static io.penstock.store.Contracts.RACERS;
import static io.penstock.store.Contracts.chunks;
import static io.penstock.store.Contracts.eventually;
import static io.penstock.store.Contracts.in;
import static io.penstock.store.Contracts.job;
import static io.penstock.store.Contracts.now;
import static io.penstock.store.Contracts.race;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// What [JobStore] promises of a job's chunks and its merge, whatever keeps them.
public interface ChunkStoreContract {

    /// The store under test, empty at the start of each test and the same throughout it.
    JobStore jobs();

    @Test
    default void deletesAJobWithItsChunks() {
        Job job = job("batch_1", now());
        Job other = job("batch_2", now());
        jobs().addChunks(chunks(job.area(), 0, 60));
        jobs().addChunks(chunks(other.area(), 0, 2));
        jobs().create(job);
        jobs().create(other);

        jobs().delete(job);
        jobs().delete(job);

        assertThat(jobs().job("batch_1")).isEmpty();
        assertThat(jobs().chunks(job.area())).isEmpty();
        assertThat(jobs().chunk(job.area(), 0)).isEmpty();
        assertThat(jobs().chunks(other.area())).hasSize(2);
        eventually(() -> jobs().jobs(null, 10), List.of(other));
        eventually(() -> jobs().live(null, 100), List.of(other));
        assertThat(jobs().create(job)).isTrue();
    }

    @Test
    default void returnsAChunkWithAllItsFields() {
        Chunk chunk =
                new Chunk(
                        "area",
                        7,
                        new Chunk.Range(1L << 40, 1L << 33, 4_999_500, 500),
                        3,
                        5,
                        now(),
                        2,
                        new Counts(1, 2, 3, 4),
                        new Tokens(1L << 35, 1L << 36, 1L << 50),
                        List.of(new Chunk.EpochSegments(1, 4), new Chunk.EpochSegments(5, 1)),
                        new Suspicion(List.of(3, 499), 1, 6),
                        4,
                        new Chunk.Compacted(5, 1L << 33, 1L << 34),
                        new Heard(Map.of("model", now(), "other", now().plusSeconds(1))));

        jobs().addChunks(List.of(chunk));

        assertThat(jobs().chunk("area", 7)).contains(chunk);
        assertThat(jobs().chunks("area")).containsExactly(chunk);
    }

    @Test
    default void aMergeIsOneWorkersUntilItsLeaseHasLapsedOrItIsForgotten() {
        Merge none = jobs().merge("area");
        Merge claimed = none.leasedUntil(now().plusSeconds(1));

        assertThat(none.isLeased(now())).isFalse();
        assertThat(jobs().replace(claimed)).isTrue();
        assertThat(jobs().replace(none.leasedUntil(now()))).isFalse();
        assertThat(jobs().merge("area")).isEqualTo(claimed);
        Merge further = claimed.at(7, Map.of("jobs/area/output.jsonl", "part/12"), now());
        assertThat(jobs().replace(further)).isTrue();
        assertThat(jobs().replace(claimed.leasedUntil(null))).isFalse();
        assertThat(jobs().merge("area")).isEqualTo(further);
        jobs().deleteMerge("area");
        jobs().deleteMerge("area");
        assertThat(jobs().replace(further.leasedUntil(null))).isFalse();
        assertThat(jobs().merge("area")).isEqualTo(none);
    }

    @Test
    default void returnsManyChunksInTheOrderOfTheirIndex() {
        List<Chunk> all = chunks("area", 0, 2500);
        List<Chunk> late = new ArrayList<>(all.subList(1200, 2500));
        Collections.shuffle(late, new Random(1));

        jobs().addChunks(late);
        jobs().addChunks(all.subList(0, 1200));
        jobs().addChunks(List.of());

        assertThat(jobs().chunks("area")).isEqualTo(all);
    }

    @Test
    default void whatIsStoredAgainAsNewStaysAsItIs() {
        Chunk chunk = Chunk.of("area", 0, 0, 10, 0, 1);
        Job job = in("area", job("batch_1", now()));
        jobs().addChunks(List.of(chunk));
        Chunk claimed = chunk.claimed(now(), Duration.ofSeconds(20));
        jobs().replace(claimed);
        Chunk other = Chunk.of("area", 0, 5, 6, 7, 8);
        Chunk next = Chunk.of("area", 1, 11, 6, 7, 8);

        jobs().addChunks(List.of(other, next));

        assertThat(jobs().chunks("area")).containsExactly(claimed, next);
        assertThat(jobs().close(job, 1)).isFalse();
        assertThat(jobs().close(job, 0)).isTrue();
    }

    @Test
    default void replacesAChunkOfTheVersionBelow() {
        Chunk chunk = Chunk.of("area", 3, 0, 10, 0, 1);
        Chunk claimed = chunk.claimed(now(), Duration.ofSeconds(20));
        jobs().addChunks(List.of(chunk));

        assertThat(jobs().replace(claimed)).isTrue();
        assertThat(jobs().replace(claimed)).isFalse();
        assertThat(jobs().replace(chunk.leasedUntil(now()))).isFalse();
        assertThat(jobs().replace(Chunk.of("area", 4, 0, 10, 0, 1).leasedUntil(now()))).isFalse();

        assertThat(jobs().chunks("area")).containsExactly(claimed);
    }

    @Test
    default void notesTheLastChunkWhateverTheOrder() {
        long seed = System.nanoTime();
        System.out.println("Seed " + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 5; round++) {
            Job job = job("batch_" + round, now());
            int count = 1 + random.nextInt(12);
            int cut = random.nextInt(count);
            jobs().addChunks(chunks(job.area(), 0, cut));
            jobs().addChunks(chunks(job.area(), cut, count));
            List<Integer> order = new ArrayList<>();
            IntStream.range(0, count).forEach(order::add);
            IntStream.range(0, count).forEach(n -> order.add(random.nextInt(count)));
            Collections.shuffle(order, random);

            List<Integer> noted = new ArrayList<>();
            for (int index : order) {
                noted.add(index);
                assertThat(jobs().close(job, index))
                        .as("seed %d, job %s, noted %s of %d", seed, job.id(), noted, count)
                        .isEqualTo(noted.stream().distinct().count() == count);
            }
        }
    }

    @Test
    default void aLargeJobIsDoneWithItsLastChunkOnly() {
        Job job = job("batch_1", now());
        jobs().addChunks(chunks(job.area(), 998, 1002));

        assertThat(jobs().close(job, 998)).isFalse();
        assertThat(jobs().close(job, 999)).isFalse();
        assertThat(jobs().close(job, 1001)).isFalse();
        assertThat(jobs().close(job, 1001)).isFalse();
        assertThat(jobs().close(job, 1000)).isTrue();
        assertThat(jobs().close(job, 999)).isTrue();
    }

    @Test
    default void ofManyWhoNoteAtOnceOneSeesTheEnd() throws Exception {
        Job job = job("batch_1", now());
        jobs().addChunks(chunks(job.area(), 1000 - RACERS / 2, 1000 + RACERS / 2));

        List<Boolean> last = race(n -> jobs().close(job, 1000 - RACERS / 2 + n));

        assertThat(last).contains(true);
    }
}
