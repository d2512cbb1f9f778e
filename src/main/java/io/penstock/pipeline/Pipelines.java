package io.penstock.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.flow.Turns;
import io.penstock.json.InvalidRequest;
import io.penstock.llm.Call;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import io.penstock.llm.Llm;
import io.penstock.llm.LlmConfig;
import io.penstock.llm.Meters;
import io.penstock.llm.Prompt;
import io.penstock.pipeline.StageOutcome.Failed;
import io.penstock.pipeline.StageOutcome.Finished;
import io.penstock.tasks.Tasks;
import io.quarkus.runtime.Startup;
import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The configured pipelines, and what runs them. Thread-safe; [#run] blocks and is meant for
/// virtual threads.
@ApplicationScoped
@Startup
public class Pipelines {

    private static final int NAME_SHOWN = 64;

    private final Map<String, Pipeline> pipelines;

    /// By pipeline and stage: the limit is this process's, whichever batch or caller it is for.
    private final Map<String, Turns> turns = new ConcurrentHashMap<>();

    private final Llm llm;
    private final LlmConfig config;
    private final Meters meters;
    private final TaskStages tasks;

    /// Stops the start with one sentence when a pipeline makes no sense.
    Pipelines(PipelineConfig declared, Llm llm, LlmConfig config, Meters meters, Tasks tasks) {
        this.llm = llm;
        this.config = config;
        this.meters = meters;
        this.tasks = new TaskStages(tasks);
        this.pipelines = checked(declared);
        pipelines.values().forEach(this.tasks::check);
    }

    static Map<String, Pipeline> checked(PipelineConfig declared) {
        Map<String, Pipeline> pipelines = new TreeMap<>();
        declared.pipelines().forEach((name, one) -> pipelines.put(name, checked(name, one)));
        return pipelines;
    }

    private static Pipeline checked(String name, PipelineConfig.Declared declared) {
        try {
            return Pipeline.of(name, declared);
        } catch (IllegalArgumentException wrong) {
            throw new ConfigurationException("penstock.pipelines." + name + wrong.getMessage());
        }
    }

    /// All of them, by their names.
    public Collection<Pipeline> all() {
        return Collections.unmodifiableCollection(pipelines.values());
    }

    public Optional<Pipeline> find(String name) {
        return Optional.ofNullable(pipelines.get(name));
    }

    /// The pipeline of that name.
    ///
    /// @throws InvalidRequest that names those that there are
    public Pipeline named(String name) {
        return find(name)
                .orElseThrow(
                        () -> InvalidRequest.of("pipeline", "unknown_pipeline", unknown(name)));
    }

    /// What to say of a name that is none.
    public String unknown(String name) {
        return "There is no pipeline \""
                + (name.length() > NAME_SHOWN ? name.substring(0, NAME_SHOWN) + "…" : name)
                + "\"; there are: "
                + String.join(", ", pipelines.keySet())
                + ".";
    }

    /// The model that a stage asks for; null where a task says which.
    public @Nullable String model(Stage stage) {
        String model = stage.model();
        return model != null || stage.task() != null ? model : config.model();
    }

    /// Runs what is left of a run: to its last answer, or to the first stage without one.
    ///
    /// @param each is told of each stage that finishes, but for the last, in the thread that runs
    /// @return how the last stage ended that ran
    public StageOutcome run(Run run, Consumer<Finished> each) {
        while (true) {
            StageOutcome outcome = next(run);
            if (!(outcome instanceof Finished finished) || run.isOver()) {
                return outcome;
            }
            each.accept(finished);
        }
    }

    private StageOutcome next(Run run) {
        Stage stage = run.next();
        StageOutcome outcome = next(run, stage);
        meters.stage(
                run.pipeline().name(),
                stage.name(),
                outcome instanceof Failed failed ? failed.failure().kind() : null);
        return outcome;
    }

    private StageOutcome next(Run run, Stage stage) {
        StageTask task = stage.task();
        if (task == null) {
            return ask(run, stage);
        }
        if (run.isShortOf(config.timeout())) {
            return new Failed(stage.name(), outOfTime(), 0, null);
        }
        StageOutcome outcome = tasks.run(run, stage, task);
        if (outcome instanceof Finished finished) {
            run.finished(finished);
        }
        return outcome;
    }

    private StageOutcome ask(Run run, Stage stage) {
        Prompt.Text prompt = run.prompt(stage);
        long bytes = prompt.text().getBytes(StandardCharsets.UTF_8).length;
        if (bytes > config.maxPrompt().asLongValue()) {
            return new Failed(stage.name(), tooLong(bytes), 0, null);
        }
        if (run.isShortOf(config.timeout())) {
            return new Failed(stage.name(), outOfTime(), 0, null);
        }
        Call call =
                run.calls()
                        .begin(
                                prompt,
                                config.deadline(),
                                null,
                                new Call.StageTerms(
                                        turns(run.pipeline(), stage), !run.finished().isEmpty()));
        StageOutcome outcome =
                switch (llm.complete(call)) {
                    case Completion completion -> stage.read(completion, call.attemptCount());
                    case Failure failure ->
                            new Failed(stage.name(), failure, call.attemptCount(), null);
                };
        if (outcome instanceof Finished finished) {
            run.finished(finished, call);
        }
        return outcome;
    }

    private static Failure outOfTime() {
        return new Failure(
                FailureKind.REJECTED,
                "The stages before have left too little time for this one; it is begun again later.",
                null,
                Duration.ZERO);
    }

    private Failure tooLong(long bytes) {
        return new Failure(
                FailureKind.INVALID_REQUEST,
                "The stage's prompt has "
                        + bytes
                        + " bytes with the values in it; at most "
                        + config.maxPrompt().asLongValue()
                        + " are sent (penstock.llm.max-prompt).",
                "prompt_too_long",
                null);
    }

    /// A batch goes on with the pipeline that it was submitted with; how much may run at once is
    /// what is configured now, where there still is such a stage.
    private @Nullable Turns turns(Pipeline pipeline, Stage stage) {
        Pipeline present = pipelines.getOrDefault(pipeline.name(), pipeline);
        Integer atOnce =
                present.stages().stream()
                        .filter(one -> one.name().equals(stage.name()))
                        .findFirst()
                        .orElse(stage)
                        .maxConcurrency();
        return atOnce == null
                ? null
                : turns.computeIfAbsent(
                        pipeline.name() + "/" + stage.name(), _ -> new Turns(atOnce));
    }

    /// The pipeline that a batch was submitted with.
    ///
    /// @param submitted its name, or what the batch has kept of it; null for none
    public @Nullable Pipeline of(@Nullable JsonNode submitted) {
        return switch (submitted) {
            case null -> null;
            case JsonNode name when name.isTextual() -> named(name.textValue());
            case JsonNode kept -> Pipeline.of(kept);
        };
    }
}
