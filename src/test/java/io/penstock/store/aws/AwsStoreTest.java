package io.penstock.store.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.store.BudgetStore;
import io.penstock.store.BudgetStoreContract;
import io.penstock.store.ChunkQueue;
import io.penstock.store.ChunkQueueContract;
import io.penstock.store.ChunkStoreContract;
import io.penstock.store.Document;
import io.penstock.store.Documents;
import io.penstock.store.DocumentsContract;
import io.penstock.store.FileStore;
import io.penstock.store.FileStoreContract;
import io.penstock.store.JobStore;
import io.penstock.store.JobStoreContract;
import io.penstock.store.Kind;
import io.penstock.store.LostAssembly;
import io.penstock.store.Payloads;
import io.penstock.store.PayloadsContract;
import io.penstock.store.StoreException;
import io.penstock.store.StreamNotes;
import io.penstock.store.StreamNotes.Stream;
import io.penstock.store.UnreadableSource;
import io.penstock.testing.Emulators;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;

/// The store in AWS against emulators of its services.
class AwsStoreTest {

    private static Emulators emulators;

    @BeforeAll
    static void start() {
        emulators = Emulators.start();
    }

    @AfterAll
    static void stop() {
        emulators.close();
    }

    private static Documents documents(Clock clock) {
        return documents(emulators.table(name()), clock);
    }

    private static Documents documents(String table, Clock clock) {
        return new DynamoDocuments(new Table(emulators.dynamo(), table, clock));
    }

    private static String name() {
        return "penstock-" + UUID.randomUUID();
    }

    @Nested
    class DynamoDocumentsTest implements DocumentsContract {

        private final Documents documents =
                AwsStoreTest.documents(emulators.table(name()), Clock.systemUTC());

        @Override
        public Documents documents() {
            return documents;
        }

        @Test
        void whatIsPastItsEndMakesRoomBeforeItIsRemoved() {
            Document.Key key = new Document.Key(Kind.JOB, "old");
            Instant now = Instant.now();
            documents.write(new Document(key, 1, now.minusMillis(1), "old").listed(now, true));

            assertThat(documents.write(new Document(key, 1, now.plusSeconds(60), "new"))).isTrue();
            assertThat(documents.read(key)).contains("new");
        }
    }

    @Nested
    class BudgetsTest implements BudgetStoreContract {

        private final BudgetStore budgets =
                BudgetStore.in(
                        documents(
                                // As wrong as a clock may be: the server's answers set it right.
                                Clock.offset(Clock.systemUTC(), Duration.ofMinutes(5))));

        @Override
        public BudgetStore budgets() {
            return budgets;
        }
    }

    @Nested
    class StreamNotesTest {

        private final StreamNotes streams = StreamNotes.in(documents(Clock.systemUTC()));

        private final Duration later = Duration.ofSeconds(60);

        @Test
        void aProcessWhoseClockIsLateCanBeAskedToEndItsPrompts() {
            String table = emulators.table(name());
            Clock late = Clock.offset(Clock.systemUTC(), Duration.ofMinutes(-5));
            StreamNotes its = StreamNotes.in(documents(table, late));
            StreamNotes others = StreamNotes.in(documents(table, Clock.systemUTC()));
            Stream stream = new Stream("late=", "a");

            assertThat(its.begin(stream, later)).isTrue();

            assertThat(others.cancel(stream)).isTrue();
            assertThat(its.isCancelled(stream)).isTrue();
        }

        @Test
        void anIdRunsOnceForAConnectionUntilItEnds() {
            Stream stream = new Stream("c=", "a");

            assertThat(streams.begin(stream, later)).isTrue();
            assertThat(streams.begin(stream, later)).isFalse();
            assertThat(streams.begin(new Stream("c=", ""), later)).isTrue();
            assertThat(streams.begin(new Stream("d=", "a"), later)).isTrue();
            streams.end(stream);
            assertThat(streams.begin(stream, later)).isTrue();
        }

        @Test
        void whoRunsAPromptHearsThatItIsCancelled() {
            Stream stream = new Stream("c=", "a");
            Stream other = new Stream("c=", "b");
            streams.begin(stream, later);
            streams.begin(other, later);

            assertThat(streams.cancel(stream)).isTrue();

            assertThat(streams.isCancelled(stream)).isTrue();
            assertThat(streams.isCancelled(other)).isFalse();
            assertThat(streams.cancel(new Stream("c=", "none"))).isFalse();
        }

        @Test
        void aConnectionThatIsGoneCancelsAllItsPromptsAndNoOthers() {
            List<Stream> gone = List.of(new Stream("c=", ""), new Stream("c=", "a"));
            Stream stays = new Stream("d=", "a");
            gone.forEach(stream -> streams.begin(stream, later));
            streams.begin(stays, later);

            streams.cancelAll("c=");

            assertThat(gone).allMatch(streams::isCancelled);
            assertThat(streams.isCancelled(stays)).isFalse();
        }

        @Test
        void whatItsProcessLeftBehindCountsNoMoreOnceItsTimeIsUp() {
            Stream stream = new Stream("c=", "a");
            streams.begin(stream, Duration.ofSeconds(-1));

            assertThat(streams.cancel(stream)).isFalse();
            assertThat(streams.begin(stream, later)).isTrue();
            assertThat(streams.isCancelled(stream)).isFalse();
        }
    }

    @Nested
    class JobsTest implements ChunkStoreContract, JobStoreContract {

        private final JobStore jobs =
                new JobStore(documents(Clock.systemUTC()), Duration.ofDays(30));

        @Override
        public JobStore jobs() {
            return jobs;
        }

        @Test
        void namesTheObjectThatCannotBeReached() {
            JobStore elsewhere =
                    new JobStore(documents("missing", Clock.systemUTC()), Duration.ofDays(30));

            assertThatThrownBy(() -> elsewhere.job("batch_x"))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("job batch_x")
                    .hasMessageContaining("ResourceNotFoundException");
        }
    }

    @Nested
    class FilesTest implements FileStoreContract {

        private final FileStore files = new FileStore(documents(Clock.systemUTC()));

        @Override
        public FileStore files() {
            return files;
        }
    }

    @Nested
    class S3PayloadsTest implements PayloadsContract {

        private final String bucket = emulators.bucket(name());
        private final String inputs = emulators.bucket(name());
        private final Payloads payloads =
                new S3Payloads(
                        new Bucket(emulators.s3(), bucket),
                        emulators::presigner,
                        new S3Sources(emulators.s3(), Set.of(inputs)));

        @Override
        public Payloads payloads() {
            return payloads;
        }

        @Test
        void anybodyWritesToAnUploadLinkJustSoMuch() throws Exception {
            URI link =
                    payloads.uploadLink("jobs/a/content", 3, Duration.ofMinutes(5)).orElseThrow();

            assertThat(payloads.size("jobs/a/content")).isEmpty();
            assertThat(put(link, "four")).isGreaterThanOrEqualTo(400);
            assertThat(payloads.size("jobs/a/content")).isEmpty();
            assertThat(put(link, "one")).isEqualTo(200);
            assertThat(payloads.read("jobs/a/content")).asString().isEqualTo("one");
        }

        private static int put(URI link, String content) throws Exception {
            HttpURLConnection connection = (HttpURLConnection) link.toURL().openConnection();
            connection.setRequestMethod("PUT");
            connection.setDoOutput(true);
            connection.setFixedLengthStreamingMode(content.length());
            try (OutputStream out = connection.getOutputStream()) {
                out.write(content.getBytes(StandardCharsets.UTF_8));
            }
            return connection.getResponseCode();
        }

        @Test
        void anybodyReadsALink() throws Exception {
            payloads.put("jobs/a/output.jsonl", "one".getBytes(StandardCharsets.UTF_8));
            URI link = payloads.link("jobs/a/output.jsonl", Duration.ofMinutes(5)).orElseThrow();

            try (InputStream in = link.toURL().openStream()) {
                assertThat(in.readAllBytes()).asString().isEqualTo("one");
            }

            URI tampered = URI.create(link.toString().replace("output", "errors"));
            assertThat(((HttpURLConnection) tampered.toURL().openConnection()).getResponseCode())
                    .isEqualTo(403);
        }

        @Test
        void readsCallersFilesFromTheirBucketsOnly() throws Exception {
            emulators
                    .s3()
                    .putObject(
                            p -> p.bucket(inputs).key("in/my file.jsonl"),
                            RequestBody.fromString("line\n"));

            try (InputStream in = payloads.foreign("s3://" + inputs + "/in/my file.jsonl", null)) {
                assertThat(in.readAllBytes()).asString().isEqualTo("line\n");
            }

            payloads.put("jobs/a/input.jsonl", new byte[1]);
            assertThatThrownBy(
                            () -> payloads.foreign("s3://" + bucket + "/jobs/a/input.jsonl", null))
                    .isInstanceOf(UnreadableSource.class)
                    .hasMessageContaining("input-buckets");
            assertThatThrownBy(() -> payloads.foreign("s3://" + inputs + "/none", null))
                    .isInstanceOf(UnreadableSource.class)
                    .hasMessageContaining("There is no file s3://" + inputs + "/none");
            assertThatThrownBy(() -> payloads.foreign("s3://" + inputs + "/", null))
                    .isInstanceOf(UnreadableSource.class);
        }

        @Test
        void anAssemblyWhosePartsAreGoneIsLostUnlessAnotherHasEndedIt() throws Exception {
            byte[] bytes = new byte[Parts.PART + 3];
            String state;
            try (Payloads.Assembly first = payloads.begin("jobs/a/merged", bytes.length)) {
                first.write(bytes);
                state = first.checkpoint();
            }
            try (Payloads.Assembly one = payloads.resume("jobs/a/merged", state);
                    Payloads.Assembly other = payloads.resume("jobs/a/merged", state)) {
                one.publish();
                other.publish();
            }
            assertThat(payloads.size("jobs/a/merged")).contains((long) bytes.length);

            payloads.put("jobs/a/merged", new byte[1]);
            try (Payloads.Assembly late = payloads.resume("jobs/a/merged", state)) {
                assertThatThrownBy(late::publish).isInstanceOf(LostAssembly.class);
            }
        }

        @Test
        void aCallersFileIsReadAsItWasOrNotAtAll() throws Exception {
            String location = "s3://" + inputs + "/lines";
            PutObjectRequest put = PutObjectRequest.builder().bucket(inputs).key("lines").build();
            emulators.s3().putObject(put, RequestBody.fromString("one\n"));
            String tag = payloads.probe(location);
            try (InputStream in = payloads.foreign(location, tag)) {
                assertThat(in.readAllBytes()).asString().isEqualTo("one\n");
            }

            emulators.s3().putObject(put, RequestBody.fromString("two\n"));

            assertThatThrownBy(() -> payloads.foreign(location, tag))
                    .isInstanceOf(UnreadableSource.class)
                    .hasMessageContaining(location)
                    .hasMessageContaining("submit it again");
        }

        @Test
        void anAbandonedUploadLeavesNoParts() throws Exception {
            try (Payloads.Draft draft = payloads.create("jobs/a/large")) {
                draft.write(new byte[Parts.PART + 1]);
                assertThat(emulators.s3().listMultipartUploads(l -> l.bucket(bucket)).uploads())
                        .hasSize(1);
            }

            assertThat(emulators.s3().listMultipartUploads(l -> l.bucket(bucket)).uploads())
                    .isEmpty();
        }
    }

    @Nested
    class SqsQueueTest implements ChunkQueueContract {

        private final Emulators.Queues queues =
                emulators.queues(name(), Duration.ofMinutes(30), MAX_RECEIVES);
        private final ChunkQueue queue =
                new SqsQueue(emulators.sqs(), queues.url(), queues.deadUrl(), VISIBILITY);

        @Override
        public ChunkQueue queue() {
            return queue;
        }

        @Test
        void aReceiptThatNeverWasChangesNothing() {
            queue.extend("nonsense", Duration.ofSeconds(1));
        }

        @Test
        void namesTheQueueThatIsMissing() {
            String url = queues.url() + "-missing";

            assertThatThrownBy(
                            () -> new SqsQueue(emulators.sqs(), url, url, VISIBILITY).receiveDead())
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining(url);
        }
    }
}
