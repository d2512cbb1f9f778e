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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Does `penstock run`: finds what was done before, or makes the job, and sees it through. The data
/// directory is this process's alone.
@Singleton
final class FileRun {

    private final Submissions submissions;
    private final Batches batches;
    private final ItemReader items;
    private final Admission admission;
    private final Loops loops;
    private final LlmConfig llm;

    FileRun(
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
        PromptFile input = PromptFile.of(command);
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
        }
        Display display = Display.of(command, Terminal.here(), System.err);
        String model = command.modelOr(llm.model());
        Console console =
                new Console(
                        display,
                        new WaitReason(admission, model, warning),
                        signals,
                        command.sample);
        if (command.retryFailed && job.totals() != null) {
            if (record.written() != file.size()) {
                // It ended while its results were put into their places.
                see(job, file, record, directory, console);
                record = RunRecord.read(directory).orElse(record);
            }
            return retry(command, record, job, console);
        }
        return see(resumed(job, command), file, record, directory, console);
    }

    /// @param sample results after which to stop and ask; 0 for none
    private record Console(Display display, WaitReason standing, Signals signals, int sample) {}

    private Job resumed(Job job, RunCommand command) {
        return job.paused() == null ? job : batches.resume(job.id(), command.maxCost).orElse(job);
    }

    /// Sees a job through.
    private int see(Job job, ResultsFile file, RunRecord record, Path directory, Console console)
            throws IOException {
        batches.takeOver(job);
        loops.begin();
        return new BatchRun(
                        job,
                        batches,
                        admission,
                        console.standing,
                        console.display,
                        console.signals,
                        file,
                        record,
                        directory,
                        console.sample)
                .run();
    }

    /// Runs the prompts of a job that has ended again which have no answer, and puts their results
    /// into the places of the first ones.
    private int retry(RunCommand command, RunRecord record, Job ended, Console console)
            throws IOException {
        if (record.output() == null || command.order != RunRecord.Order.INPUT) {
            throw new CannotBegin(
                    "--retry-failed puts results into their places: name a file with -o, in the order"
                            + " of the input.");
        }
        Job.Totals totals = ended.totals();
        if (totals == null || totals.counts().ended() == totals.counts().completed()) {
            System.err.println("Every prompt has its answer; there is nothing to run again.");
            return ExitCode.ALL;
        }
        Job again =
                switch (submissions.retry(ended, null)) {
                    case Submitted.Accepted(Job job) -> job;
                    case Submitted.Known(Job job) -> job;
                    case Submitted.Conflict _ ->
                            throw new IllegalStateException("A key of our own is another's");
                };
        Path directory = Files.createDirectories(command.directory().resolve("retry"));
        Path lines = directory.resolve(again.id() + ".jsonl");
        RunRecord its =
                RunRecord.read(directory)
                        .filter(kept -> again.id().equals(kept.job()))
                        .orElseGet(() ->
                                record.of(again.id())
                                        .unwritten(lines.toString(), RunRecord.Order.INPUT));
        int code;
        try (ResultsFile file = ResultsFile.open(lines)) {
            if (its.written() > file.size()) {
                its = its.unwritten(lines.toString(), RunRecord.Order.INPUT);
            }
            code = see(resumed(again, command), file, its, directory, console);
        }
        if (code == ExitCode.ALL || code == ExitCode.SOME_FAILED) {
            Path results = command.outputPath();
            record.unwritten(record.output(), record.order()).keep(command.directory());
            long bytes = RetriedLines.putInto(results, lines);
            String end = "i" + batches.find(again.id()).orElse(again).input().itemCount();
            record.merged(again.id(), bytes, end).keep(command.directory());
            Files.delete(lines);
            System.err.println(command.output + " has the answers in their places.");
        }
        return code;
    }

    private Job submit(PromptFile input, ObjectNode options, RunRecord record) throws IOException {
        try (Intake intake = submissions.intake()) {
            input.takeIn(items, options, intake);
            Submitted submitted =
                    submissions.submit(
                            intake,
                            new Request(options, record.key(), record.digest(), null, null));
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
        if (record.isMerged()
                && (record.written() != file.size() || record.order() != command.order)) {
            throw new CannotBegin(
                    command.output
                            + " holds prompts that were run again and is no more what was written; name"
                            + " another output, or say --new to begin anew.");
        }
        if (record.order() != command.order
                || record.output() == null
                || record.written() > file.size()) {
            record = record.unwritten(output(command), command.order);
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
                null,
                false);
    }

    private static @Nullable String output(RunCommand command) {
        return command.isStandardOutput() ? null : command.outputPath().toString();
    }
}
