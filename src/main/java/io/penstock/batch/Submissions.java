package io.penstock.batch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.InvalidRequest;
import io.penstock.pipeline.Pipeline;
import io.penstock.pipeline.Pipelines;
import io.penstock.store.Chunk;
import io.penstock.store.Job;
import io.penstock.store.Job.Status;
import io.penstock.store.JobStore;
import io.penstock.store.Outlived;
import io.penstock.store.Owner;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import io.penstock.store.UnreadableSource;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Makes jobs of what callers submit. Thread-safe.
///
/// Every method throws [StoreException] when the store cannot be reached; trying again under the
/// same idempotency key makes sense.
@ApplicationScoped
public class Submissions {

    private final JobStore jobs;
    private final Payloads payloads;
    private final Messages messages;
    private final BatchConfig config;
    private final ItemReader items;
    private final Pipelines pipelines;
    private final Outlived outlived;
    private final MillisClock clock;

    Submissions(
            JobStore jobs,
            Payloads payloads,
            Messages messages,
            BatchConfig config,
            ItemReader items,
            Pipelines pipelines,
            Outlived outlived,
            MillisClock clock) {
        this.jobs = jobs;
        this.payloads = payloads;
        this.messages = messages;
        this.config = config.checked();
        this.items = items;
        this.pipelines = pipelines;
        this.outlived = outlived;
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
    /// @param owner whose job it becomes; null where callers need no key
    public record Request(
            ObjectNode options,
            @Nullable String idempotencyKey,
            @Nullable String digest,
            @Nullable String retryOf,
            @Nullable Duration expiry,
            Job.@Nullable OpenAi openAi,
            @Nullable Owner owner) {

        /// A request of the usual expiry, of no OpenAI batch.
        public Request(
                ObjectNode options,
                @Nullable String idempotencyKey,
                @Nullable String digest,
                @Nullable String retryOf,
                @Nullable Owner owner) {
            this(options, idempotencyKey, digest, retryOf, null, null, owner);
        }
    }

    /// Starts to take in items. Close it in every case.
    public Intake intake() {
        return new Intake(Ids.next(), config, payloads);
    }

    /// Makes a job of the items that were taken in. When this returns, the job is durable.
    ///
    /// @throws InvalidRequest when there is no item
    public Submitted submit(Intake intake, Request request) {
        List<Chunk> chunks = intake.finish();
        Intake.store(chunks, jobs);
        Job job =
                job(
                        intake.area(),
                        Status.IN_PROGRESS,
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
        Submitted submitted = create(job, request, Task.chunks(job));
        if (!(submitted instanceof Submitted.Accepted)) {
            intake.discard();
            jobs.deleteChunks(job.area());
        }
        return submitted;
    }

    /// Makes a job of a file that is read later: the caller's own, or the one that was given to
    /// OpenAI's API.
    ///
    /// @param source where the caller's own file is; null when the request names one that was given
    /// @throws InvalidRequest when the caller's own cannot be read
    public Submitted submitUnread(@Nullable String source, Request request) {
        // A repeated request finds its job, even if the file has changed since.
        boolean isNew = request.idempotencyKey == null || jobs.job(id(request, "")).isEmpty();
        Job job =
                job(
                        Ids.next(),
                        Status.VALIDATING,
                        new Job.Input(
                                0,
                                0,
                                request.digest,
                                source,
                                null,
                                isNew ? tag(source, request) : null),
                        request);
        return create(job, request, List.of(new Task.Split(job.id())));
    }

    /// The tag of the file that is read later, which changes with its content.
    private @Nullable String tag(@Nullable String source, Request request) {
        if (source != null) {
            return probe(source);
        }
        return request.openAi == null
                ? null
                : payloads.tag(Files.key(request.openAi.file())).orElse(null);
    }

    private String probe(String source) {
        try {
            return payloads.probe(source);
        } catch (UnreadableSource unreadable) {
            throw InvalidRequest.of("input", "unreadable_input", unreadable.text());
        }
    }

    /// Makes a new job of the items that have no result in one that has ended; a worker takes them
    /// in. What is finished of a pipeline is finished in the new job too. Repeating it gives the
    /// same job, unless another idempotency key says that it is another.
    ///
    /// @throws InvalidRequest when all have a result
    public Submitted retry(Job job, @Nullable String idempotencyKey) {
        Job.Totals totals = job.totals();
        if (totals == null || totals.counts().ended() == totals.counts().completed()) {
            throw InvalidRequest.of(
                    null, "empty_batch", "The batch has no items without a result to retry.");
        }
        // No header has a line end, so that no caller's key is the same.
        String what = "retry\n" + job.id() + "\n" + job.version();
        Request request =
                new Request(
                        JobOptions.of(job, payloads).json(),
                        idempotencyKey == null ? what : idempotencyKey,
                        Sha256.id(what),
                        job.id(),
                        job.owner());
        Job again =
                job(
                        Ids.next(),
                        Status.VALIDATING,
                        new Job.Input(0, 0, request.digest, null, job.id()),
                        request);
        return create(again, request, List.of(new Task.Split(again.id())));
    }

    /// @param first the tasks that a new job begins with
    private Submitted create(Job job, Request request, List<Task> first) {
        Optional<Job> known = Optional.empty();
        while (known.isEmpty()) {
            if (jobs.create(job)) {
                messages.announce(job, first);
                return new Submitted.Accepted(job);
            }
            known = jobs.job(job.id());
            // The key was last used by a job that nobody can read any more and that is still
            // stored.
            if (known.isEmpty() && !outlived.forget()) {
                throw new StoreException("Job " + job.id() + " is being forgotten; try again");
            }
        }
        boolean isOurs = known.get().area().equals(job.area());
        if (!isOurs) {
            JobOptions.forget(job, payloads);
        }
        if (!isOurs && !Objects.equals(known.get().input().digest(), request.digest)) {
            return new Submitted.Conflict();
        }
        if (known.get().runs(clock.now())) {
            // The first submission may have died before it queued anything.
            messages.announce(known.get(), messages.pending(known.get()));
        }
        // Ours was created, and has changed before the answer came, which got lost on its way.
        return isOurs ? new Submitted.Accepted(known.get()) : new Submitted.Known(known.get());
    }

    private Job job(String area, Status status, Job.Input input, Request request) {
        Instant now = clock.now();
        Instant expiresAt = now.plus(request.expiry == null ? config.expiry() : request.expiry);
        return new Job(
                id(request, area),
                area,
                0,
                status,
                null,
                null,
                now,
                status == Status.IN_PROGRESS ? now : null,
                null,
                expiresAt,
                expiresAt.plus(config.retention()),
                input,
                JobOptions.keep(withPipeline(request.options), area, payloads),
                null,
                request.openAi,
                request.owner);
    }

    private static String id(Request request, String area) {
        String key = request.idempotencyKey;
        if (key == null) {
            return "batch_" + area;
        }
        // Two owners may use the same key for what they do not share.
        return "batch_" + Sha256.id(request.owner == null ? key : request.owner.id() + "\n" + key);
    }

    /// A job keeps the pipeline that it was submitted with, so that all its items go through the
    /// same stages, whatever is configured when they do.
    private ObjectNode withPipeline(ObjectNode options) {
        Pipeline pipeline = pipelines.of(options.get("pipeline"));
        return pipeline == null ? options : options.deepCopy().set("pipeline", pipeline.toJson());
    }
}
