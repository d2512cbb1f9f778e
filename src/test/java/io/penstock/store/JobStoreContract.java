package io.penstock.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// What [JobStore] promises, whatever keeps it.
public interface JobStoreContract {

    int RACERS = 16;

    /// The store under test, empty at the start of each test and the same throughout it.
    JobStore jobs();

    @Test
    default void returnsAJobWithAllItsFields() {
        Job job = full("batch_full");

        assertThat(jobs().create(job)).isTrue();

        assertThat(jobs().job("batch_full")).contains(job);
    }

    @Test
    default void returnsAJobWithoutWhatIsNotKnown() {
        Job job = job("batch_bare", now());

        jobs().create(job);

        assertThat(jobs().job("batch_bare")).contains(job);
    }

    @Test
    default void returnsNothingForAnUnknownId() {
        assertThat(jobs().job("batch_unknown")).isEmpty();
        assertThat(jobs().chunk("unknown", 0)).isEmpty();
        assertThat(jobs().chunks("unknown")).isEmpty();
        assertThat(jobs().jobs(null, 10)).isEmpty();
        assertThat(jobs().live(null, 100)).isEmpty();
    }

    @Test
    default void createsAJobOnce() {
        Job first = job("batch_1", now());
        Job second = full("batch_1");

        assertThat(jobs().create(first)).isTrue();
        assertThat(jobs().create(second)).isFalse();

        assertThat(jobs().job("batch_1")).contains(first);
    }

    @Test
    default void oneOfManyCreators() throws Exception {
        List<Job> rivals =
                IntStream.range(0, RACERS)
                        .mapToObj(n -> in("area-" + n, job("batch_1", now())))
                        .toList();

        List<Boolean> won = race(n -> jobs().create(rivals.get(n)));

        assertThat(won).containsOnlyOnce(true);
        assertThat(jobs().job("batch_1")).contains(rivals.get(won.indexOf(true)));
    }

    @Test
    default void replacesAJobOfTheVersionBelow() {
        Job job = job("batch_1", now());
        jobs().create(job);
        Job started = job.started(now(), "its-area", 7, 2);
        Job ended = started.ended(Job.Status.COMPLETED, now(), null, full("x").totals());

        assertThat(jobs().replace(started)).isTrue();
        assertThat(jobs().replace(ended)).isTrue();

        assertThat(jobs().job("batch_1")).contains(ended);
    }

    @Test
    default void doesNotReplaceAJobOfAnotherVersion() {
        Job job = job("batch_1", now());
        Job started = job.started(now(), "its-area", 7, 2);
        jobs().create(job);
        jobs().replace(started);

        assertThat(jobs().replace(job.in(Job.Status.CANCELLING))).isFalse();
        assertThat(jobs().replace(started)).isFalse();
        assertThat(jobs().replace(started.in(Job.Status.FINALIZING).in(Job.Status.COMPLETED)))
                .isFalse();

        assertThat(jobs().job("batch_1")).contains(started);
    }

    @Test
    default void doesNotReplaceAJobThatIsGone() {
        Job job = job("batch_1", now());

        assertThat(jobs().replace(job.in(Job.Status.CANCELLING))).isFalse();

        assertThat(jobs().job("batch_1")).isEmpty();
    }

    @Test
    default void oneOfManyReplacesAJob() throws Exception {
        Job job = job("batch_1", now());
        jobs().create(job);

        List<Boolean> won = race(n -> jobs().replace(job.paused("user", "Racer " + n)));

        assertThat(won).containsOnlyOnce(true);
        assertThat(jobs().job("batch_1").orElseThrow().reason())
                .isEqualTo("Racer " + won.indexOf(true));
    }

    @Test
    default void ofWritersOfTheSameOnlyOneWins() throws Exception {
        Chunk chunk = Chunk.of("area", 0, 0, 10, 0, 1);
        Chunk same = chunk.claimed(now(), Duration.ofSeconds(20));
        jobs().addChunks(List.of(chunk));

        List<Boolean> won = race(n -> jobs().replace(same));

        assertThat(won).containsOnlyOnce(true);
    }

    @Test
    default void everyChangeOfManyWritersCounts() throws Exception {
        jobs().create(job("batch_1", now()));

        race(n -> {
            while (true) {
                Job read = jobs().job("batch_1").orElseThrow();
                if (jobs().replace(read.paused("user", "Racer " + n))) {
                    return true;
                }
            }
        });

        assertThat(jobs().job("batch_1").orElseThrow().version()).isEqualTo(RACERS);
    }

    @Test
    default void forgetsAJobPastItsRetention() {
        Job outlived = retainedUntil(now().minusSeconds(1), job("batch_old", now()));
        Job kept = job("batch_kept", now());
        jobs().create(outlived);
        jobs().create(kept);

        assertThat(jobs().job("batch_old")).isEmpty();
        eventually(() -> jobs().jobs(null, 10), List.of(kept));
        eventually(() -> jobs().live(null, 100), List.of(kept));
    }

    @Test
    default void outlivedJobsTakeNoRoomInAPage() {
        Instant start = now();
        List<Job> kept = new ArrayList<>();
        for (int n = 0; n < 40; n++) {
            Job job = job("batch_" + n, start.plusMillis(n));
            if (n % 10 == 0) {
                kept.addFirst(job);
                jobs().create(job);
            } else {
                jobs().create(retainedUntil(start.minusSeconds(1), job));
            }
        }

        eventually(() -> jobs().jobs(null, 4), kept);
    }

    @Test
    default void pagesFromTheNewestJobToTheOldest() {
        Instant start = now();
        List<Job> newestFirst = new ArrayList<>();
        for (int n = 0; n < 12; n++) {
            // Three jobs a millisecond, in the order of their ids.
            newestFirst.addFirst(job("batch_%02d".formatted(n), start.plusMillis(n / 3)));
        }
        List<Job> shuffled = new ArrayList<>(newestFirst);
        Collections.shuffle(shuffled, new Random(1));
        shuffled.forEach(jobs()::create);
        eventually(() -> jobs().jobs(null, 100), newestFirst);

        List<Job> paged = new ArrayList<>();
        List<Job> page = jobs().jobs(null, 5);
        while (!page.isEmpty()) {
            assertThat(page).hasSizeLessThanOrEqualTo(5);
            paged.addAll(page);
            page = jobs().jobs(page.getLast().id(), 5);
        }

        assertThat(paged).isEqualTo(newestFirst);
    }

    @Test
    default void liveJobsAreThoseThatAreNotTerminal() {
        Instant start = now();
        List<Job> live = new ArrayList<>();
        for (Job.Status status : Job.Status.values()) {
            Job job =
                    job("batch_" + status, start.plusMillis(status.ordinal()))
                            .inSameVersion(status);
            jobs().create(job);
            if (!status.isTerminal()) {
                live.add(job);
            }
        }
        Job first = live.removeFirst();

        jobs().replace(first.in(Job.Status.FAILED));

        eventually(
                () -> jobs().live(null, 100).stream().map(Job::id).sorted().toList(),
                live.stream().map(Job::id).sorted().toList());
    }

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
                        List.of(new Chunk.Segments(1, 4), new Chunk.Segments(5, 1)),
                        new Chunk.Suspicion(List.of(3, 499), 1, 6),
                        4,
                        new Chunk.Compacted(5, 1L << 33, 1L << 34));

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
    default void storesChunksAnewWhateverWasThere() {
        Chunk chunk = Chunk.of("area", 0, 0, 10, 0, 1);
        Job job = in("area", job("batch_1", now()));
        jobs().addChunks(List.of(chunk));
        jobs().replace(chunk.claimed(now(), Duration.ofSeconds(20)));
        assertThat(jobs().close(job, 0)).isTrue();
        Chunk other = Chunk.of("area", 0, 5, 6, 7, 8);
        Chunk next = Chunk.of("area", 1, 11, 6, 7, 8);

        jobs().addChunks(List.of(other, next));

        assertThat(jobs().chunks("area")).containsExactly(other, next);
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

    private static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS);
    }

    private static Job job(String id, Instant createdAt) {
        return new Job(
                id,
                UUID.randomUUID().toString(),
                0,
                Job.Status.VALIDATING,
                null,
                null,
                createdAt,
                null,
                null,
                createdAt.plusSeconds(3600),
                createdAt.plus(Duration.ofDays(30)),
                new Job.Input(0, 0, null, null, null),
                "{}",
                null,
                null,
                null);
    }

    private static Job in(String area, Job job) {
        return copy(job, area, job.retainedUntil());
    }

    private static Job retainedUntil(Instant when, Job job) {
        return copy(job, job.area(), when);
    }

    private static Job copy(Job job, String area, Instant retainedUntil) {
        return new Job(
                job.id(),
                area,
                job.version(),
                job.status(),
                job.paused(),
                job.reason(),
                job.createdAt(),
                job.startedAt(),
                job.finishedAt(),
                job.expiresAt(),
                retainedUntil,
                job.input(),
                job.options(),
                job.totals(),
                job.openAi(),
                null);
    }

    private static Job full(String id) {
        Instant now = now();
        return new Job(
                id,
                "area",
                0,
                Job.Status.EXPIRED,
                "quota_exhausted",
                "The \"provider\" says: Guthaben erschöpft \uD83D\uDCA7",
                now,
                now.plusSeconds(1),
                now.plusSeconds(2),
                now.plusSeconds(3),
                now.plusSeconds(3600),
                new Job.Input(
                        1L << 33, 1 << 20, "digest", "s3://bucket/key", "batch_before", "\"tag\""),
                "{\"model\":\"m\",\"metadata\":{\"a\":\"ü\"}}",
                new Job.Totals(
                        new Counts(1, 2, 3, 4),
                        new Tokens(1L << 40, 1L << 41, 1L << 52, 1L << 39, 1L << 38),
                        1L << 42,
                        1L << 43),
                new Job.OpenAi(
                        "file-1",
                        "24h",
                        "{\"team\":\"ü\"}",
                        Duration.ofHours(2),
                        "gpt-4o",
                        "[{\"line\":1}]",
                        now.plusSeconds(4),
                        now.plusSeconds(5)),
                null);
    }

    private static List<Chunk> chunks(String area, int from, int to) {
        return IntStream.range(from, to)
                .mapToObj(n -> Chunk.of(area, n, n * 1000L, 1000, n * 5L, 5))
                .toList();
    }

    private static <T> void eventually(Supplier<T> actual, T expected) {
        long end = System.nanoTime() + Duration.ofSeconds(5).toNanos();
        T seen = actual.get();
        while (!seen.equals(expected) && System.nanoTime() < end) {
            Thread.yield();
            seen = actual.get();
        }
        assertThat(seen).isEqualTo(expected);
    }

    private static List<Boolean> race(Racer racer) throws Exception {
        CyclicBarrier start = new CyclicBarrier(RACERS);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Boolean>> results = new ArrayList<>();
            for (int n = 0; n < RACERS; n++) {
                int number = n;
                Callable<Boolean> run =
                        () -> {
                            start.await();
                            return racer.run(number);
                        };
                results.add(threads.submit(run));
            }
            List<Boolean> won = new ArrayList<>();
            for (Future<Boolean> result : results) {
                won.add(result.get());
            }
            return won;
        }
    }

    /// One of [#RACERS] who start together.
    interface Racer {
        boolean run(int number) throws Exception;
    }
}
