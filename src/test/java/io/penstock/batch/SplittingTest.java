package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.store.Job;
import io.penstock.store.Job.Status;
import io.penstock.store.StoredFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SplittingTest extends StoreTest {

    private static final String LINE =
            "{\"custom_id\":\"%s\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}}\n";

    private Splitting splitting;

    @BeforeEach
    void begin() {
        splitting = store.splitting();
    }

    @Test
    void aFileBecomesChunksAndTheJobBegins() throws IOException, InterruptedException {
        Job job = given(upload(LINE.formatted("a") + LINE.formatted("b")));

        split(job);

        Job begun = store.stored(job);
        assertThat(begun.status()).isEqualTo(Status.IN_PROGRESS);
        assertThat(begun.input().itemCount()).isEqualTo(2);
        assertThat(Objects.requireNonNull(begun.openAi()).model()).isEqualTo("m");
        assertThat(store.queued()).containsExactly(new Task.RunChunk(job.id(), 0));
    }

    @Test
    void doingItTwiceChangesNothing() throws IOException {
        Job job = given(upload(LINE.formatted("a")));
        split(job);
        Job begun = store.stored(job);
        store.claimed(begun, 0);

        split(job);
        split(begun);

        assertThat(store.stored(job)).isEqualTo(begun);
        assertThat(store.chunk(begun, 0).epoch()).isEqualTo(1);
    }

    @Test
    void aFileWithAMistakeFailsItsJob() throws IOException {
        Job job = given(upload(LINE.formatted("a") + "{nonsense\n"));

        split(job);

        Job failed = store.stored(job);
        assertThat(failed.status()).isEqualTo(Status.FAILED);
        assertThat(failed.reason()).startsWith("Line 2: ");
        assertThat(Objects.requireNonNull(failed.openAi()).errors()).contains("invalid_json_line");
    }

    @Test
    void aFileWithoutLinesOrThatIsGoneFailsItsJob() throws IOException {
        Job empty = given(upload("\n"));
        Job gone = given("file-of-nobody");

        split(empty);
        split(gone);

        assertThat(store.stored(empty).reason()).isEqualTo("The input file has no lines.");
        assertThat(store.stored(gone).reason()).startsWith("The input file was deleted");
    }

    @Test
    void aJobThatIsCancelledBeforeItBeganHasEnded() throws IOException {
        Job job = given(upload(LINE.formatted("a"))).in(Status.CANCELLING);
        store.jobs.replace(job);

        split(job);

        assertThat(store.stored(job).status()).isEqualTo(Status.CANCELLED);
    }

    @Test
    void ofTwoThatCutOneFileAtOnceOneBeginsTheJobAndTheOtherLeavesNothing() throws Exception {
        Job job = given(upload(LINE.formatted("a") + LINE.formatted("b")));
        CyclicBarrier both = new CyclicBarrier(2);
        // Each has looked at the job and cut its file before either has said so.
        store.payloads.before(what -> {
            if (what.startsWith("publish") && what.endsWith("input.jsonl")) {
                await(both);
            }
        });
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            for (Future<?> one :
                    List.of(threads.submit(() -> split(job)), threads.submit(() -> split(job)))) {
                one.get();
            }
        }

        Job begun = store.stored(job);
        assertThat(begun.status()).isEqualTo(Status.IN_PROGRESS);
        assertThat(begun.area()).isNotEqualTo(job.area());
        assertThat(store.lines(begun.file("input.jsonl"))).hasSize(2);
        assertThat(store.jobs.chunks(begun.area())).hasSize(1);
        try (Stream<Path> areas = java.nio.file.Files.list(directory.resolve("jobs"))) {
            assertThat(areas.map(area -> area.getFileName().toString()))
                    .containsExactlyInAnyOrder(begun.area(), job.area());
        }
        assertThat(store.queued()).containsExactly(new Task.RunChunk(job.id(), 0));
    }

    @Test
    void aJobThatExpiresBeforeItsItemsAreReadHasEnded() throws IOException {
        Job job = given(upload(LINE.formatted("a")));
        store.pass(Duration.ofHours(1));

        split(job);

        assertThat(store.stored(job).status()).isEqualTo(Status.EXPIRED);
        assertThat(store.stored(job).reason()).startsWith("The batch expired before");
    }

    @Test
    void aFileThatHasChangedSinceTheJobWasMadeFailsIt() throws IOException {
        String file = upload(LINE.formatted("a"));
        String tag = store.payloads.tag(Files.key(file)).orElseThrow();
        Job job =
                job(
                        file,
                        new Job.Input(0, 0, null, null, null, tag),
                        new Job.OpenAi(file, "24h", null, null, null, null, null, null));
        store.payloads.put(
                Files.key(file), LINE.formatted("other").getBytes(StandardCharsets.UTF_8));

        split(job);

        assertThat(store.stored(job).status()).isEqualTo(Status.FAILED);
        assertThat(Objects.requireNonNull(store.stored(job).openAi()).errors())
                .contains("file_changed");
    }

    @Test
    void whoHasNoTimeToReadOnLeavesItToAnother() throws Exception {
        Job job = given(upload(LINE.formatted("a")));

        splitting.split(job, 0, SplittingTest::over);

        assertThat(store.stored(job)).isEqualTo(job);
        assertThat(store.queued()).containsExactly(new Task.Split(job.id(), 1));

        splitting.split(job, 9, SplittingTest::over);

        assertThat(store.stored(job).status()).isEqualTo(Status.FAILED);
        assertThat(store.stored(job).reason()).contains("in 10 attempts", "in parts");
        assertThat(store.queued()).isEmpty();
    }

    @Test
    void whatFailedOfAnEndedJobIsTakenInAgain() throws Exception {
        Job ended = store.job(9, 2, "{}");
        for (int chunk = 0; chunk < 5; chunk++) {
            store.end(ended, chunk, List.of(1, 4, 5, 6));
        }
        store.finisher().finish(ended.id(), Shift::endless);
        store.queued();
        Job job = job("again", new Job.Input(0, 0, null, null, ended.id()), null);

        split(job);

        Job begun = store.stored(job);
        assertThat(begun.status()).isEqualTo(Status.IN_PROGRESS);
        assertThat(store.lines(begun.file("input.jsonl")))
                .map(line -> Embedded.field(line, "/custom_id"))
                .containsExactly("id-1", "id-4", "id-5", "id-6");
    }

    @Test
    void whatWasDeletedIsNotRetried() {
        Job job = job("again", new Job.Input(0, 0, null, null, "batch_gone"), null);

        split(job);

        assertThat(store.stored(job).status()).isEqualTo(Status.FAILED);
        assertThat(store.stored(job).reason()).contains("batch_gone was deleted");
    }

    private void split(Job job) {
        splitting.split(job, 0, Shift::endless);
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await(10, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private String upload(String content) throws IOException {
        try (Files.Upload upload = store.files().upload()) {
            upload.write(content.getBytes(StandardCharsets.UTF_8));
            StoredFile file = upload.complete("name", "batch", Duration.ofHours(1), null);
            return file.id();
        }
    }

    private Job given(String fileId) {
        return job(
                fileId,
                new Job.Input(0, 0, null, null, null),
                new Job.OpenAi(fileId, "24h", null, null, null, null, null, null));
    }

    private Job job(String area, Job.Input input, Job.@Nullable OpenAi openAi) {
        Job job =
                new Job(
                        "batch_" + area,
                        area,
                        0,
                        Status.VALIDATING,
                        null,
                        null,
                        store.clock.now(),
                        null,
                        null,
                        store.clock.now().plusSeconds(3600),
                        store.clock.now().plusSeconds(7200),
                        input,
                        "{}",
                        null,
                        openAi,
                        null);
        store.jobs.create(job);
        return job;
    }

    /// There is no time left.
    private static Shift over() {
        return Shift.ending(Duration.ZERO, Duration.ZERO);
    }
}
