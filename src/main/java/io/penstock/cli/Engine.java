package io.penstock.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.batch.Batches;
import io.penstock.batch.Intake;
import io.penstock.batch.ItemReader;
import io.penstock.batch.Submissions;
import io.penstock.batch.Submissions.Request;
import io.penstock.batch.Submissions.Submitted;
import io.penstock.flow.Admission;
import io.penstock.json.InvalidRequest;
import io.penstock.lambda.Loops;
import io.penstock.llm.LlmConfig;
import io.penstock.store.Job;
import io.penstock.store.StoreException;
import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Does `penstock run`: finds what was done before, or makes the job, and sees it through. The data
/// directory is this process's alone.
@Singleton
final class Engine {

    private final Submissions submissions;
    private final Batches batches;
    private final ItemReader items;
    private final Admission admission;
    private final Loops loops;
    private final LlmConfig llm;

    Engine(
            Submissions submissions,
            Batches batches,
            ItemReader items,
            Admission admission,
            Loops loops,
            LlmConfig llm) {
        this.submissions = submissions;
        this.batches = batches;
        this.items = items;
        this.admission = admission;
        this.loops = loops;
        this.llm = llm;
    }

    /// @return the exit code
    /// @throws CannotBegin when nothing was begun
    int run(RunCommand command) {
        try (ResultsFile file =
                command.isStandardOutput()
                        ? ResultsFile.standard()
                        : ResultsFile.open(command.outputPath())) {
            return run(command, file);
        } catch (IOException failed) {
            throw new CannotBegin("A file cannot be read or written: " + failed);
        } catch (InvalidRequest refused) {
            throw new CannotBegin(refused.text());
        } catch (ConfigurationException | StoreException refused) {
            throw new CannotBegin(String.valueOf(refused.getMessage()));
        }
    }

    private int run(RunCommand command, ResultsFile file) throws IOException {
        Signals signals = Signals.listen();
        LastWarning warning = LastWarning.listen();
        ObjectNode options = command.options();
        items.check(options);
        Input input = Input.of(command);
        String digest = input.digest();
        Path directory = command.directory();
        RunRecord known = known(command, digest, file).orElse(null);
        RunRecord record = known == null ? begun(command, digest) : known;
        record.keep(directory);
        Job job = record.job() == null ? null : batches.find(record.job()).orElse(null);
        if (job == null) {
            job = submit(input, options, record);
            record = record.of(job.id());
            record.keep(directory);
        } else if (job.paused() != null) {
            job = batches.resume(job.id(), command.maxCost).orElse(job);
        }
        batches.takeOver(job);
        String model = command.model == null ? llm.model() : command.model;
        Standing standing = new Standing(admission, model, warning);
        Display display = Display.of(command, Terminal.here(), System.err);
        loops.begin();
        return new BatchRun(
                        job, batches, admission, standing, display, signals, file, record,
                        directory)
                .run();
    }

    private Job submit(Input input, ObjectNode options, RunRecord record) throws IOException {
        try (Intake intake = submissions.intake()) {
            input.takeIn(items, options, intake);
            Submitted submitted =
                    submissions.submit(
                            intake, new Request(options, record.key(), record.digest(), null));
            return switch (submitted) {
                case Submitted.Accepted(Job job) -> job;
                case Submitted.Known(Job job) -> job;
                case Submitted.Conflict _ ->
                        throw new IllegalStateException("A key of our own is another's");
            };
        }
    }

    /// The run that this one goes on with.
    private Optional<RunRecord> known(RunCommand command, String digest, ResultsFile file)
            throws IOException {
        Path directory = command.directory();
        Optional<RunRecord> kept = RunRecord.read(directory);
        if (command.anew) {
            kept.map(RunRecord::job)
                    .flatMap(batches::find)
                    .ifPresent(job -> batches.cancel(job.id()));
            file.goOnAt(0);
            return Optional.empty();
        }
        if (kept.isEmpty()) {
            if (file.size() > 0) {
                throw new CannotBegin(
                        command.output
                                + " is there already, and nothing is known of a run that wrote it; name"
                                + " another file, or say --new to write over it.");
            }
            return kept;
        }
        RunRecord record = kept.get();
        if (!record.digest().equals(digest)) {
            throw new CannotBegin(
                    command.input
                            + " is not what it was when this run began"
                            + standing(record)
                            + "; put it back to go on, say --new to begin anew, or name another"
                            + " output.");
        }
        if (!record.identity().equals(command.identity().toString())) {
            throw new CannotBegin(
                    "The run that writes "
                            + command.output
                            + " was begun with other options, "
                            + record.identity()
                            + standing(record)
                            + "; say the same to go on, --new to begin anew, or name another output.");
        }
        if (record.output() != null && !record.output().equals(output(command))) {
            throw new CannotBegin(
                    directory
                            + " belongs to the run that writes "
                            + record.output()
                            + "; name another directory with --data.");
        }
        if (record.order() != command.order
                || record.output() == null
                || record.written() > file.size()) {
            record =
                    new RunRecord(
                            record.key(),
                            record.digest(),
                            record.identity(),
                            record.job(),
                            output(command),
                            command.order,
                            0,
                            null);
        }
        return Optional.of(record);
    }

    private String standing(RunRecord record) {
        return Optional.ofNullable(record.job())
                .flatMap(batches::find)
                .map(job ->
                        " ("
                                + Display.count(batches.progress(job).counts().ended())
                                + " of "
                                + Display.count(job.input().itemCount())
                                + " done)")
                .orElse("");
    }

    private static RunRecord begun(RunCommand command, String digest) {
        return new RunRecord(
                "penstock run " + UUID.randomUUID(),
                digest,
                command.identity().toString(),
                null,
                output(command),
                command.order,
                0,
                null);
    }

    private static @Nullable String output(RunCommand command) {
        return command.isStandardOutput() ? null : command.outputPath().toString();
    }
}
