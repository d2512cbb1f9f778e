package io.penstock.store.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.store.Budget;
import io.penstock.store.BudgetStore;
import io.penstock.store.Chunk;
import io.penstock.store.ChunkQueue;
import io.penstock.store.Documents;
import io.penstock.store.FileStore;
import io.penstock.store.JobStore;
import io.penstock.store.StoreException;
import io.penstock.store.StreamNotes;
import io.penstock.testing.Emulators;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.SdkResponse;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttribute;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemResponse;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequest;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchResponse;

/// What the emulators never do and AWS may: lose an answer, or take only a part of a batch.
class PartialWritesTest {

    private static final String TABLE = "penstock-" + UUID.randomUUID();

    private static Emulators emulators;

    @BeforeAll
    static void start() {
        emulators = Emulators.start();
        emulators.table(TABLE);
    }

    @AfterAll
    static void stop() {
        emulators.close();
    }

    @Test
    void aWriteWhoseAnswerWasLostIsNoLostRace() {
        LostAnswers lost = new LostAnswers();
        Chunk chunk = Chunk.of("lost", 0, 0, 10, 0, 1);

        try (DynamoDbClient client = dynamo(lost)) {
            JobStore jobs = jobs(client);
            jobs.addChunks(List.of(chunk));

            assertThat(jobs.replace(chunk.leasedUntil(Instant.EPOCH))).isTrue();
            assertThat(jobs.replace(chunk.leasedUntil(Instant.EPOCH))).isFalse();

            assertThat(jobs.chunk("lost", 0)).contains(chunk.leasedUntil(Instant.EPOCH));
            assertThat(lost.answers).hasValueGreaterThan(2);
        }
    }

    @Test
    void aBudgetWhoseAnswerWasLostIsTakenOnce() {
        LostAnswers lost = new LostAnswers();
        Budget first = Budget.fresh("lost").taken(1, 1);

        try (DynamoDbClient client = dynamo(lost)) {
            BudgetStore budgets = BudgetStore.in(documents(client));

            assertThat(budgets.replace(first)).isTrue();
            assertThat(budgets.replace(first)).isFalse();
            assertThat(budgets.replace(first.taken(2, 2))).isTrue();

            assertThat(budgets.budget("lost")).contains(first.taken(2, 2));
            assertThat(lost.answers).hasValueGreaterThan(4);
        }
    }

    @Test
    void aStreamWhoseAnswerWasLostHasBegun() {
        StreamNotes.Stream stream = new StreamNotes.Stream("lost", "a");

        try (DynamoDbClient client = dynamo(new LostAnswers())) {
            StreamNotes notes = StreamNotes.in(documents(client));

            assertThat(notes.begin(stream, Duration.ofSeconds(60))).isTrue();
            assertThat(notes.begin(stream, Duration.ofSeconds(60))).isFalse();
        }
    }

    @Test
    void aNewChunkThatArrivesLateDoesNotUndoWhatHasBecomeOfIt() {
        Late late = new Late();
        Chunk chunk = Chunk.of("late", 0, 0, 10, 0, 1);
        Chunk claimed = chunk.claimed(Instant.EPOCH, Duration.ofSeconds(20));
        JobStore jobs = jobs(emulators.dynamo());

        try (DynamoDbClient client = dynamo(late)) {
            jobs(client).addChunks(List.of(chunk));
        }
        assertThat(jobs.replace(claimed)).isTrue();
        late.arrive();

        assertThat(jobs.chunk("late", 0)).contains(claimed);
    }

    @Test
    void whatTheSdkLetsThroughIsAFailureOfTheStore() {
        StreamNotes.Stream stream = new StreamNotes.Stream("broken", "a");
        Budget budget = Budget.fresh("broken").taken(1, 1);
        Chunk chunk = Chunk.of("broken", 0, 0, 10, 0, 1);

        try (DynamoDbClient client =
                DynamoDbClient.builder()
                        .region(Region.EU_CENTRAL_1)
                        .credentialsProvider(
                                StaticCredentialsProvider.create(
                                        AwsBasicCredentials.create("key", "key")))
                        .httpClient(new Broken())
                        .build()) {
            Documents documents = documents(client);
            FileStore files = new FileStore(documents);
            List<ThrowingCallable> all =
                    List.of(
                            () -> files.file("file-broken"),
                            () -> files.files(null, 10, false),
                            () -> files.delete("file-broken"),
                            () -> BudgetStore.in(documents).replace(budget),
                            () -> StreamNotes.in(documents).cancel(stream),
                            () -> jobs(client).addChunks(List.of(chunk)),
                            () -> jobs(client).live(null, 100));

            assertThat(all)
                    .allSatisfy(one ->
                            assertThatThrownBy(one)
                                    .isInstanceOf(StoreException.class)
                                    .hasMessageContaining("AWS cannot be reached"));
        }
    }

    @Test
    void writesAgainWhatABatchLeftOut() {
        List<Chunk> chunks =
                IntStream.range(0, 60).mapToObj(n -> Chunk.of("partial", n, n, 1, n, 1)).toList();

        JobStore jobs = jobs(emulators.dynamo());
        jobs.addChunks(chunks);

        try (DynamoDbClient client = dynamo(new LeftOut(2))) {
            jobs(client).deleteChunks("partial");
        }

        assertThat(jobs.chunks("partial")).isEmpty();
    }

    @Test
    void saysSoWhenABatchStaysUnfinished() {
        jobs(emulators.dynamo()).addChunks(List.of(Chunk.of("busy", 0, 0, 1, 0, 1)));

        try (DynamoDbClient client = dynamo(new LeftOut(Integer.MAX_VALUE))) {
            assertThatThrownBy(() -> jobs(client).deleteChunks("busy"))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("chunks of busy");
        }
    }

    @Test
    void sendsAgainWhatTheQueueDidNotTake() throws InterruptedException {
        Emulators.Queues queues = queues();
        List<String> bodies = IntStream.range(0, 10).mapToObj(n -> "message " + n).toList();

        try (SqsClient client = sqs(new NotTaken(false))) {
            ChunkQueue queue =
                    new SqsQueue(client, queues.url(), queues.deadUrl(), Duration.ofSeconds(30));
            queue.send("job", bodies, Duration.ZERO);

            assertThat(queue.receive(10, Duration.ofSeconds(5)))
                    .extracting(ChunkQueue.Delivery::body)
                    .containsExactlyInAnyOrderElementsOf(bodies);
        }
    }

    @Test
    void doesNotSendAgainWhatIsTheSendersFault() {
        Emulators.Queues queues = queues();

        try (SqsClient client = sqs(new NotTaken(true))) {
            ChunkQueue queue =
                    new SqsQueue(client, queues.url(), queues.deadUrl(), Duration.ofSeconds(30));

            assertThatThrownBy(() -> queue.send("job", List.of("a", "b"), Duration.ZERO))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining(queues.url())
                    .hasMessageContaining("Refused");
        }
    }

    private static Documents documents(DynamoDbClient client) {
        return new DynamoDocuments(new Table(client, TABLE, Clock.systemUTC()));
    }

    private static JobStore jobs(DynamoDbClient client) {
        return new JobStore(documents(client), Duration.ofDays(30));
    }

    private static Emulators.Queues queues() {
        return emulators.queues("penstock-" + UUID.randomUUID(), Duration.ofSeconds(30), 3);
    }

    private static DynamoDbClient dynamo(ExecutionInterceptor interceptor) {
        return emulators
                .dynamoBuilder()
                .overrideConfiguration(c -> c.addExecutionInterceptor(interceptor))
                .build();
    }

    private static SqsClient sqs(ExecutionInterceptor interceptor) {
        return emulators
                .sqsBuilder()
                .overrideConfiguration(c -> c.addExecutionInterceptor(interceptor))
                .build();
    }

    /// Makes an error of the first answer to each PutItem, after it was carried out.
    private static final class LostAnswers implements ExecutionInterceptor {

        private static final ExecutionAttribute<Boolean> LOST = new ExecutionAttribute<>("lost");

        private final AtomicInteger answers = new AtomicInteger();

        @Override
        public SdkHttpResponse modifyHttpResponse(
                Context.ModifyHttpResponse context, ExecutionAttributes attributes) {
            if (!(context.request() instanceof PutItemRequest)) {
                return context.httpResponse();
            }
            answers.incrementAndGet();
            if (attributes.getAttribute(LOST) != null) {
                return context.httpResponse();
            }
            attributes.putAttribute(LOST, true);
            return context.httpResponse().toBuilder().statusCode(500).build();
        }
    }

    /// Lets each write of items arrive once more, when it is told.
    private static final class Late implements ExecutionInterceptor {

        private final List<SdkRequest> writes = new ArrayList<>();

        @Override
        public void beforeExecution(
                Context.BeforeExecution context, ExecutionAttributes attributes) {
            writes.add(context.request());
        }

        void arrive() {
            for (SdkRequest write : writes) {
                try {
                    switch (write) {
                        case PutItemRequest put -> emulators.dynamo().putItem(put);
                        case BatchWriteItemRequest batch ->
                                emulators.dynamo().batchWriteItem(batch);
                        default -> {}
                    }
                } catch (ConditionalCheckFailedException refused) {
                    assertThat(write).isInstanceOf(PutItemRequest.class);
                }
            }
        }
    }

    /// Leaves the first of each batch out, a number of times.
    private static final class LeftOut implements ExecutionInterceptor {

        private static final ExecutionAttribute<WriteRequest> FIRST =
                new ExecutionAttribute<>("left-out");

        private int left;

        LeftOut(int times) {
            left = times;
        }

        @Override
        public SdkRequest modifyRequest(
                Context.ModifyRequest context, ExecutionAttributes attributes) {
            if (!(context.request() instanceof BatchWriteItemRequest batch) || left == 0) {
                return context.request();
            }
            left--;
            List<WriteRequest> rest = new ArrayList<>(batch.requestItems().get(TABLE));
            attributes.putAttribute(FIRST, rest.getFirst());
            if (rest.size() > 1) {
                rest.removeFirst();
            }
            return batch.toBuilder().requestItems(Map.of(TABLE, rest)).build();
        }

        @Override
        public SdkResponse modifyResponse(
                Context.ModifyResponse context, ExecutionAttributes attributes) {
            WriteRequest first = attributes.getAttribute(FIRST);
            return first != null && context.response() instanceof BatchWriteItemResponse done
                    ? done.toBuilder().unprocessedItems(Map.of(TABLE, List.of(first))).build()
                    : context.response();
        }
    }

    /// Refuses the first message of the first batch.
    private static final class NotTaken implements ExecutionInterceptor {

        private static final ExecutionAttribute<SendMessageBatchRequestEntry> FIRST =
                new ExecutionAttribute<>("not-taken");

        private final boolean senderFault;
        private boolean refused;

        NotTaken(boolean senderFault) {
            this.senderFault = senderFault;
        }

        @Override
        public SdkRequest modifyRequest(
                Context.ModifyRequest context, ExecutionAttributes attributes) {
            if (!(context.request() instanceof SendMessageBatchRequest batch) || refused) {
                return context.request();
            }
            refused = true;
            List<SendMessageBatchRequestEntry> rest = new ArrayList<>(batch.entries());
            attributes.putAttribute(FIRST, rest.removeFirst());
            return batch.toBuilder().entries(rest).build();
        }

        @Override
        public SdkResponse modifyResponse(
                Context.ModifyResponse context, ExecutionAttributes attributes) {
            SendMessageBatchRequestEntry first = attributes.getAttribute(FIRST);
            return first != null && context.response() instanceof SendMessageBatchResponse done
                    ? done.toBuilder()
                            .failed(
                                    BatchResultErrorEntry.builder()
                                            .id(first.id())
                                            .code("Refused")
                                            .senderFault(senderFault)
                                            .build())
                            .build()
                    : context.response();
        }
    }

    /// A connection that breaks as one of `HttpURLConnection` may: below the SDK, and past it.
    private static final class Broken implements SdkHttpClient {

        @Override
        public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
            return new ExecutableHttpRequest() {
                @Override
                public HttpExecuteResponse call() {
                    throw new UncheckedIOException(new IOException("broken"));
                }

                @Override
                public void abort() {}
            };
        }

        @Override
        public void close() {}
    }
}
