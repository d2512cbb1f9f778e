package io.penstock.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.store.Chunk;
import io.penstock.store.ChunkQueue;
import io.penstock.store.ChunkQueue.Delivery;
import io.penstock.store.Counts;
import io.penstock.store.Heard;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import io.penstock.store.Tokens;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the store promises, on the embedded engine.
class LocalEngineTest {

    private static final Instant NOW = Instant.ofEpochMilli(4_000_000_000_000L);

    @TempDir Path directory;

    private Opened opened;
    private JobStore jobs;
    private Payloads payloads;
    private ChunkQueue queue;

    @BeforeEach
    void open() {
        opened = new Opened(directory, Clock.systemUTC(), "1s", 3);
        jobs = opened.jobs();
        payloads = opened.payloads();
        queue = opened.queue();
    }

    @AfterEach
    void close() throws IOException {
        opened.close();
    }

    @Test
    void recordsComeBackAsTheyWereAfterARestart() throws IOException {
        Job made = job("all", NOW);
        Job paused = made.paused("user", "why");
        Job job =
                paused.ended(
                        Job.Status.EXPIRED,
                        NOW.plusMillis(7),
                        "a reason",
                        new Job.Totals(new Counts(1, 2, 3, 4), new Tokens(5, 6, 7), 7, 8));
        Chunk chunk =
                Chunk.of("all", 3, 100, 200, 30, 10)
                        .claimed(NOW, Duration.ofSeconds(2))
                        .recorded(
                                new Counts(1, 1, 0, 0),
                                new Tokens(9, 10, 11),
                                NOW.plusMillis(1),
                                Heard.NOTHING)
                        .suspecting(List.of(4, 5), NOW.plusMillis(2));
        jobs.create(made);
        jobs.replace(paused);
        jobs.replace(job);
        jobs.addChunks(List.of(chunk));

        close();
        open();

        assertThat(jobs.job("all")).contains(job);
        assertThat(jobs.chunk("all", 3)).contains(chunk);
        assertThat(jobs.chunk("all", 4)).isEmpty();
    }

    @Test
    void whatAProcessHadReceivedThatIsGoneIsDeliveredAgainAtOnce() throws Exception {
        queue.send("a", List.of("new"), Duration.ZERO);
        queue.send("a", List.of("later"), Duration.ofMinutes(1));
        Delivery received = queue.receive(1, Duration.ZERO).getFirst();
        queue.extend(received.receipt(), Duration.ofMinutes(10));
        assertThat(queue.receive(10, Duration.ZERO)).isEmpty();

        close();
        open();

        assertThat(queue.receive(10, Duration.ZERO))
                .extracting(Delivery::body)
                .containsExactly("new");
    }

    @Test
    void ofManyWhoCreateOrReplaceOneSucceeds() throws Exception {
        assertThat(winners(() -> jobs.create(job("one", NOW)))).isEqualTo(1);
        Job next = jobs.job("one").orElseThrow().in(Job.Status.FINALIZING);
        assertThat(winners(() -> jobs.replace(next))).isEqualTo(1);
        jobs.addChunks(List.of(Chunk.of("one", 0, 0, 10, 0, 5)));
        Chunk claimed = jobs.chunk("one", 0).orElseThrow().claimed(NOW, Duration.ofSeconds(1));
        assertThat(winners(() -> jobs.replace(claimed))).isEqualTo(1);
    }

    @Test
    void whoseClaimIsOutdatedRecordsNothing() {
        jobs.addChunks(List.of(Chunk.of("fenced", 0, 0, 10, 0, 5)));
        Chunk frozen = jobs.chunk("fenced", 0).orElseThrow().claimed(NOW, Duration.ofSeconds(1));
        assertThat(jobs.replace(frozen)).isTrue();
        Chunk other = jobs.chunk("fenced", 0).orElseThrow().claimed(NOW, Duration.ofSeconds(1));
        assertThat(jobs.replace(other)).isTrue();

        boolean recorded =
                jobs.replace(
                        frozen.recorded(new Counts(1, 0, 0, 0), Tokens.NONE, NOW, Heard.NOTHING));

        assertThat(recorded).isFalse();
        assertThat(jobs.chunk("fenced", 0)).contains(other);
        assertThat(other.crashes()).isEqualTo(1);
        assertThat(other.epoch()).isEqualTo(2);
    }

    @Test
    void theLastChunkIsKnownInAnyOrderAndHoweverOftenItIsNoted() {
        long seed = System.nanoTime();
        System.out.println("Seed " + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 20; round++) {
            String area = "closed-" + round;
            int count = 1 + random.nextInt(12);
            jobs.addChunks(
                    IntStream.range(0, count)
                            .mapToObj(i -> Chunk.of(area, i, i, 1, i, 1))
                            .toList());
            List<Integer> notes = new ArrayList<>();
            for (int i = 0; i < count * 3; i++) {
                notes.add(i % count);
            }
            Collections.shuffle(notes, random);
            List<Integer> noted = new ArrayList<>();
            for (int index : notes) {
                noted.add(index);
                assertThat(jobs.close(job(area, NOW), index))
                        .isEqualTo(noted.stream().distinct().count() == count);
            }
        }
    }

    @Test
    void jobsAreListedNewestFirstAndForgottenInTime() {
        for (int i = 0; i < 5; i++) {
            jobs.create(job("job-" + i, Instant.now().plusMillis(i)));
        }
        Job past = job("past", Instant.now().minus(Duration.ofDays(60)));
        jobs.create(past);

        assertThat(jobs.jobs(null, 3).stream().map(Job::id).toList())
                .containsExactly("job-4", "job-3", "job-2");
        assertThat(jobs.jobs("job-2", 10).stream().map(Job::id).toList())
                .containsExactly("job-1", "job-0");
        assertThat(jobs.job("past")).isEmpty();
        assertThat(jobs.live(null, 100)).hasSize(5);
        jobs.replace(
                jobs.job("job-0")
                        .orElseThrow()
                        .ended(Job.Status.COMPLETED, Instant.now(), null, null));
        assertThat(jobs.live(null, 100)).hasSize(4);
        jobs.addChunks(List.of(Chunk.of("job-1", 0, 0, 1, 0, 1)));
        jobs.delete(jobs.job("job-1").orElseThrow());
        assertThat(jobs.job("job-1")).isEmpty();
        assertThat(jobs.chunks("job-1")).isEmpty();
    }

    @Test
    void chunksComeInOrder() {
        List<Chunk> chunks =
                new ArrayList<>(
                        IntStream.range(0, 2_500)
                                .mapToObj(i -> Chunk.of("many", i, i * 10L, 10, i, 1))
                                .toList());
        Collections.shuffle(chunks, new Random(1));
        jobs.addChunks(chunks);

        assertThat(jobs.chunks("many").stream().map(Chunk::index).toList())
                .isEqualTo(IntStream.range(0, 2_500).boxed().toList());
    }

    @Test
    void aFileIsThereWhenItIsPublishedAndNotBefore() throws IOException {
        try (Payloads.Draft draft = payloads.create("jobs/a/file")) {
            draft.write(bytes("0123456789"));
            assertThatThrownBy(() -> payloads.read("jobs/a/file"))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("jobs/a/file");
            draft.publish();
        }
        try (Payloads.Draft dropped = payloads.create("jobs/a/dropped")) {
            dropped.write(1);
        }

        assertThat(payloads.read("jobs/a/file")).asString().isEqualTo("0123456789");
        try (var part = payloads.read("jobs/a/file", 3, 4)) {
            assertThat(part.readAllBytes()).asString().isEqualTo("3456");
        }
        payloads.put("jobs/a/file", bytes("new"));
        payloads.put("jobs/ab/file", bytes("another"));
        assertThat(payloads.read("jobs/a/file")).asString().isEqualTo("new");
        payloads.deleteAll("jobs/a/");
        assertThatThrownBy(() -> payloads.read("jobs/a/file")).isInstanceOf(StoreException.class);
        assertThat(payloads.read("jobs/ab/file")).asString().isEqualTo("another");
        assertThat(directory.resolve("jobs/a")).doesNotExist();
    }

    @Test
    void aMessageComesAgainUntilItIsDeletedOrDead() throws InterruptedException {
        queue.send("job", List.of("one"), Duration.ZERO);

        Delivery first = receive();
        assertThat(first.receiveCount()).isEqualTo(1);
        assertThat(queue.receive(10, Duration.ZERO)).isEmpty();
        Delivery second = receive();
        assertThat(second.body()).isEqualTo("one");
        assertThat(second.receiveCount()).isEqualTo(2);
        // An outdated receipt deletes nothing.
        queue.delete(first);
        queue.extend(second.receipt(), Duration.ZERO);
        Delivery third = receive();
        assertThat(third.receiveCount()).isEqualTo(3);
        queue.extend(third.receipt(), Duration.ZERO);

        assertThat(queue.receive(10, Duration.ZERO)).isEmpty();
        List<Delivery> dead = queue.receiveDead();
        assertThat(dead).hasSize(1);
        assertThat(dead.getFirst().body()).isEqualTo("one");
        queue.deleteDead(dead.getFirst());
        assertThat(queue.receiveDead()).isEmpty();
    }

    @Test
    void aMessageComesNotBeforeItsDelay() throws InterruptedException {
        long start = System.nanoTime();
        queue.send("job", List.of("late"), Duration.ofMillis(700));
        queue.send("job", IntStream.range(0, 25).mapToObj(i -> "m" + i).toList(), Duration.ZERO);

        List<String> bodies = new ArrayList<>();
        while (bodies.size() < 26) {
            for (Delivery one : queue.receive(10, Duration.ofSeconds(5))) {
                bodies.add(one.body());
                queue.delete(one);
            }
        }

        assertThat(bodies).hasSize(26).endsWith("late").doesNotHaveDuplicates();
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .isGreaterThanOrEqualTo(Duration.ofMillis(690));
    }

    @Test
    void aDataDirectoryHasOneOwner() throws IOException {
        queue.send("job", List.of("x"), Duration.ZERO);
        try (Opened second = new Opened(directory, Clock.systemUTC(), "1s", 3)) {
            assertThatThrownBy(() -> second.engine().queue())
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("in use by another Penstock")
                    .hasMessageContaining("penstock.store.directory");
        }
    }

    private Delivery receive() throws InterruptedException {
        List<Delivery> received = queue.receive(1, Duration.ofSeconds(10));
        assertThat(received).hasSize(1);
        return received.getFirst();
    }

    private static int winners(Callable<Boolean> attempt) throws Exception {
        try (ExecutorService racers = Executors.newVirtualThreadPerTaskExecutor()) {
            int winners = 0;
            for (Future<Boolean> one : racers.invokeAll(Collections.nCopies(16, attempt))) {
                winners += one.get() ? 1 : 0;
            }
            return winners;
        }
    }

    private static Job job(String id, Instant created) {
        return new Job(
                id,
                id,
                0,
                Job.Status.IN_PROGRESS,
                null,
                null,
                Instant.ofEpochMilli(created.toEpochMilli()),
                NOW,
                null,
                NOW.plusSeconds(60),
                Instant.ofEpochMilli(created.plus(Duration.ofDays(30)).toEpochMilli()),
                new Job.Input(10, 2, "digest", "s3://b/k", "before"),
                "{\"model\":\"x\"}",
                null,
                null,
                null);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
