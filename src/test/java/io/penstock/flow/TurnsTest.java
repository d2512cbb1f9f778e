package io.penstock.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.flow.Turns.Turn;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class TurnsTest {

    private final Turns turns = new Turns(1);
    private final BlockingQueue<String> order = new LinkedBlockingQueue<>();
    private final List<Thread> waiting = new ArrayList<>();

    @Test
    void whoWaitsInPersonGoesFirstAndJobsTakeTurnsByTheirWeights() throws Exception {
        Turn held = held();
        for (String one : List.of("large", "large", "large", "large", "small", "heavy", "heavy")) {
            queue(one, one.equals("heavy") ? 2 : 1);
        }
        queue(null, 1);

        held.close();

        assertThat(order(8))
                .containsExactly(
                        "in person", "large", "small", "heavy", "heavy", "large", "large", "large");
    }

    @Test
    void whoWaitsTooLongOrGivesUpTakesNobodysTurn() throws Exception {
        Turn held = held();

        assertThat(turns.await(null, 1, Duration.ofMillis(5))).isNull();
        queue("gone", 1);
        waiting.getFirst().interrupt();
        waiting.getFirst().join();
        queue("next", 1);
        held.close();

        assertThat(order(1)).containsExactly("next");
        assertThat(turns.await(null, 1, Duration.ofSeconds(20))).isNotNull();
    }

    @Test
    void noMoreHaveATurnAtOnceThanMay() throws Exception {
        Turns three = new Turns(3);
        List<Turn> taken = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            taken.add(Objects.requireNonNull(three.await("job", 1, Duration.ZERO)));
        }

        assertThat(three.await("job", 1, Duration.ZERO)).isNull();
        taken.getFirst().close();
        assertThat(three.await(null, 1, Duration.ZERO)).isNotNull();
    }

    private Turn held() throws InterruptedException {
        return Objects.requireNonNull(turns.await(null, 1, Duration.ZERO));
    }

    /// Returns when it waits.
    private void queue(@Nullable String job, int weight) {
        CompletableFuture<Thread> started = new CompletableFuture<>();
        Thread thread =
                Thread.ofVirtual()
                        .start(() -> {
                            started.complete(Thread.currentThread());
                            try (Turn _ = turns.await(job, weight, null)) {
                                order.add(job == null ? "in person" : job);
                            } catch (InterruptedException givenUp) {
                                // Its turn is nobody's.
                            }
                        });
        started.join();
        waiting.add(thread);
        while (thread.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
    }

    private List<String> order(int count) throws InterruptedException {
        List<String> taken = new ArrayList<>();
        while (taken.size() < count) {
            taken.add(Objects.requireNonNull(order.poll(20, TimeUnit.SECONDS)));
        }
        return taken;
    }
}
