package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.store.ChunkQueue;
import io.penstock.store.Documents;
import io.penstock.store.FileStore;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import io.penstock.store.Outlived;
import io.penstock.store.StoreException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;

class SweepTest extends StoreTest {

    private static final Duration INTERVAL = Duration.ofSeconds(15);

    /// As when a process dies between the two.
    @Test
    void aJobThatWasResumedAndNotQueuedGoesOnHoweverOldItIs() throws InterruptedException {
        Job job = store.job(2);
        Sweep sweep = sweep(store.jobs);
        for (int minutes = 0; minutes < 50; minutes++) {
            store.pass(Duration.ofMinutes(1));
            sweep.sweep();
        }
        store.queued();
        Job paused = store.stored(job).paused("user", "Why.");
        store.jobs.replace(paused);
        ChunkQueue dead =
                watched(
                        ChunkQueue.class,
                        store.queue,
                        (name, _) -> {
                            if (name.equals("send")) {
                                throw new Error("The process has ended");
                            }
                        });
        try {
            batches(new Messages(dead, store.jobs, store.clock)).resume(job.id(), null);
        } catch (Error ended) {
            assertThat(store.stored(job).paused()).isNull();
        }
        assertThat(store.queued()).isEmpty();

        sweep.sweep();

        assertThat(store.queued()).containsExactly(new Task.RunChunk(job.id(), 0));
    }

    @Test
    void aJobWhoseMessagesTheQueueDidNotTakeIsQueuedByTheNextSweep() throws InterruptedException {
        Job job = store.job(2);
        ChunkQueue away =
                watched(
                        ChunkQueue.class,
                        store.queue,
                        (name, _) -> {
                            if (name.equals("send")) {
                                throw new StoreException("The queue is away");
                            }
                        });
        new Messages(away, store.jobs, store.clock).announce(job, Task.chunks(job));
        store.pass(INTERVAL.multipliedBy(2).plusMillis(1));

        sweep(store.jobs).sweep();

        assertThat(store.queued()).containsExactly(new Task.RunChunk(job.id(), 0));
    }

    @Test
    void aJobThatOnlyWaitsItsTurnDoesNotFillTheQueue() throws InterruptedException {
        Job job = store.job(4, 2, "{}");
        store.messages.announce(job, Task.chunks(job));
        Sweep sweep = sweep(store.jobs);
        for (int i = 0; i < 236; i++) {
            store.pass(INTERVAL);
            sweep.sweep();
        }

        assertThat(store.queued()).hasSize(2);
    }

    /// A queue that counts all messages together does not show that some are lost.
    @Test
    void besideOthersItIsQueuedAgainEverMoreSeldom() throws InterruptedException {
        Job job = store.job(4, 2, "{}");
        store.messages.announce(job, Task.chunks(job));
        Job other = store.job(6, 2, "{}");
        store.messages.announce(other, Task.chunks(other));
        Sweep sweep = sweep(store.jobs);
        for (int i = 0; i < 236; i++) {
            store.pass(INTERVAL);
            sweep.sweep();
        }

        // At first, and after 4, 12, 28, 60 and 124 intervals.
        assertThat(store.queued()).hasSize(6 * (2 + 3));
    }

    /// As SQS hides it for half an hour from the moment on in which it is handed to a function.
    @Test
    void whatDiesWithItsMessageBeforeItHasClaimedItsChunkIsQueuedByTheNextSweep()
            throws InterruptedException {
        Job job = store.job(6, 2, "{}");
        store.messages.announce(job, Task.chunks(job));
        Sweep sweep = sweep(store.jobs);
        for (int deaths = 0; deaths < 3; deaths++) {
            ChunkQueue.Delivery received = store.queue.receive(1, Duration.ZERO).getFirst();
            store.queue.extend(received.receipt(), Duration.ofMinutes(30));
            store.pass(Duration.ofSeconds(1));
            sweep.sweep();
            int queued = store.queue.waiting(job.id());
            store.pass(INTERVAL);
            sweep.sweep();

            assertThat(store.queue.waiting(job.id())).isEqualTo(queued);
        }
        assertThat(store.queued())
                .contains(
                        new Task.RunChunk(job.id(), 0),
                        new Task.RunChunk(job.id(), 1),
                        new Task.RunChunk(job.id(), 2));
    }

    @Test
    void whoHasTheStoreAloneWaitsForNoLeaseOfAProcessThatIsGone() throws InterruptedException {
        Job job = store.job(4, 2, "{}");
        store.claimed(job, 1);
        assertThat(store.chunk(job, 1).isLeft(store.clock.now())).isFalse();

        sweep(store.jobs).takeOver();

        assertThat(store.chunk(job, 1).isLeft(store.clock.now())).isTrue();
        assertThat(store.chunk(job, 1).crashes()).isEqualTo(1);
        assertThat(store.chunk(job, 0).version()).isZero();
        assertThat(store.sums.left(job)).containsExactly(1);
    }

    @Test
    void oneBadJobAndOneBadLetterKeepNobodyElseWaiting() throws InterruptedException {
        List<Job> all = new ArrayList<>();
        for (int i = 1; i <= 3; i++) {
            all.add(store.job(i));
        }
        store.pass(INTERVAL.multipliedBy(5));
        String bad = all.getFirst().area();
        JobStore jobs =
                new JobStore(
                        watched(
                                Documents.class,
                                store.documents(),
                                (name, arguments) -> {
                                    if (name.equals("group") && bad.equals(arguments[1])) {
                                        throw new StoreException("A bad job");
                                    }
                                }),
                        Duration.ofDays(30));

        sweep(jobs).sweep();

        assertThat(store.queued())
                .containsExactlyInAnyOrder(
                        new Task.RunChunk(all.get(1).id(), 0),
                        new Task.RunChunk(all.get(2).id(), 0));
    }

    @Test
    void allDeadLettersAreTakenAndABadOneStaysBehind() throws InterruptedException {
        Job bad = store.job(1);
        Job good = store.job(2);
        AtomicInteger looks = new AtomicInteger();
        JobStore jobs =
                new JobStore(
                        watched(
                                Documents.class,
                                store.documents(),
                                (name, arguments) -> {
                                    if (name.equals("read")
                                            && arguments[0].toString().equals("job " + bad.id())) {
                                        looks.incrementAndGet();
                                        throw new StoreException("A bad job");
                                    }
                                }),
                        Duration.ofDays(30));
        kill(new Task.RunChunk(bad.id(), 0));
        for (int i = 0; i < 34; i++) {
            kill(new Task.RunChunk(good.id(), 0));
        }

        sweep(jobs).sweep();

        assertThat(looks).hasPositiveValue();
        assertThat(store.queue.receiveDead()).hasSize(1);
        assertThat(store.queued()).filteredOn(task -> task.job().equals(good.id())).hasSize(34);
    }

    @Test
    void whenItsTimeIsUpTheNextOneGoesOnThere() throws InterruptedException {
        List<Task> expected = new ArrayList<>();
        for (int i = 1; i <= 230; i++) {
            Job job = store.job(1, 1 + i, "{}");
            expected.add(new Task.RunChunk(job.id(), 0));
        }
        store.pass(INTERVAL.multipliedBy(5));
        Sweep sweep = sweep(store.jobs);
        List<Task> found = new ArrayList<>();
        int sweeps = 0;
        while (found.size() < expected.size() && sweeps < 1_000) {
            sweep.sweep(Duration.ofMillis(50));
            found.addAll(store.queued());
            sweeps++;
        }

        assertThat(found).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(sweeps).isGreaterThan(1);
    }

    /// Receives it so often that it is a dead letter.
    private void kill(Task task) throws InterruptedException {
        store.messages.send(task, Duration.ZERO);
        for (int i = 0; i < 10; i++) {
            store.queue
                    .receive(10, Duration.ZERO)
                    .forEach(delivery -> store.queue.extend(delivery.receipt(), Duration.ZERO));
        }
        assertThat(store.queue.receive(10, Duration.ZERO)).isEmpty();
    }

    private Sweep sweep(JobStore jobs) {
        Messages messages = new Messages(store.queue, jobs, store.clock);
        ChunkRuns runs =
                new ChunkRuns(
                        (_, _, _) -> {
                            throw new IllegalStateException("Nothing runs here");
                        },
                        jobs,
                        store.payloads,
                        store.reader,
                        store.config,
                        store.storeLog,
                        store.sums,
                        (_, _) -> {},
                        store.quarantine,
                        _ -> null,
                        store.clock);
        return new Sweep(
                jobs,
                store.queue,
                new DeadLetters(jobs, messages, runs, store.finisher(), store.config, store.clock),
                messages,
                new Outlived(
                        store.documents(),
                        store.jobs,
                        new FileStore(store.documents()),
                        store.payloads),
                store.config,
                store.clock);
    }

    private Batches batches(Messages messages) {
        return new Batches(
                store.jobs,
                store.changes,
                store.payloads,
                messages,
                new OutputFiles(store.files()),
                store.sums,
                store.clock);
    }

    /// A store that tells of what it is asked, before it is done.
    private static <T> T watched(Class<T> type, T store, BiConsumer<String, Object[]> before) {
        return type.cast(
                Proxy.newProxyInstance(
                        type.getClassLoader(),
                        new Class<?>[] {type},
                        (_, method, arguments) -> {
                            before.accept(method.getName(), arguments);
                            try {
                                return method.invoke(store, arguments);
                            } catch (InvocationTargetException failed) {
                                throw failed.getCause();
                            }
                        }));
    }
}
