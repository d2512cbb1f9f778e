package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The stored state of a batch. Immutable; each change gives the next version, to be stored by
/// [JobStore#replace].
///
/// @param id what callers know
/// @param area where its chunks and payloads are; differs from the id so that two submissions that
///   compete for one id never share anything
/// @param version from 0, up by one with each write
/// @param paused why nothing runs, such as `user` or `quota_exhausted`; null when it may run
/// @param reason a sentence on why it failed or is paused
/// @param expiresAt when what is unfinished expires
/// @param retainedUntil when everything is forgotten
/// @param input what is to be done
/// @param options the caller's options for all items, as JSON
/// @param totals what came of it, once it is terminal
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
        @Nullable Totals totals) {

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

    /// What is to be done.
    ///
    /// @param itemCount 0 while it is not known
    /// @param chunkCount 0 while it is not known
    /// @param digest of the request, for the next one with the same idempotency key
    /// @param source the caller's own file, which is read after the job was made
    /// @param retryOf the job whose failed items these are
    public record Input(
            long itemCount,
            int chunkCount,
            @Nullable String digest,
            @Nullable String source,
            @Nullable String retryOf) {}

    /// What came of a job.
    ///
    /// @param outputBytes of `output.jsonl`
    /// @param errorBytes of `errors.jsonl`
    public record Totals(Counts counts, Tokens tokens, long outputBytes, long errorBytes) {}

    /// Whether its workers may start calls.
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
        return new Job(
                id,
                area,
                version + 1,
                next,
                paused,
                reason,
                createdAt,
                startedAt,
                finishedAt,
                expiresAt,
                retainedUntil,
                input,
                options,
                totals);
    }

    /// This version in another status, for a change of more than that.
    public Job inSameVersion(Status other) {
        return new Job(
                id,
                area,
                version,
                other,
                paused,
                reason,
                createdAt,
                startedAt,
                finishedAt,
                expiresAt,
                retainedUntil,
                input,
                options,
                totals);
    }

    /// This version under another id.
    public Job withId(String other) {
        return new Job(
                other,
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
                totals);
    }

    /// The next version, begun.
    public Job started(Instant now, long itemCount, int chunkCount) {
        return new Job(
                id,
                area,
                version + 1,
                Status.IN_PROGRESS,
                paused,
                reason,
                createdAt,
                now,
                finishedAt,
                expiresAt,
                retainedUntil,
                new Input(itemCount, chunkCount, input.digest, input.source, input.retryOf),
                options,
                totals);
    }

    /// The next version, ended.
    public Job ended(Status how, Instant now, @Nullable String why, @Nullable Totals sums) {
        return new Job(
                id,
                area,
                version + 1,
                how,
                null,
                why,
                createdAt,
                startedAt,
                now,
                expiresAt,
                retainedUntil,
                input,
                options,
                sums);
    }

    /// The next version, paused for a reason, or going on when it is null.
    public Job paused(@Nullable String why, @Nullable String sentence) {
        return new Job(
                id,
                area,
                version + 1,
                status,
                why,
                sentence,
                createdAt,
                startedAt,
                finishedAt,
                expiresAt,
                retainedUntil,
                input,
                options,
                totals);
    }

    /// The next version, going on after a pause with other options.
    public Job resumed(String newOptions) {
        return new Job(
                id,
                area,
                version + 1,
                status,
                null,
                null,
                createdAt,
                startedAt,
                finishedAt,
                expiresAt,
                retainedUntil,
                input,
                newOptions,
                totals);
    }

    /// How it is stored.
    public String toJson() {
        ObjectNode json =
                Json.MAPPER
                        .createObjectNode()
                        .put("id", id)
                        .put("area", area)
                        .put("version", version)
                        .put("status", status.name());
        Json.put(json, "paused", paused);
        Json.put(json, "reason", reason);
        Json.put(json, "created_at", createdAt);
        Json.put(json, "started_at", startedAt);
        Json.put(json, "finished_at", finishedAt);
        Json.put(json, "expires_at", expiresAt);
        Json.put(json, "retained_until", retainedUntil);
        json.put("items", input.itemCount).put("chunks", input.chunkCount);
        Json.put(json, "digest", input.digest);
        Json.put(json, "source", input.source);
        Json.put(json, "retry_of", input.retryOf);
        json.put("options", options);
        if (totals != null) {
            json.putArray("totals")
                    .add(totals.counts.completed())
                    .add(totals.counts.failed())
                    .add(totals.counts.expired())
                    .add(totals.counts.cancelled())
                    .add(totals.tokens.prompt())
                    .add(totals.tokens.completion())
                    .add(totals.outputBytes)
                    .add(totals.errorBytes)
                    .add(totals.tokens.costNanos());
        }
        return json.toString();
    }

    /// Reads what [#toJson] wrote.
    public static Job fromJson(String stored) {
        JsonNode json = Json.parse(stored);
        JsonNode sums = json.path("totals");
        return new Job(
                json.path("id").textValue(),
                json.path("area").textValue(),
                json.path("version").asLong(),
                Status.valueOf(json.path("status").textValue()),
                Json.text(json, "paused"),
                Json.text(json, "reason"),
                required(json, "created_at"),
                Json.instant(json, "started_at"),
                Json.instant(json, "finished_at"),
                required(json, "expires_at"),
                required(json, "retained_until"),
                new Input(
                        json.path("items").asLong(),
                        json.path("chunks").asInt(),
                        Json.text(json, "digest"),
                        Json.text(json, "source"),
                        Json.text(json, "retry_of")),
                json.path("options").textValue(),
                sums.isArray()
                        ? new Totals(
                                new Counts(
                                        sums.path(0).asInt(),
                                        sums.path(1).asInt(),
                                        sums.path(2).asInt(),
                                        sums.path(3).asInt()),
                                new Tokens(
                                        sums.path(4).asLong(),
                                        sums.path(5).asLong(),
                                        sums.path(8).asLong()),
                                sums.path(6).asLong(),
                                sums.path(7).asLong())
                        : null);
    }

    private static Instant required(JsonNode json, String name) {
        return Instant.ofEpochMilli(json.path(name).longValue());
    }
}
