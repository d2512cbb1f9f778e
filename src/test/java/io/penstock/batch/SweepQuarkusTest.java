package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.store.Chunk;
import io.penstock.store.ChunkQueue;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import io.penstock.testing.Batch;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Dead letters, and what several do at once, in an application whose workers and sweep are the
/// test's own.
@QuarkusTest
@TestProfile(SweepQuarkusTest.NobodyWorks.class)
class SweepQuarkusTest extends PenstockTest {

    /// A message that was delivered once and comes back is a dead letter.
    public static class NobodyWorks implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "penstock.batch.workers", "0",
                    "penstock.batch.chunk-items", "2",
                    "penstock.store.max-receives", "1");
        }
    }

    /// Claims of one chunk that lapsed before its dead letter is believed.
    private static final int TOO_MANY = 50;

    @Inject JobStore jobs;
    @Inject ChunkQueue queue;
    @Inject Worker worker;
    @Inject Sweep sweep;
    @Inject Finisher finisher;

    @Test
    void aChunkThatCrashedAgainAndAgainIsGivenUpAndTheOthersStay() throws InterruptedException {
        Batch batch = submit("given up");
        List<ChunkQueue.Delivery> deliveries = queue.receive(10, Duration.ZERO);
        assertThat(deliveries).hasSize(3);
        crash(batch, 1, TOO_MANY);
        for (ChunkQueue.Delivery delivery : deliveries) {
            if (chunk(delivery) == 1) {
                queue.extend(delivery.receipt(), Duration.ZERO);
            } else {
                handle(delivery);
            }
        }
        assertThat(queue.receive(10, Duration.ZERO)).isEmpty();
        assertThat(queue.receiveDead()).hasSize(1);

        sweep.sweep();
        JsonNode swept = batch.status();
        work();

        assertThat(swept.path("failed").asInt()).isEqualTo(2);
        assertThat(swept.path("pending").asInt()).isZero();
        JsonNode ended = batch.status();
        assertThat(ended.path("status").asText()).isEqualTo("completed");
        assertThat(ended.path("completed").asInt()).isEqualTo(4);
        assertThat(ended.path("failed").asInt()).isEqualTo(2);
        for (JsonNode line : Batch.lines(batch.get("/results?order=input"))) {
            int index = line.path("index").asInt();
            if (index == 2 || index == 3) {
                assertThat(line.path("error").path("code").asText()).isEqualTo("dead_letter");
                assertThat(line.path("custom_id").asText()).isEqualTo("given up " + index);
            } else {
                assertThat(line.path("result").asText()).endsWith("given up " + index);
            }
        }
        assertThat(queue.receiveDead()).isEmpty();
        assertThat(provider.log("given up 2")).isEmpty();
        assertThat(provider.log("given up")).hasSize(4);
    }

    @Test
    void aChunkThatWasOnlyUnluckyIsQueuedAnewAndComesToItsEnd() throws InterruptedException {
        Batch batch = submit("unlucky");
        List<ChunkQueue.Delivery> deliveries = queue.receive(10, Duration.ZERO);
        crash(batch, 1, TOO_MANY - 1);
        deliveries.forEach(delivery -> queue.extend(delivery.receipt(), Duration.ZERO));
        assertThat(queue.receive(10, Duration.ZERO)).isEmpty();
        assertThat(queue.receiveDead()).hasSize(3);

        sweep.sweep();

        assertThat(queue.receiveDead()).isEmpty();
        assertThat(batch.status().path("pending").asInt()).isEqualTo(6);
        work();
        JsonNode ended = batch.status();
        assertThat(ended.path("status").asText()).isEqualTo("completed");
        assertThat(ended.path("completed").asInt()).isEqualTo(6);
        assertThat(provider.log("unlucky")).hasSize(6);
    }

    @Test
    void deadLettersOfWhatHasEndedDoNothing() throws InterruptedException {
        Batch batch = submit("over");
        List<ChunkQueue.Delivery> deliveries = queue.receive(10, Duration.ZERO);
        for (ChunkQueue.Delivery delivery : deliveries) {
            worker.handle(delivery.body(), delivery.receipt(), Shift.endless());
        }
        work();
        JsonNode ended = batch.status();
        assertThat(ended.path("status").asText()).isEqualTo("completed");
        deliveries.forEach(delivery -> queue.extend(delivery.receipt(), Duration.ZERO));
        assertThat(queue.receive(10, Duration.ZERO)).isEmpty();
        assertThat(queue.receiveDead()).hasSize(3);

        sweep.sweep();

        assertThat(queue.receiveDead()).isEmpty();
        assertThat(queue.receive(10, Duration.ZERO)).isEmpty();
        assertThat(batch.status()).isEqualTo(ended);
        assertThat(provider.log("over")).hasSize(6);
    }

    @Test
    void ofManyFinishersAtOnceOneSaysThatTheJobHasEnded() throws Exception {
        int rounds = 5;
        int finishers = 6;
        Batch batch = submit("finished");
        work();
        AtomicInteger said = new AtomicInteger();
        Handler counting = new Counting(said);
        Logger logger = Logger.getLogger(Finisher.class.getName());
        logger.addHandler(counting);
        try (ExecutorService threads = Executors.newFixedThreadPool(finishers)) {
            for (int i = 0; i < rounds; i++) {
                Job job = jobs.job(batch.id()).orElseThrow();
                assertThat(jobs.replace(job.in(Job.Status.FINALIZING))).isTrue();
                CyclicBarrier start = new CyclicBarrier(finishers);
                Callable<Void> finish =
                        () -> {
                            start.await();
                            finisher.finish(batch.id(), Shift::endless);
                            return null;
                        };
                for (Future<Void> one :
                        threads.invokeAll(
                                IntStream.range(0, finishers).mapToObj(_ -> finish).toList())) {
                    one.get();
                }
                assertThat(batch.status().path("status").asText()).isEqualTo("completed");
            }
        } finally {
            logger.removeHandler(counting);
        }
        assertThat(said).hasValue(rounds);
    }

    /// Counts what is logged.
    private static final class Counting extends Handler {

        private final AtomicInteger count;

        Counting(AtomicInteger count) {
            this.count = count;
        }

        @Override
        public void publish(LogRecord logged) {
            count.incrementAndGet();
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    /// Six items in three chunks.
    private Batch submit(String word) {
        List<String> items = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            String text = word + " " + i;
            items.add("{\"custom_id\":\"%s\",\"prompt\":\"%s\"}".formatted(text, text));
        }
        return Batch.of(
                caller, Batch.submit(caller, "{\"items\":[" + String.join(",", items) + "]}"));
    }

    /// Claims a chunk and lets the claim lapse, so often.
    private void crash(Batch batch, int index, int times) {
        String area = jobs.job(batch.id()).orElseThrow().area();
        for (int i = 0; i < times; i++) {
            Chunk claimed =
                    jobs.chunk(area, index)
                            .orElseThrow()
                            .claimed(Instant.EPOCH, Duration.ofSeconds(1));
            assertThat(jobs.replace(claimed)).isTrue();
            assertThat(jobs.replace(claimed.lapsed())).isTrue();
        }
        assertThat(jobs.chunk(area, index).orElseThrow().crashes()).isEqualTo(times);
    }

    /// Does all that is queued.
    private void work() throws InterruptedException {
        List<ChunkQueue.Delivery> deliveries = queue.receive(10, Duration.ZERO);
        while (!deliveries.isEmpty()) {
            for (ChunkQueue.Delivery delivery : deliveries) {
                handle(delivery);
            }
            deliveries = queue.receive(10, Duration.ZERO);
        }
    }

    private void handle(ChunkQueue.Delivery delivery) throws InterruptedException {
        assertThat(worker.handle(delivery.body(), delivery.receipt(), Shift.endless())).isTrue();
        queue.delete(delivery);
    }

    private static int chunk(ChunkQueue.Delivery delivery) {
        return Task.parse(delivery.body()).orElseThrow() instanceof Task.RunChunk(String _, int at)
                ? at
                : -1;
    }
}
