package io.penstock.batch;

import io.penstock.flow.FlowConfig;
import io.penstock.store.Job;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The jobs that have chunks at work in this process. Thread-safe.
@ApplicationScoped
class JobRuns {

    /// For each item that may run at once, so that those that back off keep none from running. One
    /// call in five that is refused by chance for a second, as providers tell it, is one and a half
    /// times as many that back off as run, where answers take 0.2 s.
    private static final int PLACES = 4;

    private final int places;

    private final MillisClock clock;
    private final Map<String, Counted> running = new ConcurrentHashMap<>();

    private record Counted(JobRun run, int chunks) {}

    JobRuns(FlowConfig flow, MillisClock clock) {
        this.places = PLACES * flow.checked().batchConcurrency();
        this.clock = clock;
    }

    /// Begins a chunk of a job that was just read.
    ///
    /// @return what its chunks share; [#end] gives it back
    JobRun begin(Job job) {
        JobRun run =
                running.compute(
                                job.id(),
                                (_, present) ->
                                        present == null
                                                ? new Counted(new JobRun(places), 1)
                                                : new Counted(present.run, present.chunks + 1))
                        .run;
        run.seen(job, clock.now());
        return run;
    }

    /// Ends a chunk of a job.
    void end(Job job) {
        running.computeIfPresent(
                job.id(),
                (_, present) ->
                        present.chunks == 1 ? null : new Counted(present.run, present.chunks - 1));
    }
}
