package io.penstock.store;

import static io.penstock.store.Contracts.RACERS;
import static io.penstock.store.Contracts.eventually;
import static io.penstock.store.Contracts.full;
import static io.penstock.store.Contracts.in;
import static io.penstock.store.Contracts.job;
import static io.penstock.store.Contracts.now;
import static io.penstock.store.Contracts.race;
import static io.penstock.store.Contracts.retainedUntil;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// What [JobStore] promises, whatever keeps it.
public interface JobStoreContract {

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
}
