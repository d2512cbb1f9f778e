package io.penstock.batch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.pipeline.Pipeline;
import io.penstock.pipeline.Pipelines;
import io.penstock.store.Chunk;
import io.penstock.store.ChunkQueue;
import io.penstock.store.Counts;
import io.penstock.store.Job;
import io.penstock.store.Job.Status;
import io.penstock.store.JobStore;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import io.penstock.store.StoredFile;
import io.penstock.store.Tokens;
import io.penstock.store.UnreadableSource;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// What callers do with batches. Thread-safe.
///
/// Every method throws [StoreException] when the store cannot be reached; nothing that was answered
/// before is lost then, and trying again makes sense.
@ApplicationScoped
public class Batches {

    private static final Logger LOG = Logger.getLogger(Batches.class);

    private static final int CHUNKS_AT_ONCE = 500;

    private final JobStore jobs;
    private final Payloads payloads;
    private final ChunkQueue queue;
    private final BatchConfig config;
    private final ItemReader items;
    private final Pipelines pipelines;
    private final Files files;
    private final OutputFiles outputs;
    private final Clock clock;

    Batches(
            JobStore jobs,
            Payloads payloads,
            ChunkQueue queue,
            BatchConfig config,
            ItemReader items,
            Pipelines pipelines,
            Files files,
            OutputFiles outputs,
            Clock clock) {
        this.files = files;
        this.outputs = outputs;
        this.jobs = jobs;
        this.payloads = payloads;
        this.queue = queue;
        this.config = config.checked();
        this.items = items;
        this.pipelines = pipelines;
        this.clock = clock;
    }

    /// What a submission came to.
    public sealed interface Submitted {

        /// There is a new job.
        record Accepted(Job job) implements Submitted {}

        /// The same was submitted before, under the same idempotency key.
        record Known(Job job) implements Submitted {}

        /// Something else was submitted before under the same idempotency key.
        record Conflict() implements Submitted {}
    }

    /// What is asked for besides the items.
    ///
    /// @param options for all items, as JSON
    /// @param idempotencyKey the caller's; null for none
    /// @param digest of the request, compared when the key was used before
    /// @param retryOf the job whose items these are again
    /// @param expiry how long the job may take; null for as long as is configured
    /// @param openAi what OpenAI's batch API asks for
    public record Request(
            ObjectNode options,
            @Nullable String idempotencyKey,
            @Nullable String digest,
            @Nullable String retryOf,
            @Nullable Duration expiry,
            Job.@Nullable OpenAi openAi) {

        /// A request that asks for no more.
        public Request(
                ObjectNode options,
                @Nullable String idempotencyKey,
                @Nullable String digest,
                @Nullable String retryOf) {
            this(options, idempotencyKey, digest, retryOf, null, null);
        }
    }

    /// How far a job is.
    public record Progress(Counts counts, Tokens tokens) {}

    /// Starts to take in items. Close it in every case.
    public Intake intake() {
        return new Intake(UUID.randomUUID().toString().replace("-", ""), config, payloads);
    }

    /// Makes a job of what was taken in. When this returns, the job is durable.
    ///
    /// @throws InvalidRequest when there is no item
    public Submitted submit(Intake intake, Request request) {
        List<Chunk> chunks = intake.finish();
        for (int i = 0; i < chunks.size(); i += CHUNKS_AT_ONCE) {
            jobs.addChunks(chunks.subList(i, Math.min(chunks.size(), i + CHUNKS_AT_ONCE)));
        }
        Instant now = now();
        Job job =
                job(
                        intake.area(),
                        Status.IN_PROGRESS,
                        now,
                        new Job.Input(
                                intake.items(),
                                chunks.size(),
                                request.digest,
                                null,
                                request.retryOf),
                        request);
        // When the store fails now, the job may be there or not: an input without a job does no
        // harm, a job without its input would be lost.
        intake.keep();
        Submitted submitted = create(job, request);
        if (submitted instanceof Submitted.Accepted) {
            enqueue(Task.chunks(job), job);
        } else {
            intake.discard();
            // Chunks without a job are found by nobody; the store forgets them.
            jobs.delete(job.withId("none-" + job.area()));
        }
        return submitted;
    }

    /// Makes a job of a file that is read later.
    ///
    /// @param source where the file is
    /// @throws InvalidRequest when it cannot be read
    public Submitted submitSource(String source, Request request) {
        Job job =
                job(
                        UUID.randomUUID().toString().replace("-", ""),
                        Status.VALIDATING,
                        now(),
                        new Job.Input(0, 0, request.digest, source, null),
                        request);
        // What was taken once is known, whatever became of its file.
        if (request.idempotencyKey == null || jobs.job(job.id()).isEmpty()) {
            probe(source);
        }
        Submitted submitted = create(job, request);
        if (submitted instanceof Submitted.Accepted) {
            enqueue(List.of(new Task.Split(job.id()).toJson()), job);
        }
        return submitted;
    }

    /// Makes a job of a file that was given to OpenAI's API; its lines are read later.
    public Submitted submitFile(Request request) {
        Job job =
                job(
                        UUID.randomUUID().toString().replace("-", ""),
                        Status.VALIDATING,
                        now(),
                        new Job.Input(0, 0, request.digest, null, null),
                        request);
        Submitted submitted = create(job, request);
        if (submitted instanceof Submitted.Accepted) {
            enqueue(List.of(new Task.Split(job.id()).toJson()), job);
        }
        return submitted;
    }

    private void probe(String source) {
        try {
            payloads.probe(source);
        } catch (UnreadableSource unreadable) {
            throw InvalidRequest.of("input", "unreadable_input", unreadable.text());
        }
    }

    public Optional<Job> find(String id) {
        return jobs.job(id);
    }

    /// Jobs, newest first, after the one with that id.
    ///
    /// @param wanted says of a job whether it counts
    public List<Job> list(@Nullable String after, int limit, Predicate<Job> wanted) {
        List<Job> found = new ArrayList<>();
        String last = after;
        while (found.size() < limit) {
            List<Job> page = jobs.jobs(last, 100);
            for (Job job : page) {
                if (found.size() < limit && wanted.test(job)) {
                    found.add(job);
                }
            }
            if (page.size() < 100) {
                return found;
            }
            last = page.getLast().id();
        }
        return found;
    }

    /// How far a job is, from what is recorded.
    public Progress progress(Job job) {
        Job.Totals totals = job.totals();
        if (totals != null) {
            return new Progress(totals.counts(), totals.tokens());
        }
        return sum(job.input().chunkCount() == 0 ? List.of() : jobs.chunks(job.area()));
    }

    static Progress sum(List<Chunk> chunks) {
        Counts counts = Counts.NONE;
        Tokens tokens = Tokens.NONE;
        for (Chunk chunk : chunks) {
            counts = counts.plus(chunk.counts());
            tokens = tokens.plus(chunk.tokens());
        }
        return new Progress(counts, tokens);
    }

    /// The results that are recorded so far.
    public Results results(Job job) {
        return new Results(
                payloads, job, job.input().chunkCount() == 0 ? List.of() : jobs.chunks(job.area()));
    }

    /// Ends a job: what is finished stays, what is not is recorded as cancelled. Repeating it
    /// changes nothing.
    ///
    /// @return the job, which has ended or is about to; empty when there is none
    public Optional<Job> cancel(String id) {
        Optional<Job> cancelled =
                change(
                        id,
                        job ->
                                job.status().isTerminal() || job.status() == Status.CANCELLING
                                        ? null
                                        : job.paused(null, null)
                                                .inSameVersion(Status.CANCELLING)
                                                .since(now()));
        cancelled
                .filter(job -> job.status() == Status.CANCELLING)
                .ifPresent(job -> enqueue(pending(job), job));
        return cancelled;
    }

    /// Stops a job where it is until it is resumed.
    public Optional<Job> pause(String id) {
        return pause(id, "user", "Paused by its owner; resume it to go on.");
    }

    Optional<Job> pause(String id, String why, String sentence) {
        return change(
                id,
                job ->
                        job.status() == Status.IN_PROGRESS && job.paused() == null
                                ? job.paused(why, sentence)
                                : null);
    }

    /// Lets a paused job go on.
    ///
    /// @param maxCost what it may cost from now on in all; null for what was said before
    public Optional<Job> resume(String id, @Nullable BigDecimal maxCost) {
        Optional<Job> resumed =
                change(
                        id,
                        job ->
                                job.paused() == null || job.status().isTerminal()
                                        ? null
                                        : job.resumed(with(job, maxCost)));
        resumed.filter(job -> job.runs(now())).ifPresent(job -> enqueue(pending(job), job));
        return resumed;
    }

    private static String with(Job job, @Nullable BigDecimal maxCost) {
        return maxCost == null ? job.options() : options(job).put("max_cost", maxCost).toString();
    }

    /// Forgets a job that has ended, with its results.
    public void delete(Job job) {
        outputs.forget(job);
        payloads.deleteAll(job.prefix());
        jobs.delete(job);
    }

    /// Makes a new job of the items that have no result in one that has ended. What is finished of
    /// a pipeline is finished in the new job too.
    ///
    /// @throws InvalidRequest when all have
    public Submitted retry(Job job) {
        try (Intake intake = intake()) {
            ObjectNode options = options(job);
            for (Chunk chunk : jobs.chunks(job.area())) {
                byte[] @Nullable [] outcomes = Segments.byItem(payloads, chunk);
                List<byte[]> lines = new ArrayList<>();
                Segments.split(Segments.input(payloads, job, chunk), lines);
                for (int i = 0; i < lines.size(); i++) {
                    byte[] outcome = outcomes[i];
                    if (outcome == null || ResultLine.isError(outcome)) {
                        intake.add(
                                items.read(lines.get(i), options),
                                lines.get(i),
                                outcome == null ? List.of() : ResultLine.stages(outcome));
                    }
                }
            }
            return submit(intake, new Request(options, null, null, job.id()));
        }
    }

    /// Reads a source, cuts it, and lets the job begin; one that cannot be used fails the job.
    void split(Job job) {
        String source = job.input().source();
        if (job.status() == Status.CANCELLING && job.input().chunkCount() == 0) {
            jobs.replace(job.ended(Status.CANCELLED, now(), null, nothing()));
            return;
        }
        if (job.status() == Status.VALIDATING && job.openAi() != null) {
            splitFile(job, job.openAi());
            return;
        }
        if (job.status() != Status.VALIDATING || source == null) {
            return;
        }
        try (Intake intake = new Intake(job.area(), config, payloads);
                InputStream in = payloads.foreign(source)) {
            // Another delivery may have begun the job with the same files already.
            intake.keep();
            readLines(in, options(job), intake);
            begin(job, intake);
        } catch (InvalidRequest unusable) {
            jobs.replace(job.ended(Status.FAILED, now(), unusable.text(), nothing()));
        } catch (UnreadableSource gone) {
            jobs.replace(job.ended(Status.FAILED, now(), gone.text(), nothing()));
        } catch (IOException broken) {
            throw new StoreException("The input of job " + job.id() + " breaks off", broken);
        }
    }

    private void begin(Job job, Intake intake) {
        List<Chunk> chunks = intake.finish();
        if (jobs.job(job.id()).filter(now -> now.version() == job.version()).isEmpty()) {
            // Another delivery has begun it, or it was cancelled: chunks that may have results by
            // now are not to be made anew.
            return;
        }
        for (int i = 0; i < chunks.size(); i += CHUNKS_AT_ONCE) {
            jobs.addChunks(chunks.subList(i, Math.min(chunks.size(), i + CHUNKS_AT_ONCE)));
        }
        Job started = job.started(now(), intake.items(), chunks.size());
        if (jobs.replace(started)) {
            enqueue(Task.chunks(started), started);
        }
    }

    private void splitFile(Job job, Job.OpenAi asked) {
        Optional<StoredFile> file = files.find(asked.file()).filter(StoredFile::isComplete);
        if (file.isEmpty()) {
            fail(
                    job,
                    asked,
                    FileLines.wrong(
                            "file_not_found",
                            "The input file was deleted or has expired before it was read."));
            return;
        }
        try (Intake intake = new Intake(job.area(), config, payloads);
                InputStream in = files.read(file.get(), 0, Long.MAX_VALUE)) {
            // Another delivery may have begun the job with the same files already.
            intake.keep();
            FileLines lines = FileLines.read(in, items, intake);
            if (lines.errors() != null) {
                fail(job, asked, lines);
            } else if (intake.items() == 0) {
                fail(job, asked, FileLines.wrong("empty_file", "The input file has no lines."));
            } else {
                begin(job.with(asked.read(lines.model(), null)), intake);
            }
        } catch (IOException broken) {
            throw new StoreException("The input of job " + job.id() + " breaks off", broken);
        }
    }

    private void fail(Job job, Job.OpenAi asked, FileLines lines) {
        jobs.replace(
                job.with(asked.read(null, lines.errors()))
                        .ended(Status.FAILED, now(), lines.first(), nothing()));
    }

    /// Takes in JSON Lines; blank lines are passed over.
    ///
    /// @throws InvalidRequest that names the line
    public void readLines(InputStream in, ObjectNode options, Intake intake) throws IOException {
        Lines lines = new Lines(in, LINE_MAX);
        try {
            for (byte[] line = lines.next(); line != null; line = lines.next()) {
                if (!Lines.isBlank(line)) {
                    intake.add(items.read(line, options), line);
                }
            }
        } catch (Lines.TooLong tooLong) {
            throw InvalidRequest.of(null, "prompt_too_long", String.valueOf(tooLong.getMessage()));
        } catch (InvalidRequest invalid) {
            throw InvalidRequest.of(
                    invalid.param(),
                    invalid.code(),
                    "Line "
                            + lines.number()
                            + ": "
                            + invalid.text().replace("The body is", "It is"));
        }
    }

    /// A line holds one prompt, which has a bound of its own, in JSON's longest form.
    static final int LINE_MAX = 32 << 20;

    static ObjectNode options(Job job) {
        try {
            JsonNode options = Fields.JSON.readTree(job.options());
            return (ObjectNode) options;
        } catch (IOException damaged) {
            throw new StoreException("The options of job " + job.id() + " are not JSON", damaged);
        }
    }

    /// Changes a job, from whatever it is in the meantime.
    ///
    /// @param change gives the next version, or null for no change
    /// @return the job as it is then; empty when there is none
    Optional<Job> change(String id, Function<Job, @Nullable Job> change) {
        while (true) {
            Optional<Job> stored = jobs.job(id);
            Job next = stored.map(change).orElse(null);
            if (next == null) {
                return stored;
            }
            if (jobs.replace(next)) {
                return Optional.of(next);
            }
        }
    }

    /// Messages for all that is left to do.
    List<String> pending(Job job) {
        if (job.input().chunkCount() == 0) {
            return List.of(new Task.Split(job.id()).toJson());
        }
        Instant now = now();
        List<String> bodies = new ArrayList<>();
        boolean open = false;
        for (Chunk chunk : jobs.chunks(job.area())) {
            if (!chunk.done()) {
                open = true;
                if (!chunk.isLeased(now)) {
                    bodies.add(new Task.RunChunk(job.id(), chunk.index()).toJson());
                }
            }
        }
        return open ? bodies : List.of(new Task.Finish(job.id()).toJson());
    }

    /// The present moment as it is stored.
    Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS);
    }

    private Submitted create(Job job, Request request) {
        if (jobs.create(job)) {
            return new Submitted.Accepted(job);
        }
        Optional<Job> known = jobs.job(job.id());
        if (known.isEmpty()) {
            throw new StoreException("Job " + job.id() + " is being forgotten; try again");
        }
        if (!Objects.equals(known.get().input().digest(), request.digest)) {
            return new Submitted.Conflict();
        }
        if (known.get().runs(now())) {
            // The first submission may have died before it queued anything.
            enqueue(pending(known.get()), known.get());
        }
        return new Submitted.Known(known.get());
    }

    private Job job(String area, Status status, Instant now, Job.Input input, Request request) {
        String key = request.idempotencyKey;
        Duration expiry = request.expiry == null ? config.expiry() : request.expiry;
        return new Job(
                "batch_" + (key == null ? area : hashed(key)),
                area,
                0,
                status,
                null,
                null,
                now,
                status == Status.IN_PROGRESS ? now : null,
                null,
                now.plus(expiry),
                now.plus(expiry).plus(config.retention()),
                input,
                withPipeline(request.options).toString(),
                null,
                request.openAi);
    }

    /// A job keeps the pipeline that it was submitted with, so that all its items go through the
    /// same stages, whatever is configured when they do.
    private ObjectNode withPipeline(ObjectNode options) {
        Pipeline pipeline = pipelines.of(options.get("pipeline"));
        return pipeline == null ? options : options.deepCopy().set("pipeline", pipeline.toJson());
    }

    /// The name of the pipeline that a job's items go through; null for none.
    public static @Nullable String pipeline(Job job) {
        return options(job).path("pipeline").path("name").textValue();
    }

    /// Without a message the job is still there, and the sweep finds it.
    private void enqueue(List<String> bodies, Job job) {
        try {
            queue.send(job.id(), bodies, Duration.ZERO);
        } catch (StoreException later) {
            LOG.warnf(
                    "Job %s is stored but not queued yet; the next sweep queues it: %s",
                    job.id(), later.getMessage());
        }
    }

    private static Job.Totals nothing() {
        return new Job.Totals(Counts.NONE, Tokens.NONE, 0, 0);
    }

    private static String hashed(String key) {
        return HexFormat.of()
                .formatHex(sha256().digest(key.getBytes(StandardCharsets.UTF_8)), 0, 16);
    }

    /// The digest for requests under an idempotency key.
    public static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("Every Java has SHA-256", impossible);
        }
    }
}
