package io.penstock.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// What [ChunkQueue] promises, whatever keeps it. Time is real; a test that waits does so in
/// [ChunkQueue#receive].
public interface ChunkQueueContract {

    /// The visibility timeout of the queue under test.
    Duration VISIBILITY = Duration.ofSeconds(2);

    /// Its deliveries of one message.
    int MAX_RECEIVES = 3;

    /// A wait that is longer than anything a test waits for.
    Duration LONG = Duration.ofSeconds(10);

    /// The queue under test with [#VISIBILITY] and [#MAX_RECEIVES], empty at the start of each test
    /// and the same throughout it.
    ChunkQueue queue();

    @Test
    default void deliversWhatWasSent() throws InterruptedException {
        queue().send("job", List.of("{\"chunk\":1,\"ü\":\"<&>\"}"), Duration.ZERO);

        List<ChunkQueue.Delivery> received = queue().receive(10, LONG);

        assertThat(received).hasSize(1);
        assertThat(received.getFirst().body()).isEqualTo("{\"chunk\":1,\"ü\":\"<&>\"}");
        assertThat(received.getFirst().receiveCount()).isEqualTo(1);
    }

    @Test
    default void whatWaitsIsWhatNobodyHas() throws InterruptedException {
        queue().send("job", List.of("a", "b", "c"), Duration.ZERO);
        queue().send("job", List.of("later"), Duration.ofMinutes(1));
        assertThat(queue().waiting("job")).isEqualTo(4);

        List<ChunkQueue.Delivery> received = queue().receive(1, LONG);
        assertThat(queue().waiting("job")).isEqualTo(3);
        queue().extend(received.getFirst().receipt(), Duration.ZERO);

        assertThat(queue().waiting("job")).isEqualTo(4);
    }

    @Test
    default void sendsNothing() throws InterruptedException {
        queue().send("job", List.of(), Duration.ZERO);

        assertThat(queue().receive(10, Duration.ZERO)).isEmpty();
    }

    @Test
    default void deliversManyOfOneSendTenAtATime() throws InterruptedException {
        List<String> bodies = IntStream.range(0, 25).mapToObj(n -> "message " + n).toList();

        queue().send("job", bodies, Duration.ZERO);

        List<String> received = new ArrayList<>();
        while (received.size() < 25) {
            List<ChunkQueue.Delivery> some = queue().receive(10, LONG);
            assertThat(some).isNotEmpty().hasSizeLessThanOrEqualTo(10);
            some.forEach(delivery -> received.add(delivery.body()));
            some.forEach(queue()::delete);
        }
        assertThat(received).containsExactlyInAnyOrderElementsOf(bodies);
    }

    @Test
    default void deliversLargeMessages() throws InterruptedException {
        List<String> bodies =
                IntStream.range(0, 4).mapToObj(n -> String.valueOf(n).repeat(400_000)).toList();

        queue().send("job", bodies, Duration.ZERO);

        List<String> received = new ArrayList<>();
        while (received.size() < 4) {
            List<ChunkQueue.Delivery> some = queue().receive(2, LONG);
            assertThat(some).isNotEmpty().hasSizeLessThanOrEqualTo(2);
            some.forEach(delivery -> received.add(delivery.body()));
            some.forEach(queue()::delete);
        }
        assertThat(received).containsExactlyInAnyOrderElementsOf(bodies);
    }

    @Test
    default void receivesNothingFromAnEmptyQueue() throws InterruptedException {
        assertThat(queue().receive(10, Duration.ZERO)).isEmpty();

        long start = System.nanoTime();
        assertThat(queue().receive(10, Duration.ofSeconds(1))).isEmpty();

        assertThat(elapsed(start)).isBetween(Duration.ofMillis(900), Duration.ofSeconds(5));
    }

    @Test
    default void aWaitEndsWithTheFirstMessage() throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<List<ChunkQueue.Delivery>> waiting =
                    threads.submit(() -> queue().receive(10, LONG));
            long start = System.nanoTime();

            queue().send("job", List.of("one"), Duration.ZERO);

            assertThat(waiting.get()).hasSize(1);
            assertThat(elapsed(start)).isLessThan(Duration.ofSeconds(5));
        }
    }

    @Test
    default void anInterruptEndsAWait() throws Exception {
        CompletableFuture<Throwable> ended = new CompletableFuture<>();
        Thread waiting =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                queue().receive(10, Duration.ofSeconds(20));
                                ended.completeExceptionally(new AssertionError("empty"));
                            } catch (Throwable thrown) {
                                ended.complete(thrown);
                            }
                        });
        while (waiting.getState() == Thread.State.RUNNABLE
                || waiting.getState() == Thread.State.NEW) {
            Thread.onSpinWait();
        }

        waiting.interrupt();

        assertThat(ended.get(8, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
    }

    @Test
    default void delaysAMessage() throws InterruptedException {
        long start = System.nanoTime();
        queue().send("job", List.of("later"), Duration.ofSeconds(2));
        queue().send("job", List.of("now"), Duration.ZERO);

        ChunkQueue.Delivery now = queue().receive(10, LONG).getFirst();
        queue().delete(now);
        ChunkQueue.Delivery later = one();

        assertThat(now.body()).isEqualTo("now");
        assertThat(later.body()).isEqualTo("later");
        assertThat(elapsed(start)).isGreaterThan(Duration.ofMillis(1500));
    }

    @Test
    default void takesADelayThatIsTooLong() throws InterruptedException {
        queue().send("job", List.of("much later"), Duration.ofHours(1));

        assertThat(queue().receive(10, Duration.ZERO)).isEmpty();
    }

    @Test
    default void hidesAMessageAndDeliversItAgain() throws InterruptedException {
        queue().send("job", List.of("one"), Duration.ZERO);
        ChunkQueue.Delivery first = one();
        long start = System.nanoTime();

        assertThat(queue().receive(10, Duration.ZERO)).isEmpty();
        ChunkQueue.Delivery second = one();

        assertThat(elapsed(start)).isGreaterThan(Duration.ofMillis(1000));
        assertThat(second.id()).isEqualTo(first.id());
        assertThat(second.body()).isEqualTo(first.body());
        assertThat(second.receiveCount()).isEqualTo(2);
    }

    @Test
    default void aDeletedMessageDoesNotComeBack() throws InterruptedException {
        queue().send("job", List.of("one"), Duration.ZERO);
        ChunkQueue.Delivery delivery = one();

        queue().delete(delivery);
        queue().delete(delivery);

        assertThat(queue().receive(10, VISIBILITY.plusSeconds(1))).isEmpty();
    }

    @Test
    default void extendsTheTimeOfAMessage() throws InterruptedException {
        queue().send("job", List.of("one"), Duration.ZERO);
        ChunkQueue.Delivery first = one();
        long start = System.nanoTime();

        queue().extend(first.receipt(), Duration.ofSeconds(4));

        assertThat(one().receiveCount()).isEqualTo(2);
        assertThat(elapsed(start)).isGreaterThan(Duration.ofMillis(3000));
    }

    @Test
    default void givesAMessageBackAtOnce() throws InterruptedException {
        queue().send("job", List.of("one"), Duration.ZERO);
        long start = System.nanoTime();

        queue().extend(one().receipt(), Duration.ZERO);

        assertThat(one().receiveCount()).isEqualTo(2);
        assertThat(elapsed(start)).isLessThan(VISIBILITY);
    }

    @Test
    default void aReceiptOfADeletedMessageChangesNothing() throws InterruptedException {
        queue().send("job", List.of("one"), Duration.ZERO);
        ChunkQueue.Delivery delivery = one();
        queue().delete(delivery);

        queue().extend(delivery.receipt(), Duration.ZERO);

        assertThat(queue().receive(10, Duration.ofSeconds(1))).isEmpty();
    }

    @Test
    default void putsAMessageAsideAfterTooManyDeliveries() throws InterruptedException {
        queue().send("job", List.of("poison"), Duration.ZERO);
        assertThat(queue().receiveDead()).isEmpty();
        for (int n = 1; n <= MAX_RECEIVES; n++) {
            ChunkQueue.Delivery delivery = one();
            assertThat(delivery.receiveCount()).isEqualTo(n);
            queue().extend(delivery.receipt(), Duration.ZERO);
        }
        assertThat(queue().receive(10, Duration.ofSeconds(1))).isEmpty();

        List<ChunkQueue.Delivery> dead = queue().receiveDead();
        long end = System.nanoTime() + LONG.toNanos();
        while (dead.isEmpty() && System.nanoTime() < end) {
            assertThat(queue().receive(10, Duration.ofSeconds(1))).isEmpty();
            dead = queue().receiveDead();
        }

        assertThat(dead).extracting(ChunkQueue.Delivery::body).containsExactly("poison");
        queue().deleteDead(dead.getFirst());
        assertThat(queue().receiveDead()).isEmpty();
        assertThat(queue().receive(10, Duration.ZERO)).isEmpty();
    }

    @Test
    default void manyReceiversLoseNothing() throws Exception {
        List<String> bodies = IntStream.range(0, 60).mapToObj(n -> "message " + n).toList();
        queue().send("job", bodies, Duration.ZERO);

        Map<String, Integer> times = new HashMap<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<List<String>>> receivers = new ArrayList<>();
            for (int n = 0; n < 4; n++) {
                receivers.add(
                        threads.submit(() -> {
                            List<String> mine = new ArrayList<>();
                            List<ChunkQueue.Delivery> some =
                                    queue().receive(10, Duration.ofSeconds(1));
                            while (!some.isEmpty()) {
                                some.forEach(one -> mine.add(one.body()));
                                some.forEach(queue()::delete);
                                some = queue().receive(10, Duration.ofSeconds(1));
                            }
                            return mine;
                        }));
            }
            for (Future<List<String>> receiver : receivers) {
                receiver.get().forEach(body -> times.merge(body, 1, Integer::sum));
            }
        }

        // At least once is all that is promised, so only the absence of a loss is asserted.
        assertThat(times.keySet()).containsExactlyInAnyOrderElementsOf(bodies);
    }

    private ChunkQueue.Delivery one() throws InterruptedException {
        List<ChunkQueue.Delivery> received = queue().receive(10, LONG);
        assertThat(received).hasSize(1);
        return received.getFirst();
    }

    private static Duration elapsed(long start) {
        return Duration.ofNanos(System.nanoTime() - start);
    }
}
