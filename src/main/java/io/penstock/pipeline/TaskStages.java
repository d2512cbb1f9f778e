package io.penstock.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.InvalidRequest;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import io.penstock.llm.Work;
import io.penstock.pipeline.StageOutcome.Failed;
import io.penstock.pipeline.StageOutcome.Finished;
import io.penstock.tasks.TaskMethod;
import io.penstock.tasks.TaskOutcome;
import io.penstock.tasks.Tasks;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Runs the stages that are tasks. Thread-safe.
final class TaskStages {

    private final Tasks tasks;

    TaskStages(Tasks tasks) {
        this.tasks = tasks;
    }

    /// Stops the start with one sentence when a stage's task is none, or cannot get its arguments.
    void check(Pipeline pipeline) {
        for (int i = 0; i < pipeline.stages().size(); i++) {
            StageTask its = pipeline.stages().get(i).task();
            if (its != null) {
                String key = "penstock.pipelines." + pipeline.name() + ".stages[" + i + "]";
                try {
                    TaskMethod task = tasks.named(its.name());
                    if (!its.arguments().isEmpty()) {
                        task.checkNames(its.arguments().keySet());
                    } else if (i > 0) {
                        checkBefore(pipeline.stages().get(i - 1).task(), task);
                    }
                } catch (InvalidRequest wrong) {
                    throw new ConfigurationException(key + ".task: " + wrong.text());
                }
            }
        }
    }

    /// Arguments by their names come of an object alone.
    private void checkBefore(@Nullable StageTask before, TaskMethod task) {
        if (task.argumentNames().size() == 1) {
            return;
        }
        JsonNode fields =
                before == null
                        ? MissingNode.getInstance()
                        : tasks.named(before.name()).resultSchema().path("properties");
        Set<String> names =
                fields.properties().stream()
                        .map(field -> field.getKey())
                        .filter(task::takes)
                        .collect(Collectors.toSet());
        try {
            task.checkNames(names);
        } catch (InvalidRequest missing) {
            throw InvalidRequest.of(
                    null,
                    missing.code(),
                    "The stage before has no such field for an argument: "
                            + missing.text()
                            + " Set arguments."
                            + missing.param()
                            + ".");
        }
    }

    StageOutcome run(Run run, Stage stage, StageTask its) {
        TaskMethod task;
        ObjectNode arguments;
        try {
            task = tasks.named(its.name());
            arguments = its.arguments(task, run.input(), run.before(), run::result);
        } catch (InvalidRequest refused) {
            return new Failed(
                    stage.name(),
                    new Failure(FailureKind.INVALID_REQUEST, refused.text(), refused.code(), null),
                    0,
                    null);
        }
        int before = run.calls().attemptCount();
        Tasks.TaskRun one =
                tasks.begin(task, arguments, run.id() + "/" + stage.name(), run.calls());
        TaskOutcome outcome = tasks.run(one);
        int attempts = run.calls().attemptCount() - before;
        Work work = one.work();
        return switch (outcome) {
            case TaskOutcome.Returned(JsonNode value, boolean fallback) -> {
                Completion last = fallback ? null : work.last();
                yield new Finished(
                        stage.name(),
                        value.isTextual() ? value.textValue() : value.toString(),
                        last == null ? "" : last.model(),
                        last == null ? "stop" : last.finishReason(),
                        work.usage(),
                        attempts);
            }
            case TaskOutcome.Failed(Failure failure, _) ->
                    new Failed(stage.name(), failure, attempts, paidFor(work));
        };
    }

    /// The last answer, with the usage of all.
    private static @Nullable Completion paidFor(Work work) {
        Completion last = work.last();
        return last == null
                ? null
                : new Completion(
                        last.text(),
                        last.id(),
                        last.model(),
                        last.finishReason(),
                        work.usage(),
                        last.providerRequestId(),
                        null);
    }
}
