package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The stored state of a batch. Immutable; each change gives the next version, to be stored by
/// [JobStore#replace].
///
/// @param id what callers know
/// @param area where its chunks and payloads are; differs from the id so that two submissions that
///   compete for one id, or two attempts to cut one input, never share anything
/// @param version from 0, up by one with each write
/// @param paused why nothing runs, such as `user` or `quota_exhausted`; null when it may run
/// @param reason a sentence on why it failed or is paused
/// @param expiresAt when what is unfinished expires
/// @param retainedUntil when everything is forgotten
/// @param input the items, or where they are read from
/// @param options the caller's options for all items, as JSON
/// @param totals what came of it, once it is terminal
/// @param openAi what it has besides when it was made by OpenAI's batch API
/// @param owner the key that it was made with; null where callers need none
public record Job(
        String id,
        String area,
        long version,
        Status status,
        @Nullable String paused,
        @Nullable String reason,
        Instant createdAt,
        @Nullable Instant startedAt,
        @Nullable Instant finishedAt,
        Instant expiresAt,
        Instant retainedUntil,
        Input input,
        String options,
        @Nullable Totals totals,
        @Nullable OpenAi openAi,
        @Nullable Owner owner) {

    /// Where a job stands; the names are OpenAI's (API reference, "The batch object").
    public enum Status {
        VALIDATING,
        IN_PROGRESS,
        FINALIZING,
        COMPLETED,
        FAILED,
        EXPIRED,
        CANCELLING,
        CANCELLED;

        public boolean isTerminal() {
            return switch (this) {
                case COMPLETED, FAILED, EXPIRED, CANCELLED -> true;
                case VALIDATING, IN_PROGRESS, FINALIZING, CANCELLING -> false;
            };
        }

        /// The name in answers.
        public String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// The items of a job, or where they are read from.
    ///
    /// @param itemCount 0 while it is not known
    /// @param chunkCount 0 while it is not known
    /// @param digest of the request, for the next one with the same idempotency key
    /// @param source the caller's own file, which is read after the job was made
    /// @param retryOf the job whose failed items these are
    /// @param sourceTag the tag, when the job was made, of the file that is read afterwards
    public record Input(
            long itemCount,
            int chunkCount,
            @Nullable String digest,
            @Nullable String source,
            @Nullable String retryOf,
            @Nullable String sourceTag) {

        /// An input without a tag: no file is read later, or it has none.
        public Input(
                long itemCount,
                int chunkCount,
                @Nullable String digest,
                @Nullable String source,
                @Nullable String retryOf) {
            this(itemCount, chunkCount, digest, source, retryOf, null);
        }
    }

    /// What came of a job.
    ///
    /// @param outputBytes of `output.jsonl`
    /// @param errorBytes of `errors.jsonl`
    public record Totals(Counts counts, Tokens tokens, long outputBytes, long errorBytes) {}

    /// What only a job has that was made by OpenAI's batch API.
    ///
    /// @param file id of the file whose lines are its items
    /// @param window in which it is to end, as the caller wrote it
    /// @param metadata the caller's own, as JSON
    /// @param outputLife how long its output files are kept; null for as long as by default
    /// @param model the one that all its items name; null while that is not known, or they differ
    /// @param errors what is wrong with its file, as JSON: OpenAI's list
    public record OpenAi(
            String file,
            String window,
            @Nullable String metadata,
            @Nullable Duration outputLife,
            @Nullable String model,
            @Nullable String errors,
            @Nullable Instant finalizingAt,
            @Nullable Instant cancellingAt) {

        /// The same with what was found in the file.
        public OpenAi read(@Nullable String itsModel, @Nullable String itsErrors) {
            return with(itsModel, itsErrors, finalizingAt, cancellingAt);
        }

        private OpenAi with(
                @Nullable String itsModel,
                @Nullable String itsErrors,
                @Nullable Instant finalizing,
                @Nullable Instant cancelling) {
            return new OpenAi(
                    file,
                    window,
                    metadata,
                    outputLife,
                    itsModel,
                    itsErrors,
                    finalizing,
                    cancelling);
        }
    }

    /// Whether workers may start calls of the job.
    public boolean runs(Instant now) {
        return status == Status.IN_PROGRESS && paused == null && now.isBefore(expiresAt);
    }

    /// The key of one of its files.
    public String file(String name) {
        return prefix() + name;
    }

    /// What the keys of all its files start with.
    public String prefix() {
        return "jobs/" + area + "/";
    }

    /// The next version in another status.
    public Job in(Status next) {
        return next(change -> change.status = next);
    }

    /// This version in another status, for a change of the status and more.
    public Job inSameVersion(Status other) {
        return changed(change -> change.status = other);
    }

    /// This version, with the time at which it came to its status. That is kept only for OpenAI's
    /// batch API.
    public Job since(Instant now) {
        OpenAi its = openAi;
        if (its == null) {
            return this;
        }
        return switch (status) {
            case FINALIZING -> with(its.with(its.model, its.errors, now, its.cancellingAt));
            case CANCELLING -> with(its.with(its.model, its.errors, its.finalizingAt, now));
            default -> this;
        };
    }

    /// This version with what it has for OpenAI's batch API.
    public Job with(@Nullable OpenAi other) {
        return changed(change -> change.openAi = other);
    }

    /// The next version, begun.
    ///
    /// @param itsArea where the attempt that has cut the input has put chunks and payloads
    public Job started(Instant now, String itsArea, long itemCount, int chunkCount) {
        return next(change -> {
            change.area = itsArea;
            change.status = Status.IN_PROGRESS;
            change.startedAt = now;
            change.input =
                    new Input(
                            itemCount,
                            chunkCount,
                            input.digest,
                            input.source,
                            input.retryOf,
                            input.sourceTag);
        });
    }

    /// The next version, ended.
    public Job ended(Status how, Instant now, @Nullable String why, @Nullable Totals sums) {
        return next(change -> {
            change.status = how;
            change.paused = null;
            change.reason = why;
            change.finishedAt = now;
            change.totals = sums;
        });
    }

    /// The next version, paused for a reason, or going on when it is null.
    public Job paused(@Nullable String why, @Nullable String sentence) {
        return next(change -> {
            change.paused = why;
            change.reason = sentence;
        });
    }

    /// The next version, going on after a pause with other options.
    public Job resumed(String newOptions) {
        return paused(null, null).changed(change -> change.options = newOptions);
    }

    private Job next(Consumer<Change> changes) {
        return changed(changes.andThen(change -> change.version++));
    }

    private Job changed(Consumer<Change> changes) {
        Change change = new Change();
        changes.accept(change);
        return change.job();
    }

    /// The fields that may differ in the next version.
    private final class Change {
        private String area = Job.this.area;
        private long version = Job.this.version;
        private Status status = Job.this.status;
        private @Nullable String paused = Job.this.paused;
        private @Nullable String reason = Job.this.reason;
        private @Nullable Instant startedAt = Job.this.startedAt;
        private @Nullable Instant finishedAt = Job.this.finishedAt;
        private Input input = Job.this.input;
        private String options = Job.this.options;
        private @Nullable Totals totals = Job.this.totals;
        private @Nullable OpenAi openAi = Job.this.openAi;

        private Job job() {
            return new Job(
                    id,
                    area,
                    version,
                    status,
                    paused,
                    reason,
                    createdAt,
                    startedAt,
                    finishedAt,
                    expiresAt,
                    retainedUntil,
                    input,
                    options,
                    totals,
                    openAi,
                    owner);
        }
    }

    /// How it is stored.
    public String toJson() {
        ObjectNode json =
                StoredJson.MAPPER
                        .createObjectNode()
                        .put("id", id)
                        .put("area", area)
                        .put("version", version)
                        .put("status", status.name());
        StoredJson.put(json, "paused", paused);
        StoredJson.put(json, "reason", reason);
        StoredJson.put(json, "created_at", createdAt);
        StoredJson.put(json, "started_at", startedAt);
        StoredJson.put(json, "finished_at", finishedAt);
        StoredJson.put(json, "expires_at", expiresAt);
        StoredJson.put(json, "retained_until", retainedUntil);
        json.put("items", input.itemCount).put("chunks", input.chunkCount);
        StoredJson.put(json, "digest", input.digest);
        StoredJson.put(json, "source", input.source);
        StoredJson.put(json, "retry_of", input.retryOf);
        StoredJson.put(json, "source_tag", input.sourceTag);
        json.put("options", options);
        if (openAi != null) {
            JobParts.put(openAi, json.putObject("openai"));
        }
        if (owner != null) {
            json.set("owner", owner.toJson());
        }
        if (totals != null) {
            JobParts.put(totals, json.putObject("totals"));
        }
        return json.toString();
    }

    /// Reads what [#toJson] wrote.
    public static Job fromJson(String stored) {
        JsonNode json = StoredJson.parse(stored);
        return new Job(
                json.path("id").textValue(),
                json.path("area").textValue(),
                json.path("version").asLong(),
                Status.valueOf(json.path("status").textValue()),
                StoredJson.text(json, "paused"),
                StoredJson.text(json, "reason"),
                StoredJson.requiredInstant(json, "created_at"),
                StoredJson.instant(json, "started_at"),
                StoredJson.instant(json, "finished_at"),
                StoredJson.requiredInstant(json, "expires_at"),
                StoredJson.requiredInstant(json, "retained_until"),
                new Input(
                        json.path("items").asLong(),
                        json.path("chunks").asInt(),
                        StoredJson.text(json, "digest"),
                        StoredJson.text(json, "source"),
                        StoredJson.text(json, "retry_of"),
                        StoredJson.text(json, "source_tag")),
                json.path("options").textValue(),
                json.has("totals") ? JobParts.totals(json.path("totals")) : null,
                json.has("openai") ? JobParts.openAi(json.path("openai")) : null,
                Owner.of(json.path("owner")));
    }
}
