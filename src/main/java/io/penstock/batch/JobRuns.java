package io.penstock.batch;

import io.penstock.flow.FlowConfig;
import io.penstock.store.Job;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The jobs that have chunks at work in this process. Thread-safe.
@ApplicationScoped
class JobRuns {

    /// Twice as many as may run at once, so that items that back off keep none from running. What a
    /// key or a job may cost is passed by what these come to at most.
    private final int places;

    private final MillisClock clock;
    private final Map<String, Counted> running = new ConcurrentHashMap<>();

    private record Counted(JobRun run, int chunks) {}

    JobRuns(FlowConfig flow, MillisClock clock) {
        this.places = 2 * flow.checked().batchConcurrency();
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
