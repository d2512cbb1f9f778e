package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.pipeline.StageOutcome.Finished;
import io.penstock.store.Counts;
import io.penstock.store.Job;
import io.penstock.store.Tokens;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ResultsTest extends StoreTest {

    private Job job;

    @BeforeEach
    void begin() {
        job = store.job(9, 3, "{}");
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
                .containsExactly("0", "1", "2", "3", "4", "5", "6", "7", "8");
    }

    @Test
    void aBatchThatWasEndedWithoutAnIndexIsReadFromItsChunks() throws InterruptedException {
        for (int chunk = 0; chunk < 3; chunk++) {
            Claim claim = store.claim(job, chunk);
            for (int item : new int[] {2, 0, 1}) {
                claim.add(Embedded.result(chunk * 3L + item), new Counts(1, 0, 0, 0), Tokens.NONE);
            }
            claim.flush(true);
        }
        Job.Totals totals = new Job.Totals(new Counts(9, 0, 0, 0), Tokens.NONE, 900, 0);
        job = job.ended(Job.Status.COMPLETED, store.clock.now(), null, totals);
        store.jobs.replace(job);

        Results.Page first = page(Results.Order.INPUT, null, 5);

        assertThat(indexes(first)).containsExactly("0", "1", "2", "3", "4");
        assertThat(indexes(page(Results.Order.INPUT, first.cursor(), 5)))
                .containsExactly("5", "6", "7", "8");
        assertThat(indexes(page(Results.Order.FINISHED, null, 10)))
                .containsExactly("2", "0", "1", "5", "3", "4", "8", "6", "7");
    }

    @Test
    void whatIsNotDoneYetIsWrittenAsItWasRecorded() throws InterruptedException, IOException {
        store.end(job, 0, List.of());
        Claim claim = store.claim(job, 1);
        for (int item : new int[] {5, 3}) {
            claim.add(Embedded.result(item), new Counts(1, 0, 0, 0), Tokens.NONE);
        }
        claim.flush(true);

        assertThat(written(Results.Order.FINISHED)).containsExactly("0", "1", "2", "5", "3");
        assertThat(written(Results.Order.INPUT)).containsExactly("0", "1", "2", "3");
    }

    /// Readers of each order and page size, from any moment on, whatever happens between pages.
    @Test
    void eachReaderGetsEachResultOnceWhileTheJobRunsAndAfterItsEnd() throws InterruptedException {
        long seed = System.nanoTime();
        System.out.println("Seed " + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 20; round++) {
            int items = 1 + random.nextInt(60);
            store.pass(Duration.ofMillis(1));
            job = store.job(items, 1 + random.nextInt(9), "{}");
            List<Reader> readers = new ArrayList<>();
            Map<Integer, Claim> claims = new HashMap<>();
            List<Integer> left = new ArrayList<>(IntStream.range(0, items).boxed().toList());
            Collections.shuffle(left, random);
            int chunkItems = store.chunk(job, 0).itemCount();
            for (int item : left) {
                int index = item / chunkItems;
                Claim claim = claims.get(index);
                if (claim == null) {
                    claim = store.claim(job, index);
                    claims.put(index, claim);
                }
                boolean fails = random.nextInt(4) == 0;
                claim.add(
                        fails ? Embedded.error(item) : Embedded.result(item),
                        fails ? new Counts(0, 1, 0, 0) : new Counts(1, 0, 0, 0),
                        Tokens.NONE);
                claim.flush(true);
                if (claim.chunk().isWhole()) {
                    claim.release();
                }
                if (random.nextInt(3) == 0) {
                    readers.add(new Reader(random));
                }
                for (Reader reader : readers) {
                    if (random.nextInt(3) == 0) {
                        reader.read();
                    }
                }
            }
            store.finisher().finish(job.id(), Shift::endless);
            job = store.stored(job);
            assertThat(job.status()).isEqualTo(Job.Status.COMPLETED);
            readers.add(new Reader(random));
            List<String> all = IntStream.range(0, items).mapToObj(Integer::toString).toList();
            for (Reader reader : readers) {
                while (reader.read()) {}
                assertThat(reader.read).as("Seed " + seed).hasSize(items);
                if (reader.order == Results.Order.INPUT) {
                    assertThat(reader.read).isEqualTo(all);
                } else {
                    assertThat(reader.read).containsExactlyInAnyOrderElementsOf(all);
                }
            }
        }
    }

    private final class Reader {

        private final Results.Order order;
        private final int limit;
        private final List<String> read = new ArrayList<>();
        private @Nullable String cursor;

        Reader(Random random) {
            order = random.nextBoolean() ? Results.Order.INPUT : Results.Order.FINISHED;
            limit = 1 + random.nextInt(random.nextBoolean() ? 3 : 100);
        }

        /// @return whether there is more
        boolean read() {
            Results.Page page = page(order, cursor, limit);
            read.addAll(indexes(page));
            cursor = page.cursor();
            assertThat(page.isLast() || page.lines().length > 0).isTrue();
            return !page.isLast();
        }
    }

    @Test
    void aPageOfWhatHasEndedIsAHandfulOfRequests() throws InterruptedException {
        job = store.job(30_000, 500, "{}");
        String began = null;
        for (int chunk = 0; chunk < 60; chunk++) {
            store.end(job, chunk, List.of(chunk * 500 + 7));
            if (chunk == 30) {
                Claim claim = store.claim(job, 45);
                claim.add(Embedded.result(45 * 500L + 3), new Counts(1, 0, 0, 0), Tokens.NONE);
                claim.flush(true);
                began = page(Results.Order.FINISHED, null, 10_000).cursor();
                Results.Page page = page(Results.Order.FINISHED, began, 10_000);
                began = page.cursor();
                store.pass(Duration.ofMinutes(1));
            }
            if (chunk == 44) {
                Claim claim = store.claim(job, 45);
                for (int place = 499; place >= 0; place--) {
                    if (place != 3) {
                        claim.add(
                                Embedded.result(45 * 500L + place),
                                new Counts(1, 0, 0, 0),
                                Tokens.NONE);
                    }
                }
                claim.flush(true);
                claim.release();
                chunk++;
            }
        }
        store.finisher().finish(job.id(), Shift::endless);
        job = store.stored(job);
        assertThat(job.status()).isEqualTo(Job.Status.COMPLETED);

        assertRequests(Results.Order.INPUT, null, 10_000);
        assertRequests(Results.Order.INPUT, "i12345", 10_000);
        assertRequests(Results.Order.FINISHED, null, 10_000);
        assertRequests(Results.Order.FINISHED, began, 9_000);
        store.payloads.asked();
        assertThat(results().page(Results.Order.INPUT, null, 1).lines()).isNotEmpty();
    }

    private void assertRequests(Results.Order order, @Nullable String cursor, int lines) {
        store.payloads.asked();
        Results results =
                new Results(
                        store.payloads,
                        job,
                        () -> {
                            throw new AssertionError("Nobody needs its chunks");
                        });
        assertThat(indexes(results.page(order, cursor, 10_000)).size())
                .isGreaterThanOrEqualTo(lines);
        // And one for the job.
        assertThat(store.payloads.asked()).hasSizeLessThanOrEqualTo(5);
    }

    @Test
    void allOfASmallJobThatHasEndedIsTwoRequests() throws InterruptedException, IOException {
        for (int chunk = 0; chunk < 3; chunk++) {
            store.end(job, chunk, List.of(4));
        }
        store.finisher().finish(job.id(), Shift::endless);
        job = store.stored(job);
        store.payloads.asked();

        assertThat(written(Results.Order.INPUT))
                .containsExactly("0", "1", "2", "3", "4", "5", "6", "7", "8");
        // And one for the job.
        assertThat(store.payloads.asked()).hasSize(2);
    }

    private Results.Page page(Results.Order order, @Nullable String cursor, int limit) {
        return results().page(order, cursor, limit);
    }

    private Results results() {
        return new Results(store.payloads, job, () -> store.jobs.chunks(job.area()));
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
