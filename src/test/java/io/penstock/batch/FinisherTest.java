package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.store.Counts;
import io.penstock.store.Job;
import io.penstock.store.Job.Status;
import io.penstock.store.Tokens;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FinisherTest {

    @TempDir Path directory;

    private Embedded store;
    private Job job;
    private Finisher finisher;

    @BeforeEach
    void open() {
        store = new Embedded(directory);
        job = store.job(6, 2, "{}");
        finisher = store.finisher();
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    @Test
    void resultsAndErrorsComeInTheOrderOfTheInput() throws InterruptedException {
        endAll(List.of(1, 4));

        finisher.finish(job.id());

        Job ended = store.stored(job);
        assertThat(ended.status()).isEqualTo(Status.COMPLETED);
        Job.Totals totals = Objects.requireNonNull(ended.totals());
        assertThat(totals.counts()).isEqualTo(new Counts(4, 2, 0, 0));
        assertThat(totals.tokens().total()).isEqualTo(30);
        assertThat(indexes("output.jsonl")).containsExactly("0", "2", "3", "5");
        assertThat(indexes("errors.jsonl")).containsExactly("1", "4");
        assertThat(totals.outputBytes())
                .isEqualTo(store.payloads.size(job.file("output.jsonl")).orElseThrow());
    }

    @Test
    void aJobWithAnOpenChunkDoesNotEnd() throws InterruptedException {
        store.end(job, 0, List.of());
        store.end(job, 2, List.of());

        finisher.finish(job.id());

        assertThat(store.stored(job).status()).isEqualTo(Status.IN_PROGRESS);
    }

    @Test
    void theLastChunkOfSeveralQueuesTheEnd() throws InterruptedException {
        endAll(List.of());

        finisher.chunkDone(job, 0);
        finisher.chunkDone(job, 2);
        assertThat(store.queued()).isEmpty();
        finisher.chunkDone(job, 1);

        assertThat(store.queued()).containsExactly(new Task.Finish(job.id()));
        assertThat(store.stored(job).status()).isEqualTo(Status.IN_PROGRESS);
    }

    @Test
    void theOnlyChunkEndsItsJobAtOnce() throws InterruptedException {
        Job single = store.job(3);
        store.end(single, 0, List.of());

        finisher.chunkDone(single, 0);

        assertThat(store.stored(single).status()).isEqualTo(Status.COMPLETED);
        assertThat(store.queued()).isEmpty();
    }

    @Test
    void endingTwiceChangesNothing() throws InterruptedException {
        endAll(List.of(0));
        finisher.finish(job.id());
        Job ended = store.stored(job);
        store.pass(Duration.ofMinutes(1));

        finisher.finish(job.id());

        assertThat(store.stored(job)).isEqualTo(ended);
    }

    @Test
    void aCancelledJobEndsAsCancelledWithWhatIsFinished() throws InterruptedException {
        endAll(List.of());
        store.jobs.replace(job.in(Status.CANCELLING));

        finisher.finish(job.id());

        assertThat(store.stored(job).status()).isEqualTo(Status.CANCELLED);
        assertThat(indexes("output.jsonl")).hasSize(6);
    }

    @Test
    void countsThatDoNotAddUpEndNoJob() throws InterruptedException {
        endAll(List.of());
        Claim late = store.claim(job, 1);
        late.add(Embedded.error(2), Counts.NONE, Tokens.NONE);
        late.flush(true);
        late.release();

        assertThatThrownBy(() -> finisher.finish(job.id()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("two outcomes");
        assertThat(store.stored(job).status()).isEqualTo(Status.FINALIZING);
    }

    private void endAll(List<Integer> failed) throws InterruptedException {
        for (int chunk = 0; chunk < 3; chunk++) {
            store.end(job, chunk, failed);
        }
    }

    private List<String> indexes(String file) {
        return store.lines(job.file(file)).stream()
                .map(line -> Embedded.field(line, "/index"))
                .toList();
    }
}
