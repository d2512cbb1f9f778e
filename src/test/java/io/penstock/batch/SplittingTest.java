package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.store.Job;
import io.penstock.store.Job.Status;
import io.penstock.store.StoredFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SplittingTest {

    private static final String LINE =
            "{\"custom_id\":\"%s\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}}\n";

    @TempDir Path directory;

    private Embedded store;
    private Splitting splitting;

    @BeforeEach
    void open() {
        store = new Embedded(directory);
        splitting =
                new Splitting(
                        store.jobs,
                        store.payloads,
                        store.messages,
                        store.config,
                        store.reader,
                        store.files(),
                        store.clock);
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    @Test
    void aFileBecomesChunksAndTheJobBegins() throws IOException, InterruptedException {
        Job job = given(upload(LINE.formatted("a") + LINE.formatted("b")));

        splitting.split(job);

        Job begun = store.stored(job);
        assertThat(begun.status()).isEqualTo(Status.IN_PROGRESS);
        assertThat(begun.input().itemCount()).isEqualTo(2);
        assertThat(Objects.requireNonNull(begun.openAi()).model()).isEqualTo("m");
        assertThat(store.queued()).containsExactly(new Task.RunChunk(job.id(), 0));
    }

    @Test
    void doingItTwiceChangesNothing() throws IOException {
        Job job = given(upload(LINE.formatted("a")));
        splitting.split(job);
        Job begun = store.stored(job);
        store.claimed(job, 0);

        splitting.split(job);
        splitting.split(begun);

        assertThat(store.stored(job)).isEqualTo(begun);
        assertThat(store.chunk(job, 0).epoch()).isEqualTo(1);
    }

    @Test
    void aFileWithAMistakeFailsItsJob() throws IOException {
        Job job = given(upload(LINE.formatted("a") + "{nonsense\n"));

        splitting.split(job);

        Job failed = store.stored(job);
        assertThat(failed.status()).isEqualTo(Status.FAILED);
        assertThat(failed.reason()).startsWith("Line 2: ");
        assertThat(Objects.requireNonNull(failed.openAi()).errors()).contains("invalid_json_line");
    }

    @Test
    void aFileWithoutLinesOrThatIsGoneFailsItsJob() throws IOException {
        Job empty = given(upload("\n"));
        Job gone = given("file-of-nobody");

        splitting.split(empty);
        splitting.split(gone);

        assertThat(store.stored(empty).reason()).isEqualTo("The input file has no lines.");
        assertThat(store.stored(gone).reason()).startsWith("The input file was deleted");
    }

    @Test
    void aJobThatIsCancelledBeforeItBeganHasEnded() throws IOException {
        Job job = given(upload(LINE.formatted("a"))).in(Status.CANCELLING);
        store.jobs.replace(job);

        splitting.split(job);

        assertThat(store.stored(job).status()).isEqualTo(Status.CANCELLED);
    }

    /// The caller may remove its file as soon as one delivery has read it.
    @Test
    void aSecondDeliveryThatFindsTheFileGoneLeavesWhatTheFirstHasMade() {
        Job job = job("own", "s3://bucket/key", null);
        store.payloads.put(job.file("input.jsonl"), new byte[] {'1'});

        splitting.split(job);

        assertThat(store.payloads.size(job.file("input.jsonl"))).contains(1L);
    }

    private String upload(String content) throws IOException {
        try (Files.Upload upload = store.files().upload()) {
            upload.write(content.getBytes(StandardCharsets.UTF_8));
            StoredFile file = upload.complete("name", "batch", Duration.ofHours(1));
            return file.id();
        }
    }

    private Job given(String fileId) {
        return job(fileId, null, new Job.OpenAi(fileId, "24h", null, null, null, null, null, null));
    }

    private Job job(String area, @Nullable String source, Job.@Nullable OpenAi openAi) {
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
                        new Job.Input(0, 0, null, source, null),
                        "{}",
                        null,
                        openAi);
        store.jobs.create(job);
        return job;
    }
}
