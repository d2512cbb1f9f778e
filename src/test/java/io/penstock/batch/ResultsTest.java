package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.pipeline.StageOutcome.Finished;
import io.penstock.store.Counts;
import io.penstock.store.Job;
import io.penstock.store.Tokens;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultsTest {

    @TempDir Path directory;

    private Embedded store;
    private Job job;

    @BeforeEach
    void open() {
        store = new Embedded(directory);
        job = store.job(9, 3, "{}");
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    @Test
    void pagesInTheOrderOfTheInputEndAtTheFirstThatIsNotThere() throws InterruptedException {
        store.end(job, 0, List.of());
        store.end(job, 2, List.of());

        Results.Page first = page(Results.Order.INPUT, null, 2);
        assertThat(indexes(first)).containsExactly("0", "1");
        assertThat(first.isLast()).isFalse();
        Results.Page second = page(Results.Order.INPUT, first.cursor(), 10);
        assertThat(indexes(second)).containsExactly("2");
        assertThat(second.isLast()).isTrue();

        store.end(job, 1, List.of());
        assertThat(indexes(page(Results.Order.INPUT, second.cursor(), 10)))
                .containsExactly("3", "4", "5", "6", "7", "8");
    }

    @Test
    void readingOnWhileItRunsGivesEachResultOnce() throws InterruptedException {
        List<String> read = new ArrayList<>();
        String cursor = null;
        for (int chunk : new int[] {1, 0, 2}) {
            Claim claim = store.claim(job, chunk);
            for (int place = 2; place >= 0; place--) {
                claim.add(Embedded.result(chunk * 3L + place), new Counts(1, 0, 0, 0), Tokens.NONE);
                claim.flush(true);
                Results.Page page = page(Results.Order.FINISHED, cursor, 2);
                read.addAll(indexes(page));
                cursor = page.cursor();
            }
            claim.release();
        }

        assertThat(read).containsExactly("5", "4", "3", "2", "1", "0", "8", "7", "6");
    }

    @Test
    void stagesAreNotForReaders() throws InterruptedException {
        Claim claim = store.claim(job, 0);
        claim.add(
                ResultLine.stage(0, new Finished("a", "x", "m", "stop", null, 1)),
                Counts.NONE,
                Tokens.NONE);
        claim.add(Embedded.result(1), new Counts(1, 0, 0, 0), Tokens.NONE);
        claim.flush(true);

        assertThat(indexes(page(Results.Order.FINISHED, null, 10))).containsExactly("1");
        assertThat(page(Results.Order.INPUT, null, 10).lines()).isEmpty();
    }

    @Test
    void allIsWrittenInTheOrderThatIsAskedFor() throws InterruptedException, IOException {
        for (int chunk = 0; chunk < 3; chunk++) {
            store.end(job, chunk, List.of(4));
        }

        assertThat(written(Results.Order.INPUT))
                .containsExactly("0", "1", "2", "3", "4", "5", "6", "7", "8");
        assertThat(written(Results.Order.FINISHED))
                .containsExactly("2", "1", "0", "5", "4", "3", "8", "7", "6");
    }

    private Results.Page page(Results.Order order, @Nullable String cursor, int limit) {
        return results().page(order, cursor, limit);
    }

    private Results results() {
        return new Results(store.payloads, job, store.jobs.chunks(job.area()));
    }

    private List<String> written(Results.Order order) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        results().write(order, out);
        return indexes(out.toByteArray());
    }

    private static List<String> indexes(Results.Page page) {
        return indexes(page.lines());
    }

    private static List<String> indexes(byte[] lines) {
        return new String(lines, StandardCharsets.UTF_8)
                .lines()
                .map(line -> Embedded.field(line, "/index"))
                .toList();
    }
}
