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
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Reads the items of a job that was made before they were known, from a file or from the job that
/// it retries, cuts them into chunks and lets the job begin; what cannot be used fails the job.
/// Thread-safe.
@ApplicationScoped
class Splitting {

    private static final Logger LOG = Logger.getLogger(Splitting.class);

    /// Workers in a row that may lack the time to read the items: more than a deployment replaces,
    /// and few enough that one job does not keep a function busy for long.
    private static final int ATTEMPTS_MAX = 10;

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

    /// @param attempt how many workers had no time for it before
    /// @param shift when to leave it to another, who begins again
    void split(Job job, int attempt, Supplier<Shift> shift) {
        boolean isUnread = job.input().chunkCount() == 0;
        if (job.status() == Status.CANCELLING && isUnread) {
            end(job, Status.CANCELLED, null);
        } else if (job.status() == Status.VALIDATING) {
            if (!clock.now().isBefore(job.expiresAt())) {
                end(job, Status.EXPIRED, "The batch expired before its items were read.");
            } else {
                read(job, attempt, shift);
            }
        }
    }

    private void read(Job job, int attempt, Supplier<Shift> shift) {
        // In an area of its own: another delivery may be at the same, and what it has is its own.
        Intake intake = new Intake(Ids.next(), config, payloads);
        intake.keep();
        boolean isOfUse = true;
        try {
            isOfUse = read(job, intake, shift);
        } catch (InvalidRequest unusable) {
            isOfUse = false;
            end(job, Status.FAILED, unusable.text());
        } catch (UnreadableSource gone) {
            isOfUse = false;
            end(job, Status.FAILED, gone.text());
        } catch (Patience.RanOut outOfTime) {
            isOfUse = false;
            again(job, attempt + 1);
        } catch (IOException broken) {
            throw new StoreException("The input of job " + job.id() + " breaks off", broken);
        } finally {
            intake.close();
            // When the store has failed, the job may have begun with it.
            if (!isOfUse) {
                payloads.discard("jobs/" + intake.area() + "/");
            }
        }
    }

    private void again(Job job, int attempt) {
        if (attempt < ATTEMPTS_MAX) {
            LOG.warnf("The items of job %s were not read in one worker's time", job.id());
            messages.send(new Task.Split(job.id(), attempt), Duration.ZERO);
        } else {
            end(
                    job,
                    Status.FAILED,
                    "Its items were not read within one worker's time, in "
                            + attempt
                            + " attempts; submit them in parts.");
        }
    }

    /// @return whether the job has begun with what was taken in
    private boolean read(Job job, Intake intake, Supplier<Shift> shift) throws IOException {
        String source = job.input().source();
        String retried = job.input().retryOf();
        if (job.openAi() != null) {
            return given(job, job.openAi(), intake, shift);
        } else if (source != null) {
            try (InputStream in =
                    patient(payloads.foreign(source, job.input().sourceTag()), shift)) {
                items.readLines(in, JobOptions.of(job, payloads).json(), intake);
            }
        } else if (retried != null) {
            Job ended =
                    jobs.job(retried)
                            .orElseThrow(() ->
                                    new UnreadableSource(
                                            "The batch "
                                                    + retried
                                                    + " was deleted before its items were read."));
            new FailedItems(payloads, items, ended, JobOptions.of(job, payloads).json())
                    .takeIn(jobs.chunks(ended.area()), intake, in -> patient(in, shift));
        }
        return begin(job, intake);
    }

    private InputStream patient(InputStream in, Supplier<Shift> shift) {
        return new Patience(in, () -> shift.get().startsMore());
    }

    /// The file that OpenAI's API was given.
    private boolean given(Job job, Job.OpenAi asked, Intake intake, Supplier<Shift> shift)
            throws IOException {
        Optional<StoredFile> file = files.find(asked.file()).filter(StoredFile::isComplete);
        if (file.isEmpty()) {
            fail(
                    job,
                    asked,
                    FileLines.wrong(
                            "file_not_found",
                            "The input file was deleted or has expired before it was read."));
            return false;
        }
        try (InputStream in = patient(files.read(file.get(), job.input().sourceTag()), shift)) {
            FileLines lines = FileLines.read(in, items, intake);
            if (lines.errors() != null) {
                fail(job, asked, lines);
            } else if (intake.items() == 0) {
                fail(job, asked, FileLines.wrong("empty_file", "The input file has no lines."));
            } else {
                return begin(job.with(asked.read(lines.model(), null)), intake);
            }
        } catch (UnreadableSource changed) {
            fail(job, asked, FileLines.wrong("file_changed", changed.text()));
        }
        return false;
    }

    /// The job's one write decides which of several attempts it begins with.
    private boolean begin(Job job, Intake intake) {
        List<Chunk> chunks = intake.finish();
        Intake.store(chunks, jobs);
        JobOptions.follow(job, intake.area(), payloads);
        Job started = job.started(clock.now(), intake.area(), intake.items(), chunks.size());
        if (jobs.replace(started)) {
            messages.announce(started, Task.chunks(started));
            if (!job.area().equals(started.area())) {
                JobOptions.forget(job, payloads);
            }
            return true;
        }
        jobs.deleteChunks(intake.area());
        return false;
    }

    private void fail(Job job, Job.OpenAi asked, FileLines lines) {
        end(job.with(asked.read(null, lines.errors())), Status.FAILED, lines.first());
    }

    private void end(Job job, Status how, @Nullable String why) {
        Job.Totals nothing = new Job.Totals(Counts.NONE, Tokens.NONE, 0, 0);
        jobs.replace(job.ended(how, clock.now(), why, nothing));
    }
}
