package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.store.Chunk;
import io.penstock.store.Job;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CarefulRunTest extends StoreTest {

    private Job job;
    private final List<List<Integer>> run = new ArrayList<>();

    @BeforeEach
    void begin() {
        job = store.job(18);
    }

    @Test
    void aChunkThatWasClaimedInVainTooOftenNeedsIt() {
        crash(2);
        assertThat(CarefulRun.isNeeded(store.chunk(job, 0))).isFalse();
        crash(1);
        assertThat(CarefulRun.isNeeded(store.chunk(job, 0))).isTrue();
    }

    @Test
    void eachGroupIsNotedBeforeItRuns() throws InterruptedException {
        Claim claim = store.claim(job, 0);

        assertThat(careful(claim, this::noted).run()).isTrue();

        assertThat(run)
                .containsExactly(
                        List.of(0, 1, 2, 3, 4, 5, 6, 7),
                        List.of(8, 9, 10, 11, 12, 13, 14, 15),
                        List.of(16, 17));
    }

    @Test
    void suspectsRunAloneAndFirst() throws InterruptedException {
        suspect(List.of(4, 5));
        Claim claim = store.claim(job, 0);

        careful(
                        claim,
                        places -> {
                            run.add(places);
                            return run.size() < 3;
                        })
                .run();

        assertThat(run).startsWith(List.of(4), List.of(5)).hasSize(3);
    }

    @Test
    void oneThatEndsItsWorkerTenTimesIsToBlame() throws InterruptedException {
        for (int i = 0; i < 10; i++) {
            suspect(List.of(4));
        }
        assertThat(store.chunk(job, 0).suspectCrashes()).isEqualTo(10);
        Claim claim = store.claim(job, 0);
        ChunkItems items = items(claim);
        CarefulRun careful = new CarefulRun(claim, items, () -> true, this::noted);

        careful.recordCulprit(job.id());

        assertThat(items.isOpen(4)).isFalse();
        careful.run();
        assertThat(run.stream().flatMap(List::stream)).hasSize(17).doesNotContain(4);
        claim.flush(true);
        assertThat(store.recorded(job, 0))
                .singleElement()
                .asString()
                .contains("\"index\":4", "worker_crashed", "\"custom_id\":\"id-4\"");
    }

    @Test
    void nineTimesAreNotEnough() throws InterruptedException {
        for (int i = 0; i < 9; i++) {
            suspect(List.of(4));
        }
        Claim claim = store.claim(job, 0);
        ChunkItems items = items(claim);

        new CarefulRun(claim, items, () -> true, this::noted).recordCulprit(job.id());

        assertThat(items.isOpen(4)).isTrue();
    }

    /// As when processes are killed soon after their start, again and again.
    @Test
    void whereItIsNeverAloneNoEndSpeaksAgainstIt() throws InterruptedException {
        suspect(List.of(4));
        for (int i = 0; i < 20; i++) {
            Claim claim = store.claim(job, 0);
            assertThat(new CarefulRun(claim, items(claim), () -> false, this::noted).run())
                    .isTrue();
            assertThat(store.jobs.replace(claim.chunk().lapsed())).isTrue();
        }

        assertThat(run).isEmpty();
        assertThat(store.chunk(job, 0).suspectCrashes()).isEqualTo(1);
    }

    @Test
    void anotherWorkersClaimEndsIt() throws InterruptedException {
        Claim claim = store.claim(job, 0);
        CarefulRun careful = careful(claim, this::noted);
        store.claimed(job, 0);

        assertThat(careful.run()).isFalse();
        assertThat(run).isEmpty();
    }

    private boolean noted(List<Integer> places) {
        assertThat(store.chunk(job, 0).suspects()).isEqualTo(places);
        run.add(places);
        return true;
    }

    private CarefulRun careful(Claim claim, CarefulRun.Together together) {
        return new CarefulRun(claim, items(claim), () -> true, together);
    }

    private ChunkItems items(Claim claim) {
        ChunkItems items =
                new ChunkItems(
                        store.payloads,
                        store.reader,
                        JobOptions.of(job, store.payloads).json(),
                        job,
                        claim);
        items.readOn();
        return items;
    }

    private void crash(int times) {
        for (int i = 0; i < times; i++) {
            assertThat(store.jobs.replace(store.claimed(job, 0).lapsed())).isTrue();
        }
    }

    /// A claim that starts suspects and lapses.
    private void suspect(List<Integer> places) throws InterruptedException {
        Claim claim = store.claim(job, 0);
        assertThat(claim.suspect(places)).isTrue();
        Chunk lapsed = claim.chunk().lapsed();
        assertThat(store.jobs.replace(lapsed)).isTrue();
    }
}
