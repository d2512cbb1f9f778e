package io.penstock.batch;

import io.penstock.store.Job;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// The two files in which OpenAI's batch API gives results: one of what has an answer, one of all
/// else; neither is there when it would be empty. Publishing them twice changes nothing.
/// Thread-safe.
@ApplicationScoped
public class OutputFiles {

    private final Files files;

    OutputFiles(Files files) {
        this.files = files;
    }

    /// The id of the file of answers; null before the job has ended, or when there are none.
    public static @Nullable String answers(Job job) {
        Job.Totals totals = job.totals();
        return totals == null || totals.counts().completed() == 0 ? null : id(job, "o");
    }

    /// The id of the file of all else; null before the job has ended, or when there is nothing.
    public static @Nullable String errors(Job job) {
        Job.Totals totals = job.totals();
        return totals == null || totals.counts().ended() == totals.counts().completed()
                ? null
                : id(job, "e");
    }

    private static String id(Job job, String which) {
        return "file-" + job.area() + which;
    }

    /// The key of the file of answers.
    static String answersKey(Job job) {
        return Files.key(id(job, "o"));
    }

    /// The key of the file of all else.
    static String othersKey(Job job) {
        return Files.key(id(job, "e"));
    }

    /// Makes the files of a job known, whose contents are there.
    void publish(Job job, Job.OpenAi asked, Job.Totals totals, Instant now) {
        Duration outputLife = asked.outputLife();
        Instant until = now.plus(outputLife == null ? Files.LIFE : outputLife);
        if (totals.counts().completed() > 0) {
            files.publish(id(job, "o"), job.id() + "_output.jsonl", now, until, job.owner());
        }
        if (totals.counts().ended() > totals.counts().completed()) {
            files.publish(id(job, "e"), job.id() + "_error.jsonl", now, until, job.owner());
        }
    }

    /// Takes back files that were published too late: they are past their end at once.
    void retract(Job job) {
        if (job.openAi() != null) {
            files.retract(id(job, "o"));
            files.retract(id(job, "e"));
        }
    }

    /// Forgets the files of a job.
    void forget(Job job) {
        if (job.openAi() != null) {
            files.forget(id(job, "o"));
            files.forget(id(job, "e"));
        }
    }
}
