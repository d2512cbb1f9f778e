package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.batch.Submissions.Submitted;
import io.penstock.json.Fields;
import io.penstock.llm.Prompt;
import io.penstock.pipeline.Declared;
import io.penstock.store.Document;
import io.penstock.store.Documents;
import io.penstock.store.FileStore;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import io.penstock.store.Kind;
import io.penstock.store.Outlived;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SubmissionsTest extends StoreTest {

    /// The answer gets lost, the job changes, and the repeated request finds another version.
    @Test
    void whatWasMadeIsKeptThoughItsMakingSeemsToHaveFailed() {
        Documents lossy =
                (Documents)
                        Proxy.newProxyInstance(
                                Documents.class.getClassLoader(),
                                new Class<?>[] {Documents.class},
                                (_, method, arguments) -> {
                                    Object answer = method.invoke(store.documents(), arguments);
                                    if (method.getName().equals("write")
                                            && arguments[0] instanceof Document written
                                            && written.key().kind() == Kind.JOB
                                            && written.version() == 1) {
                                        Job made = Job.fromJson(written.text());
                                        assertThat(store.jobs.replace(made.paused("user", "Why.")))
                                                .isTrue();
                                        return false;
                                    }
                                    return answer;
                                });

        Submitted submitted = submit(submissions(new JobStore(lossy, Duration.ofDays(30))), "a");

        assertThat(submitted).isInstanceOf(Submitted.Accepted.class);
        Job job = ((Submitted.Accepted) submitted).job();
        assertThat(store.stored(job).paused()).isEqualTo("user");
        assertThat(store.jobs.chunks(job.area())).hasSize(1);
        assertThat(store.lines(job.file("input.jsonl"))).hasSize(1);
    }

    @Test
    void aKeyIsFreeOnceItsJobsRetentionIsOver() {
        Submissions submissions = submissions(store.jobs);
        Job first = ((Submitted.Accepted) submit(submissions, "a")).job();
        assertThat(submit(submissions, "a")).isInstanceOf(Submitted.Known.class);
        store.pass(Duration.ofDays(32));

        Submitted next = submit(submissions, "b");

        assertThat(next).isInstanceOf(Submitted.Accepted.class);
        assertThat(store.payloads.size(first.file("input.jsonl"))).isEmpty();
        assertThat(((Submitted.Accepted) next).job().id()).isEqualTo(first.id());
    }

    private Submissions submissions(JobStore jobs) {
        return new Submissions(
                jobs,
                store.payloads,
                store.messages,
                store.config,
                store.reader,
                Declared.of(Map.of()),
                new Outlived(
                        store.documents(),
                        store.jobs,
                        new FileStore(store.documents()),
                        store.payloads),
                store.clock);
    }

    private Submitted submit(Submissions submissions, String prompt) {
        try (Intake intake = submissions.intake()) {
            intake.add(
                    new Item(null, Prompt.of(prompt), null),
                    ("{\"prompt\":\"" + prompt + "\"}").getBytes(StandardCharsets.UTF_8));
            return submissions.submit(
                    intake,
                    new Submissions.Request(
                            Fields.JSON.createObjectNode(), "key", "digest", null, null));
        }
    }
}
