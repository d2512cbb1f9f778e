package io.penstock.pipeline;

import io.penstock.llm.Call;
import io.penstock.llm.CallsInTurn;
import io.penstock.llm.Prompt;
import io.penstock.pipeline.StageOutcome.Finished;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// One input on its way through a pipeline, run once by [Pipelines#run]. May be read from any
/// thread.
public final class Run {

    private final Pipeline pipeline;
    private final String input;
    private final String id;
    private final @Nullable Duration limit;
    private final boolean isOfJob;
    private final CallsInTurn calls;

    private final Object lock = new Object();
    private final List<Finished> finished = new ArrayList<>();

    private Run(
            Pipeline pipeline,
            String input,
            String id,
            List<Finished> earlier,
            @Nullable Duration limit,
            Call.@Nullable JobTerms job) {
        this.pipeline = pipeline;
        this.input = input;
        this.id = id;
        this.limit = limit;
        this.isOfJob = job != null;
        // The last stage is never taken from an earlier run: with it there is nothing left to run.
        for (int i = 0; i < pipeline.stages().size() - 1 && i < earlier.size(); i++) {
            if (!earlier.get(i).name().equals(pipeline.stages().get(i).name())) {
                break;
            }
            finished.add(earlier.get(i));
        }
        this.calls =
                new CallsInTurn(limit, job, finished.stream().mapToInt(Finished::attempts).sum());
    }

    /// A run whose end somebody waits for.
    ///
    /// @param limit for all stages together, or null for the configured one
    public static Run of(Pipeline pipeline, String input, @Nullable Duration limit) {
        return new Run(pipeline, input, "pipeline_" + UUID.randomUUID(), List.of(), limit, null);
    }

    /// A run of a batch's item.
    ///
    /// @param id the same each time the item is run
    /// @param earlier stages that were finished before, from the first
    /// @param limit for the attempts of all stages and the pauses between them
    public static Run of(
            Pipeline pipeline,
            String input,
            String id,
            List<Finished> earlier,
            Duration limit,
            Call.JobTerms job) {
        return new Run(pipeline, input, id, earlier, limit, job);
    }

    /// The calls of its stages, by which it is ended. Their attempts are those of all stages, also
    /// of those that were finished by an earlier run.
    public CallsInTurn calls() {
        return calls;
    }

    /// The stages that are finished, from the first.
    public List<Finished> finished() {
        synchronized (lock) {
            return List.copyOf(finished);
        }
    }

    /// The stage that comes next.
    Stage next() {
        synchronized (lock) {
            return pipeline.stages().get(finished.size());
        }
    }

    boolean isOver() {
        synchronized (lock) {
            return finished.size() == pipeline.stages().size();
        }
    }

    Pipeline pipeline() {
        return pipeline;
    }

    /// What tells it from others.
    String id() {
        return id;
    }

    String input() {
        return input;
    }

    /// What comes to the next stage: the result of the last, or the input.
    String before() {
        List<Finished> all = finished();
        return all.isEmpty() ? input : all.getLast().result();
    }

    /// The result of a stage that is finished.
    String result(String stage) {
        return finished().stream()
                .filter(one -> one.name().equals(stage))
                .findFirst()
                .orElseThrow()
                .result();
    }

    /// The prompt of a stage, from the input and what is finished.
    Prompt.Text prompt(Stage stage) {
        return stage.prompt(input, this::result);
    }

    /// Whether an item's next stage could be cut short, of whose time the stages before it have
    /// taken: another worker begins with it.
    boolean isShortOf(Duration anAttempt) {
        Duration left = calls.timeLeft();
        return isOfJob
                && limit != null
                && left != null
                && anAttempt.compareTo(limit) <= 0
                && left.compareTo(anAttempt) < 0;
    }

    /// Goes on after a stage.
    void finished(Finished stage, Call call) {
        calls.ended(call);
        finished(stage);
    }

    /// Goes on after a stage whose calls have ended.
    void finished(Finished stage) {
        synchronized (lock) {
            finished.add(stage);
        }
    }
}
