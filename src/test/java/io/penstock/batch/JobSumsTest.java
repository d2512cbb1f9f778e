package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.store.Counts;
import io.penstock.store.Documents;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import io.penstock.store.Kind;
import io.penstock.store.Tokens;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What it costs to ask how far a job is.
class JobSumsTest {

    @TempDir Path directory;

    private final AtomicInteger reads = new AtomicInteger();
    private Embedded store;
    private JobSums sums;

    @BeforeEach
    void open() {
        store = new Embedded(directory);
        Documents documents = store.documents();
        Documents counted =
                (Documents)
                        Proxy.newProxyInstance(
                                Documents.class.getClassLoader(),
                                new Class<?>[] {Documents.class},
                                (_, method, arguments) -> {
                                    if (method.getName().equals("group")
                                            && arguments[0] == Kind.CHUNK) {
                                        reads.incrementAndGet();
                                    }
                                    try {
                                        return method.invoke(documents, arguments);
                                    } catch (InvocationTargetException failed) {
                                        throw failed.getCause();
                                    }
                                });
        sums = new JobSums(new JobStore(counted, Duration.ofDays(1)), store.clock);
    }

    @AfterEach
    void close() throws Exception {
        store.close();
    }

    @Test
    void aHundredWhoAskCostWhatOneCosts() throws InterruptedException {
        Job job = store.job(200, 10, "{}");
        record(job, 0);
        for (int i = 0; i < 100; i++) {
            assertThat(sums.of(job).counts().completed()).isEqualTo(1);
        }
        assertThat(reads).hasValue(1);

        record(job, 1);
        assertThat(sums.of(job).counts().completed()).isEqualTo(1);
        store.now.set(store.now.get().plusSeconds(2));
        for (int i = 0; i < 100; i++) {
            assertThat(sums.of(job).counts().completed()).isEqualTo(2);
        }
        assertThat(reads).hasValue(2);
    }

    @Test
    void ofASmallJobNothingIsOld() throws InterruptedException {
        Job job = store.job(20, 10, "{}");

        record(job, 0);
        assertThat(sums.of(job).counts().completed()).isEqualTo(1);
        record(job, 1);
        assertThat(sums.of(job).counts().completed()).isEqualTo(2);
    }

    @Test
    void whoDiedWhileAddingUpIsNotWaitedForLong() throws InterruptedException {
        Job job = store.job(200, 10, "{}");
        sums.of(job);
        record(job, 0);
        store.now.set(store.now.get().plusSeconds(2));
        store.jobs.replace(store.jobs.sums(job.area()).summing(store.now.get().plusSeconds(5)));

        assertThat(sums.of(job).counts().completed()).isZero();
        store.now.set(store.now.get().plusSeconds(6));
        assertThat(sums.of(job).counts().completed()).isEqualTo(1);
    }

    private void record(Job job, int chunk) throws InterruptedException {
        Claim claim = store.claim(job, chunk);
        claim.add(Embedded.result(chunk * 10L), new Counts(1, 0, 0, 0), Tokens.NONE);
        claim.flush(true);
    }
}
