package io.penstock.pipeline;

import io.penstock.llm.Call;
import io.penstock.llm.Prompt;
import io.penstock.llm.Running;
import io.penstock.pipeline.StageOutcome.Finished;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One input on its way through a pipeline, run once by [Pipelines#run]. [#cancel] and [#drain] may
/// come from any thread at any time; the other methods may be read from any thread.
public final class Run implements Running {

    private final Pipeline pipeline;
    private final String input;
    private final Call.@Nullable Job job;

    private final Object lock = new Object();
    private final List<Finished> finished = new ArrayList<>();
    private final @Nullable Duration limit;
    private @Nullable Duration left;
    private @Nullable Call call;
    private Duration earlierOverhead = Duration.ZERO;
    private long earlierBegunNanos;
    private String earlierAsked = "";
    private boolean cancelled;
    private boolean draining;

    private Run(
            Pipeline pipeline,
            String input,
            List<Finished> earlier,
            @Nullable Duration limit,
            Call.@Nullable Job job) {
        this.pipeline = pipeline;
        this.input = input;
        this.limit = limit;
        this.left = limit;
        this.job = job;
        // The last stage is never taken from an earlier run: with it there is nothing left to run.
        for (int i = 0; i < pipeline.stages().size() - 1 && i < earlier.size(); i++) {
            if (!earlier.get(i).name().equals(pipeline.stages().get(i).name())) {
                return;
            }
            finished.add(earlier.get(i));
        }
    }

    /// A run whose end somebody waits for.
    ///
    /// @param limit for all stages together, or null for the configured one
    public static Run of(Pipeline pipeline, String input, @Nullable Duration limit) {
        return new Run(pipeline, input, List.of(), limit, null);
    }

    /// A run of a batch's item.
    ///
    /// @param earlier stages that were finished before, from the first
    /// @param limit for the attempts of all stages and the pauses between them
    public static Run of(
            Pipeline pipeline, String input, List<Finished> earlier, Duration limit, Call.Job job) {
        return new Run(pipeline, input, earlier, limit, job);
    }

    @Override
    public void cancel() {
        synchronized (lock) {
            cancelled = true;
            if (call != null) {
                call.cancel();
            }
        }
    }

    @Override
    public void drain() {
        synchronized (lock) {
            draining = true;
            if (call != null) {
                call.drain();
            }
        }
    }

    @Override
    public boolean isDraining() {
        synchronized (lock) {
            return draining;
        }
    }

    /// Of all stages, also of those that were finished by an earlier run.
    @Override
    public int attemptCount() {
        synchronized (lock) {
            int sum = call == null ? 0 : call.attemptCount();
            for (Finished stage : finished) {
                sum += stage.attempts();
            }
            return sum;
        }
    }

    @Override
    public String asked() {
        synchronized (lock) {
            return call == null ? earlierAsked : call.asked();
        }
    }

    @Override
    public long begunNanos() {
        synchronized (lock) {
            return call == null ? earlierBegunNanos : call.begunNanos();
        }
    }

    @Override
    public boolean othersAnswered() {
        synchronized (lock) {
            return call != null && call.othersAnswered();
        }
    }

    @Override
    public Duration overhead() {
        synchronized (lock) {
            return call == null ? earlierOverhead : earlierOverhead.plus(call.overhead());
        }
    }

    @Override
    public @Nullable String providerRequestId() {
        synchronized (lock) {
            return call == null ? null : call.providerRequestId();
        }
    }

    @Override
    public Map<String, String> rateHeaders() {
        synchronized (lock) {
            return call == null ? Map.of() : call.rateHeaders();
        }
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

    /// The prompt of a stage, from the input and what is finished.
    Prompt.Text prompt(Stage stage) {
        List<Finished> all = finished();
        return stage.prompt(
                input,
                name ->
                        all.stream()
                                .filter(one -> one.name().equals(name))
                                .findFirst()
                                .orElseThrow()
                                .result());
    }

    /// Whether an item's next stage could be cut short, of whose time the stages before it have
    /// taken: another worker begins with it.
    boolean isShortOf(Duration anAttempt) {
        synchronized (lock) {
            return job != null
                    && limit != null
                    && left != null
                    && anAttempt.compareTo(limit) <= 0
                    && left.compareTo(anAttempt) < 0;
        }
    }

    /// The call for the next stage, which is cancelled with the run.
    Call begin(Prompt prompt, Duration defaultLimit, Call.Stage stage) {
        synchronized (lock) {
            Call next = Call.of(prompt, left == null ? defaultLimit : left, job, stage);
            if (cancelled) {
                next.cancel();
            }
            if (draining) {
                next.drain();
            }
            call = next;
            return next;
        }
    }

    /// Goes on after a stage.
    void finished(Finished stage, Call itsCall) {
        synchronized (lock) {
            finished.add(stage);
            left = itsCall.timeLeft();
            earlierBegunNanos = itsCall.begunNanos();
            earlierAsked = itsCall.asked();
            earlierOverhead = earlierOverhead.plus(itsCall.overhead());
            call = null;
        }
    }
}
