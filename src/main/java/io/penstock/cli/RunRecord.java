package io.penstock.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.batch.Results;
import io.penstock.json.Fields;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What the next process is to know of a run: a file in its directory. Immutable.
///
/// @param key under which the job was submitted, so that it is submitted once
/// @param digest of the input
/// @param identity the options that change what is asked, as JSON
/// @param job its id; null before it was made
/// @param output where the results go; null for standard output
/// @param written bytes of the results that are in the output
/// @param cursor where the results behind them begin; null at the first
/// @param isMerged whether results of prompts that were run again stand in the places of failed
///   ones
record RunRecord(
        String key,
        String digest,
        String identity,
        @Nullable String job,
        @Nullable String output,
        Order order,
        long written,
        @Nullable String cursor,
        boolean isMerged) {

    private static final String FILE = "run.json";

    /// In which order results are written.
    enum Order {
        INPUT,
        FINISHED;

        Results.Order ofResults() {
            return this == INPUT ? Results.Order.INPUT : Results.Order.FINISHED;
        }
    }

    RunRecord of(String itsJob) {
        return new RunRecord(
                key, digest, identity, itsJob, output, order, written, cursor, isMerged);
    }

    RunRecord upTo(long bytes, @Nullable String next) {
        return new RunRecord(key, digest, identity, job, output, order, bytes, next, isMerged);
    }

    /// What follows when the failed prompts of this run were run again as another job.
    ///
    /// @param end cursor behind all results of that job
    RunRecord merged(String itsJob, long bytes, String end) {
        return new RunRecord(key, digest, identity, itsJob, output, order, bytes, end, true);
    }

    /// The same with nothing written.
    RunRecord unwritten(@Nullable String itsOutput, Order itsOrder) {
        return new RunRecord(key, digest, identity, job, itsOutput, itsOrder, 0, null, false);
    }

    /// The one that was kept last.
    static Optional<RunRecord> read(Path directory) throws IOException {
        JsonNode json;
        try {
            json = Fields.JSON.readTree(Files.readAllBytes(directory.resolve(FILE)));
        } catch (NoSuchFileException none) {
            return Optional.empty();
        }
        return Optional.of(
                new RunRecord(
                        json.path("key").asText(),
                        json.path("digest").asText(),
                        json.path("identity").asText(),
                        json.path("job").textValue(),
                        json.path("output").textValue(),
                        Order.valueOf(json.path("order").asText()),
                        json.path("written").asLong(),
                        json.path("cursor").textValue(),
                        json.path("merged").asBoolean()));
    }

    void keep(Path directory) throws IOException {
        ObjectNode json =
                Fields.JSON
                        .createObjectNode()
                        .put("key", key)
                        .put("digest", digest)
                        .put("identity", identity)
                        .put("job", job)
                        .put("output", output)
                        .put("order", order.name())
                        .put("written", written)
                        .put("cursor", cursor)
                        .put("merged", isMerged);
        Path part = directory.resolve(FILE + ".part");
        Files.writeString(part, json.toString());
        Files.move(
                part,
                directory.resolve(FILE),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }
}
