package io.penstock.store.aws;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.store.Budget;
import io.penstock.store.BudgetStore;
import io.penstock.store.Chunk;
import io.penstock.store.FileStore;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import io.penstock.store.StoredFile;
import io.penstock.store.StreamNotes;
import io.penstock.testing.Emulators;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// The requests that DynamoDB is sent for each operation: they are paid for one by one.
class RequestsTest implements ExecutionInterceptor {

    private static final String TABLE = "penstock-" + UUID.randomUUID();
    private static final Instant NOW = Instant.now();

    private static @Nullable Emulators emulators;

    private final List<String> requests = new ArrayList<>();
    private final DynamoDbClient client =
            Objects.requireNonNull(emulators)
                    .dynamoBuilder()
                    .overrideConfiguration(c -> c.addExecutionInterceptor(this))
                    .build();
    private final DynamoDocuments documents =
            new DynamoDocuments(new Table(client, TABLE, Clock.systemUTC()));
    private final JobStore jobs = new JobStore(documents, Duration.ofDays(30));

    @BeforeAll
    static void start() {
        Emulators started = Emulators.start();
        started.table(TABLE);
        emulators = started;
    }

    @AfterAll
    static void stop() {
        if (emulators != null) {
            emulators.close();
        }
    }

    @Override
    public void beforeExecution(Context.BeforeExecution context, ExecutionAttributes attributes) {
        requests.add(context.request().getClass().getSimpleName().replace("Request", ""));
    }

    @Test
    void ofJobs() {
        Job job = job("jobs");

        takes(() -> jobs.create(job), "PutItem");
        takes(() -> jobs.create(job), "PutItem");
        takes(() -> jobs.job(job.id()), "GetItem");
        takes(() -> jobs.replace(job.in(Job.Status.FINALIZING)), "PutItem");
        takes(() -> jobs.replace(job.in(Job.Status.FINALIZING)), "PutItem");
        takes(() -> jobs.jobs(null, 10), "Query");
        takes(() -> jobs.jobs(job.id(), 10), "GetItem", "Query");
        takes(() -> jobs.live(null, 100), "Query");
    }

    @Test
    void ofChunks() {
        Job job = job("chunks");
        Chunk first = Chunk.of(job.area(), 0, 0, 10, 0, 1);
        List<Chunk> chunks =
                IntStream.range(0, 30).mapToObj(n -> Chunk.of(job.area(), n, n, 10, n, 1)).toList();

        takes(() -> jobs.addChunks(chunks), "UpdateItem", "BatchWriteItem", "BatchWriteItem");
        takes(() -> jobs.chunk(job.area(), 0), "GetItem");
        takes(() -> jobs.chunks(job.area()), "Query");
        takes(() -> jobs.replace(first.leasedUntil(NOW)), "PutItem");
        takes(() -> jobs.replace(first.leasedUntil(NOW)), "PutItem");
        for (int index = 0; index < 29; index++) {
            int open = index;
            takes(() -> jobs.close(job, open), "UpdateItem");
        }
        takes(() -> jobs.close(job, 29), "UpdateItem", "Query");
        takes(
                () -> jobs.delete(job),
                "Query",
                "BatchWriteItem",
                "BatchWriteItem",
                "DeleteItem",
                "DeleteItem");
    }

    @Test
    void ofFiles() {
        FileStore files = new FileStore(documents);
        StoredFile file = new StoredFile("file-a", "a", "batch", -1, NOW, NOW.plusSeconds(60));

        takes(() -> files.put(file), "PutItem");
        takes(() -> files.replace(file.completed(7)), "UpdateItem");
        takes(() -> files.file("file-a"), "GetItem");
        takes(() -> files.files(null, 10, true), "Query");
        takes(() -> files.files("file-a", 10, true), "GetItem", "Query");
        takes(() -> files.delete("file-a"), "DeleteItem");
    }

    @Test
    void ofBudgets() {
        BudgetStore budgets = BudgetStore.in(documents);
        Budget first = Budget.fresh("budget").taken(1, 1);

        takes(budgets::clock);
        takes(() -> budgets.replace(first), "PutItem");
        takes(() -> budgets.replace(first), "PutItem");
        takes(() -> budgets.budget("budget"), "GetItem");
    }

    @Test
    void ofStreams() {
        StreamNotes notes = StreamNotes.in(documents);
        StreamNotes.Stream stream = new StreamNotes.Stream("c", "");

        takes(() -> notes.begin(stream, NOW.plusSeconds(60)), "PutItem");
        takes(() -> notes.begin(stream, NOW.plusSeconds(60)), "PutItem");
        takes(() -> notes.isCancelled(stream), "GetItem");
        takes(() -> notes.cancel(stream), "UpdateItem");
        takes(() -> notes.cancelAll("c"), "Query", "UpdateItem");
        takes(() -> notes.end(stream), "DeleteItem");
    }

    private void takes(Runnable operation, String... expected) {
        requests.clear();
        operation.run();
        assertThat(requests).containsExactly(expected);
    }

    private static Job job(String id) {
        return new Job(
                id,
                "area-" + id,
                0,
                Job.Status.IN_PROGRESS,
                null,
                null,
                NOW,
                null,
                null,
                NOW.plusSeconds(60),
                NOW.plusSeconds(3600),
                new Job.Input(30, 30, null, null, null),
                "{}",
                null,
                null);
    }
}
