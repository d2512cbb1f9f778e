package io.penstock.store.aws;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.store.Budget;
import io.penstock.store.BudgetStore;
import io.penstock.store.Chunk;
import io.penstock.store.FileStore;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import io.penstock.store.Merge;
import io.penstock.store.Payloads;
import io.penstock.store.StoredFile;
import io.penstock.store.StreamNotes;
import io.penstock.testing.Emulators;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
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
import software.amazon.awssdk.services.s3.S3Client;

/// The requests that DynamoDB and S3 are sent for each operation: they are paid for one by one.
class RequestsTest implements ExecutionInterceptor {

    private static final String TABLE = "penstock-" + UUID.randomUUID();
    private static final Instant NOW = Instant.now();

    private static @Nullable Emulators emulators;

    private final List<String> requests = Collections.synchronizedList(new ArrayList<>());
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

        List<String> puts = new ArrayList<>(List.of("UpdateItem"));
        puts.addAll(Collections.nCopies(30, "PutItem"));
        takes(() -> jobs.addChunks(chunks), puts.toArray(String[]::new));
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
    void ofMerges() {
        Merge claimed = jobs.merge("merged").leasedUntil(NOW);

        takes(() -> jobs.merge("merged"), "GetItem");
        takes(() -> jobs.replace(claimed), "PutItem");
        takes(() -> jobs.replace(claimed.at(1, Map.of("key", "state"), NOW)), "PutItem");
        takes(() -> jobs.deleteMerge("merged"), "DeleteItem");
    }

    /// What ends a batch and reads it asks for nothing else.
    @Test
    void ofPayloads() {
        S3Client s3 =
                Objects.requireNonNull(emulators)
                        .s3Builder()
                        .overrideConfiguration(c -> c.addExecutionInterceptor(this))
                        .build();
        Bucket bucket = new Bucket(s3, emulators.bucket("requests-" + UUID.randomUUID()));
        Payloads payloads =
                new S3Payloads(
                        bucket, emulators::presigner, new S3Sources(s3, Set.of(bucket.name())));
        Payloads.Assembly small = payloads.begin("jobs/a/small", 2);
        Payloads.Assembly large = payloads.begin("jobs/a/large", 20 << 20);

        takes(() -> payloads.put("jobs/a/chunk", new byte[9]), "PutObject");
        takes(() -> read(payloads.read("jobs/a/chunk", 2, 3)), "GetObject");
        takes(() -> payloads.tag("jobs/a/chunk"), "HeadObject");
        takes(() -> payloads.link("jobs/a/chunk", Duration.ofMinutes(1)));
        takes(() -> write(small, 2));
        takes(small::checkpoint, "PutObject");
        takes(() -> payloads.resume("jobs/a/small", small.checkpoint()), "PutObject", "GetObject");
        takes(small::publish, "PutObject");
        takes(() -> write(large, 20 << 20), "CreateMultipartUpload", "UploadPart", "UploadPart");
        takes(large::checkpoint, "PutObject");
        takes(large::publish, "UploadPart", "CompleteMultipartUpload");
        takes(() -> payloads.discard("jobs/a/"));
        s3.close();
    }

    private static void write(Payloads.Assembly file, int bytes) {
        try {
            file.write(new byte[bytes]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void read(InputStream file) {
        try (file) {
            file.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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

        takes(() -> notes.begin(stream, Duration.ofSeconds(60)), "GetItem", "PutItem");
        takes(() -> notes.begin(stream, Duration.ofSeconds(60)), "PutItem");
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
                null,
                null);
    }
}
