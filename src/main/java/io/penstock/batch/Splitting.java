package io.penstock.batch;

import io.penstock.json.InvalidRequest;
import io.penstock.store.Chunk;
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
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Reads the file of a job that was made before its items were known, cuts it into chunks and lets
/// the job begin; a file that cannot be used fails the job. Thread-safe.
@ApplicationScoped
class Splitting {

    private final JobStore jobs;
    private final Payloads payloads;
    private final Messages messages;
    private final BatchConfig config;
    private final ItemReader items;
    private final Files files;
    private final MillisClock clock;

    Splitting(
            JobStore jobs,
            Payloads payloads,
            Messages messages,
            BatchConfig config,
            ItemReader items,
            Files files,
            MillisClock clock) {
        this.jobs = jobs;
        this.payloads = payloads;
        this.messages = messages;
        this.config = config;
        this.items = items;
        this.files = files;
        this.clock = clock;
    }

    void split(Job job) {
        if (job.status() == Status.CANCELLING && job.input().chunkCount() == 0) {
            end(job, Status.CANCELLED, null);
        } else if (job.status() == Status.VALIDATING && job.openAi() != null) {
            splitGiven(job, job.openAi());
        } else if (job.status() == Status.VALIDATING && job.input().source() != null) {
            splitOwn(job, job.input().source());
        }
    }

    /// The caller's own file.
    private void splitOwn(Job job, String source) {
        try (Intake intake = intake(job);
                InputStream in = payloads.foreign(source)) {
            items.readLines(in, JobOptions.of(job, payloads).json(), intake);
            begin(job, intake);
        } catch (InvalidRequest unusable) {
            end(job, Status.FAILED, unusable.text());
        } catch (UnreadableSource gone) {
            end(job, Status.FAILED, gone.text());
        } catch (IOException broken) {
            throw broken(job, broken);
        }
    }

    /// The file that OpenAI's API was given.
    private void splitGiven(Job job, Job.OpenAi asked) {
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
        try (Intake intake = intake(job);
                InputStream in = files.read(file.get(), 0, Long.MAX_VALUE)) {
            FileLines lines = FileLines.read(in, items, intake);
            if (lines.errors() != null) {
                fail(job, asked, lines);
            } else if (intake.items() == 0) {
                fail(job, asked, FileLines.wrong("empty_file", "The input file has no lines."));
            } else {
                begin(job.with(asked.read(lines.model(), null)), intake);
            }
        } catch (IOException broken) {
            throw broken(job, broken);
        }
    }

    /// Into the job's own area: another delivery may have begun the job with the same files
    /// already, so that they are kept in any case.
    private Intake intake(Job job) {
        Intake intake = new Intake(job.area(), config, payloads);
        intake.keep();
        return intake;
    }

    private void begin(Job job, Intake intake) {
        List<Chunk> chunks = intake.finish();
        if (jobs.job(job.id()).filter(now -> now.version() == job.version()).isEmpty()) {
            // Another delivery has begun it, or it was cancelled: chunks that may have results by
            // now are not to be made anew.
            return;
        }
        Intake.store(chunks, jobs);
        JobOptions.follow(job, intake.area(), payloads);
        Job started = job.started(clock.now(), intake.items(), chunks.size());
        if (jobs.replace(started)) {
            messages.announce(started, Task.chunks(started));
        }
    }

    private void fail(Job job, Job.OpenAi asked, FileLines lines) {
        end(job.with(asked.read(null, lines.errors())), Status.FAILED, lines.first());
    }

    private void end(Job job, Status how, @Nullable String why) {
        Job.Totals nothing = new Job.Totals(Counts.NONE, Tokens.NONE, 0, 0);
        jobs.replace(job.ended(how, clock.now(), why, nothing));
    }

    private static StoreException broken(Job job, IOException why) {
        return new StoreException("The input of job " + job.id() + " breaks off", why);
    }
}
