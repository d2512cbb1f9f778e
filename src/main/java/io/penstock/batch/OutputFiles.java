package io.penstock.batch;

import io.penstock.store.Chunk;
import io.penstock.store.Job;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import io.penstock.store.StoredFile;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The two files in which OpenAI's batch API gives results: one of what has an answer, one of all
/// else; neither is there when it would be empty. Writing them twice comes to the same.
/// Thread-safe.
@ApplicationScoped
public class OutputFiles {

    private final Payloads payloads;
    private final Files files;

    OutputFiles(Payloads payloads, Files files) {
        this.payloads = payloads;
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

    /// Writes the files of a job whose items all have an outcome.
    void write(Job job, Job.OpenAi asked, List<Chunk> chunks, Job.Totals totals, Instant now) {
        Duration outputLife = asked.outputLife();
        Instant until = now.plus(outputLife == null ? Files.LIFE : outputLife);
        try (Target output = new Target(id(job, "o"));
                Target errors = new Target(id(job, "e"))) {
            for (Chunk chunk : chunks) {
                for (byte[] line : Segments.byItem(payloads, chunk)) {
                    if (line == null) {
                        throw new IllegalStateException(
                                "Job "
                                        + job.id()
                                        + ": chunk "
                                        + chunk.index()
                                        + " lacks an outcome");
                    }
                    (ResultLine.isError(line) ? errors : output)
                            .write(OpenAiLine.of(line, job.area()));
                }
            }
            output.publish(job.id() + "_output.jsonl", now, until);
            errors.publish(job.id() + "_error.jsonl", now, until);
        } catch (IOException e) {
            throw new StoreException("The files of job " + job.id() + " cannot be written", e);
        }
    }

    /// A file that is begun with its first line.
    private final class Target implements AutoCloseable {

        private final String id;
        private Payloads.@Nullable Draft draft;
        private long bytes;

        Target(String id) {
            this.id = id;
        }

        void write(byte[] line) throws IOException {
            if (draft == null) {
                draft = files.create(id);
            }
            draft.write(line);
            draft.write('\n');
            bytes += line.length + 1L;
        }

        void publish(String name, Instant now, Instant until) {
            if (draft != null) {
                files.publish(new StoredFile(id, name, "batch_output", bytes, now, until), draft);
            }
        }

        @Override
        public void close() {
            if (draft != null) {
                draft.close();
            }
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
