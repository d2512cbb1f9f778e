package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.store.Chunk;
import io.penstock.store.Counts;
import io.penstock.store.Documents;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import io.penstock.store.Tokens;
import io.penstock.testing.Settings;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ClaimTest extends StoreTest {

    private static final Counts ONE = new Counts(1, 0, 0, 0);

    private Job job;

    @BeforeEach
    void begin() {
        job = store.job(6);
    }

    @Test
    void resultsAreWrittenInGroups() throws InterruptedException {
        Claim claim = store.claim(job, 0);
        add(claim, 0);
        add(claim, 1);
        assertThat(claim.flush(true)).isTrue();
        add(claim, 2);
        assertThat(claim.flush(true)).isTrue();

        Chunk chunk = store.chunk(job, 0);
        assertThat(chunk.segments()).containsExactly(new Chunk.EpochSegments(1, 2));
        assertThat(chunk.counts()).isEqualTo(new Counts(3, 0, 0, 0));
        assertThat(chunk.tokens().total()).isEqualTo(15);
        assertThat(store.lines(Segments.key(job.area(), 0, 1, 0))).hasSize(2);
    }

    @Test
    void aGroupWaitsForItsTimeUnlessItIsTheLast() throws InterruptedException {
        Claim claim =
                new Claim(
                        store.jobs,
                        store.payloads,
                        Settings.of(
                                BatchConfig.class, Map.of("penstock.batch.commit-interval", "5s")),
                        store.clock,
                        store.storeLog,
                        store.claimed(job, 0));
        add(claim, 0);

        assertThat(claim.nanosUntilFlush())
                .isBetween(Duration.ofSeconds(1).toNanos(), Duration.ofSeconds(5).toNanos());
        claim.flush(false);
        assertThat(store.chunk(job, 0).segments()).isEmpty();
        claim.flush(true);
        assertThat(store.chunk(job, 0).segments()).hasSize(1);
        claim.since(System.nanoTime() - Duration.ofSeconds(6).toNanos());
        add(claim, 1);
        claim.flush(false);
        assertThat(store.chunk(job, 0).segments()).containsExactly(new Chunk.EpochSegments(1, 2));
    }

    @Test
    void largeGroupsAreSeveralSegments() throws InterruptedException {
        Claim claim = store.claim(job, 0);
        for (int i = 0; i < 3; i++) {
            claim.add(new byte[3 << 20], ONE, Tokens.NONE);
        }

        claim.flush(true);

        assertThat(store.chunk(job, 0).segments()).containsExactly(new Chunk.EpochSegments(1, 2));
    }

    @Test
    void nothingIsRecordedOnceAnotherHasClaimedTheChunk() throws InterruptedException {
        Claim first = store.claim(job, 0);
        Claim second = store.claim(job, 0);
        add(first, 0);

        assertThat(first.flush(true)).isFalse();
        assertThat(first.suspect(List.of(1))).isFalse();
        assertThat(first.release()).isFalse();
        assertThat(store.recorded(job, 0)).isEmpty();
        add(second, 1);
        assertThat(second.flush(true)).isTrue();
        assertThat(store.recorded(job, 0)).hasSize(1);
    }

    @Test
    void theLeaseIsRenewedWhenAQuarterOfItIsGone() throws InterruptedException {
        Claim claim = store.claim(job, 0);
        Instant lease = store.chunk(job, 0).leaseUntil();

        store.pass(Duration.ofSeconds(5));
        assertThat(claim.keepLease()).isTrue();
        assertThat(store.chunk(job, 0).leaseUntil()).isEqualTo(lease);
        store.pass(Duration.ofMillis(1));
        assertThat(claim.keepLease()).isTrue();
        assertThat(store.chunk(job, 0).leaseUntil()).isEqualTo(store.clock.now().plusSeconds(20));
    }

    @Test
    void aReleasedChunkIsDoneWhenEveryItemHasItsOutcome() throws InterruptedException {
        Claim claim = store.claim(job, 0);
        for (int i = 0; i < 5; i++) {
            add(claim, i);
        }
        claim.flush(true);
        claim.release();
        assertThat(store.chunk(job, 0).done()).isFalse();

        Claim next = store.claim(job, 0);
        add(next, 5);
        next.flush(true);
        next.release();

        assertThat(store.chunk(job, 0).done()).isTrue();
        assertThat(store.chunk(job, 0).leaseUntil()).isNull();
        assertThat(store.chunk(job, 0).crashes()).isZero();
    }

    @Test
    void anAnswerOfTheStoreThatGetsLostIsNoRefusal() throws InterruptedException {
        AtomicInteger lost = new AtomicInteger();
        JobStore lossy =
                new JobStore(
                        after(
                                Documents.class,
                                store.documents(),
                                name -> name.equals("write") && lost.getAndIncrement() == 0),
                        Duration.ofDays(30));
        Claim claim =
                new Claim(
                        lossy,
                        store.payloads,
                        store.config,
                        store.clock,
                        store.storeLog,
                        store.claimed(job, 0));
        add(claim, 0);

        assertThat(claim.flush(true)).isTrue();
        assertThat(store.recorded(job, 0)).hasSize(1);
        assertThat(store.chunk(job, 0).segments()).containsExactly(new Chunk.EpochSegments(1, 1));
    }

    @Test
    void theLeaseIsKeptWhilePayloadsAreAway() throws InterruptedException {
        AtomicInteger tries = new AtomicInteger();
        Payloads away =
                after(
                        Payloads.class,
                        store.payloads,
                        name -> {
                            if (name.equals("put") && tries.getAndIncrement() < 2) {
                                store.pass(Duration.ofSeconds(10));
                                return true;
                            }
                            return false;
                        });
        Claim claim =
                new Claim(
                        store.jobs,
                        away,
                        store.config,
                        store.clock,
                        store.storeLog,
                        store.claimed(job, 0));
        add(claim, 0);

        assertThat(claim.flush(true)).isTrue();

        assertThat(tries).hasValue(3);
        assertThat(store.chunk(job, 0).isLeased(store.clock.now())).isTrue();
        assertThat(store.recorded(job, 0)).hasSize(1);
    }

    private static void add(Claim claim, int item) {
        claim.add(Embedded.result(item), ONE, new Tokens(2, 3, 0));
    }

    /// A store whose answers get lost on their way.
    private static <T> T after(Class<T> type, T store, Predicate<String> isLost) {
        return type.cast(
                Proxy.newProxyInstance(
                        type.getClassLoader(),
                        new Class<?>[] {type},
                        (_, method, arguments) -> {
                            try {
                                Object answer = method.invoke(store, arguments);
                                if (isLost.test(method.getName())) {
                                    throw new StoreException("The answer got lost");
                                }
                                return answer;
                            } catch (InvocationTargetException failed) {
                                throw failed.getCause();
                            }
                        }));
    }
}
