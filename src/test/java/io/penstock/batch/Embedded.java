package io.penstock.batch;

import io.penstock.json.Fields;
import io.penstock.llm.Completion;
import io.penstock.llm.Prompt;
import io.penstock.llm.Reading;
import io.penstock.pipeline.Declared;
import io.penstock.store.Chunk;
import io.penstock.store.ChunkQueue;
import io.penstock.store.Counts;
import io.penstock.store.Documents;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import io.penstock.store.Outlived;
import io.penstock.store.StoreLog;
import io.penstock.store.Tokens;
import io.penstock.store.local.Opened;
import io.penstock.tasks.NoTasks;
import io.penstock.testing.Settings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;

/// The embedded store in a directory of a test's, with jobs whose items are the prompts `item 0`,
/// `item 1` and so on. Its clock stands still until the test moves it.
final class Embedded implements AutoCloseable {

    final AtomicReference<Instant> now =
            new AtomicReference<>(Instant.parse("2026-11-26T12:00:00Z"));
    final BatchConfig config =
            Settings.of(BatchConfig.class, Map.of("penstock.batch.commit-interval", "5ms"))
                    .checked();
    final MillisClock clock;
    final ItemReader reader =
            new ItemReader(
                    Reading.prompts(),
                    Reading.prices(Map.of()),
                    Declared.of(Map.of()),
                    NoTasks.get());
    final StoreLog storeLog = new StoreLog();
    final JobStore jobs;
    final WatchedPayloads payloads;
    final ChunkQueue queue;
    final Messages messages;
    final JobChanges changes;
    final JobSums sums;

    /// Of a process that has shown that it lives.
    final Quarantine quarantine = new Quarantine(Duration.ZERO, System::nanoTime);

    private final Opened opened;

    Embedded(Path directory) {
        InstantSource source = now::get;
        clock = new MillisClock(source.withZone(ZoneOffset.UTC));
        opened = new Opened(directory, source.withZone(ZoneOffset.UTC), "30s", 10);
        jobs = opened.jobs();
        payloads = new WatchedPayloads(opened.payloads());
        queue = opened.queue();
        messages = new Messages(queue, jobs, clock);
        changes = new JobChanges(jobs);
        sums = new JobSums(jobs, clock);
    }

    Outlived outlived() {
        return opened.outlived();
    }

    Documents documents() {
        return opened.engine().documents();
    }

    /// Runs of chunks whose calls are the test's.
    ChunkRuns runs(ChunkRuns.CallsOf calls) {
        return new ChunkRuns(
                calls,
                jobs,
                payloads,
                reader,
                config,
                storeLog,
                sums,
                (_, _) -> {},
                quarantine,
                _ -> null,
                clock);
    }

    Splitting splitting() {
        return new Splitting(jobs, payloads, messages, config, reader, files(), clock);
    }

    Files files() {
        return new Files(opened.files(), payloads, clock);
    }

    Finisher finisher() {
        return finisher(Merging.NOTE_BYTES);
    }

    /// @param noteBytes written between two notes of how far a merge is
    Finisher finisher(long noteBytes) {
        return new Finisher(
                jobs,
                changes,
                payloads,
                new OutputFiles(files()),
                messages,
                config,
                clock,
                noteBytes);
    }

    void pass(Duration time) {
        now.set(now.get().plus(time));
    }

    /// Stores a job that runs.
    Job job(int items, int chunkItems, String options) {
        BatchConfig cut =
                Settings.of(
                        BatchConfig.class,
                        Map.of("penstock.batch.chunk-items", Integer.toString(chunkItems)));
        String area = "area-" + now.get().toEpochMilli() + "-" + items + "-" + chunkItems;
        List<Chunk> chunks;
        try (Intake intake = new Intake(area, cut, payloads)) {
            for (int i = 0; i < items; i++) {
                intake.add(
                        new Item("id-" + i, Prompt.of("item " + i), null),
                        ("{\"custom_id\":\"id-" + i + "\",\"prompt\":\"item " + i + "\"}")
                                .getBytes(StandardCharsets.UTF_8));
            }
            chunks = intake.finish();
            Intake.store(chunks, jobs);
            intake.keep();
        }
        Job job =
                new Job(
                        "batch_" + area,
                        area,
                        0,
                        Job.Status.IN_PROGRESS,
                        null,
                        null,
                        clock.now(),
                        clock.now(),
                        null,
                        clock.now().plus(Duration.ofHours(1)),
                        clock.now().plus(Duration.ofHours(2)),
                        new Job.Input(items, chunks.size(), null, null, null),
                        options,
                        null,
                        null,
                        null);
        if (!jobs.create(job)) {
            throw new IllegalStateException("There is such a job");
        }
        return job;
    }

    Job job(int items) {
        return job(items, 1000, "{}");
    }

    Job stored(Job job) {
        return jobs.job(job.id()).orElseThrow();
    }

    Chunk chunk(Job job, int index) {
        return jobs.chunk(job.area(), index).orElseThrow();
    }

    /// Claims a chunk.
    Chunk claimed(Job job, int index) {
        Chunk claimed = chunk(job, index).claimed(clock.now(), config.lease());
        if (!jobs.replace(claimed)) {
            throw new IllegalStateException("Somebody else has claimed it");
        }
        return claimed;
    }

    Claim claim(Job job, int index) {
        return new Claim(jobs, payloads, config, clock, storeLog, claimed(job, index));
    }

    /// The recorded outcomes of a chunk, in the order in which they were recorded.
    List<String> recorded(Job job, int index) {
        List<String> recorded = new ArrayList<>();
        try (SegmentLines lines = new SegmentLines(payloads, chunk(job, index))) {
            for (byte[] line = lines.nextOutcome(); line != null; line = lines.nextOutcome()) {
                recorded.add(new String(line, StandardCharsets.UTF_8));
            }
        }
        return recorded;
    }

    /// Records an outcome for each item of a chunk; those whose index is in `failed` failed.
    void end(Job job, int index, List<Integer> failed) throws InterruptedException {
        Claim claim = claim(job, index);
        Chunk chunk = claim.chunk();
        // Not in the order of the input.
        for (int place = chunk.itemCount() - 1; place >= 0; place--) {
            int item = (int) chunk.firstItem() + place;
            claim.add(
                    failed.contains(item) ? error(item) : result(item),
                    failed.contains(item) ? new Counts(0, 1, 0, 0) : new Counts(1, 0, 0, 0),
                    new Tokens(2, 3, 0));
        }
        claim.flush(true);
        claim.release();
    }

    static byte[] result(long item) {
        return ResultLine.completed(
                item,
                "id-" + item,
                new Completion("done " + item, "c", "m", "stop", null, null, null),
                1);
    }

    static byte[] error(long item) {
        return ResultLine.error(item, "id-" + item, "server", "provider_error", "No.", 4, null);
    }

    /// All that is queued.
    List<Task> queued() throws InterruptedException {
        List<Task> tasks = new ArrayList<>();
        List<ChunkQueue.Delivery> deliveries = queue.receive(10, Duration.ZERO);
        while (!deliveries.isEmpty()) {
            for (ChunkQueue.Delivery delivery : deliveries) {
                tasks.add(Task.parse(delivery.body()).orElseThrow());
                queue.delete(delivery);
            }
            deliveries = queue.receive(10, Duration.ZERO);
        }
        return tasks;
    }

    /// The lines of a payload.
    List<String> lines(String key) {
        String text = new String(payloads.read(key), StandardCharsets.UTF_8);
        return text.isEmpty() ? List.of() : List.of(text.split("\n"));
    }

    static String field(String line, String name) {
        try {
            return Fields.JSON.readTree(line).at(name).asText();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        opened.close();
    }
}
