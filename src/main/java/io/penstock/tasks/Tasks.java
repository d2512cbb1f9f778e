package io.penstock.tasks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.langchain4j.service.Result;
import io.penstock.flow.FlowConfig;
import io.penstock.flow.Turns;
import io.penstock.json.InvalidRequest;
import io.penstock.llm.Call;
import io.penstock.llm.CallsInTurn;
import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import io.penstock.llm.Meters;
import io.penstock.llm.Work;
import io.penstock.llm.WorkInHand;
import io.quarkiverse.langchain4j.QuarkusJsonCodecFactory;
import io.quarkus.arc.Arc;
import io.quarkus.arc.InjectableContext.ContextState;
import io.quarkus.arc.ManagedContext;
import io.quarkus.runtime.Startup;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The application's tasks by their names, and what runs them. Thread-safe; [#run] blocks and is
/// meant for virtual threads.
@ApplicationScoped
@Startup
public class Tasks {

    private static final int NAME_SHOWN = 64;

    private final Map<String, TaskMethod> tasks = new TreeMap<>();
    private final WorkInHand inHand;
    private final TaskItem item;
    private final Meters meters;
    private final int reask;
    private final Duration maxWait;

    Tasks(
            FoundTasks found,
            TaskConfig config,
            FlowConfig flow,
            WorkInHand inHand,
            TaskItem item,
            Meters meters) {
        this.inHand = inHand;
        this.item = item;
        this.meters = meters;
        this.reask = config.checked().reask();
        this.maxWait = flow.maxWait();
        for (FoundTasks.Found one : found.tasks()) {
            tasks.put(one.signature().name(), new TaskMethod(one, found.classes()));
        }
    }

    /// All of them, by their names.
    public Collection<TaskMethod> all() {
        return Collections.unmodifiableCollection(tasks.values());
    }

    public Optional<TaskMethod> find(String name) {
        return Optional.ofNullable(tasks.get(name));
    }

    /// The task of that name.
    ///
    /// @throws InvalidRequest that names those that there are
    public TaskMethod named(String name) {
        return find(name)
                .orElseThrow(() -> InvalidRequest.of("task", "unknown_task", unknown(name)));
    }

    /// What to say of a name that is none.
    public String unknown(String name) {
        return "There is no task \""
                + (name.length() > NAME_SHOWN ? name.substring(0, NAME_SHOWN) + "…" : name)
                + "\"; "
                + (tasks.isEmpty()
                        ? "there is none yet: put @BatchTask on a method of an AI service."
                        : "there are: " + String.join(", ", tasks.keySet()) + ".");
    }

    /// One run of a task, before it is made.
    ///
    /// @param id of the item that it is for, the same each time the item is run
    public record TaskRun(TaskMethod task, ObjectNode arguments, String id, Work work) {}

    /// @param limit for the attempts of all its calls and the pauses between them; null for the
    ///   configured one
    /// @param job whose item it is; null when somebody waits for its end
    public TaskRun begin(
            TaskMethod task,
            ObjectNode arguments,
            String id,
            @Nullable Duration limit,
            Call.@Nullable JobTerms job) {
        return new TaskRun(task, arguments, id, Work.of(limit, job, task.wanted(reask)));
    }

    /// A run among other calls for the same end, whose time it shares.
    public TaskRun begin(TaskMethod task, ObjectNode arguments, String id, CallsInTurn calls) {
        return new TaskRun(task, arguments, id, Work.of(calls, task.wanted(reask)));
    }

    /// Runs a task to its end.
    public TaskOutcome run(TaskRun run) {
        TaskOutcome outcome;
        Turns turns = run.task.turns();
        if (turns == null) {
            outcome = inContext(run);
        } else {
            try (Turns.Turn turn = run.work.calls().turn(turns, maxWait)) {
                outcome = turn == null ? failed(TaskFailure.full(run.task)) : inContext(run);
            } catch (InterruptedException ended) {
                outcome = failed(TaskFailure.cancelled());
            }
        }
        meters.task(
                run.task.name(),
                switch (outcome) {
                    case TaskOutcome.Returned(_, boolean fallback) ->
                            fallback ? "fallback" : "completed";
                    case TaskOutcome.Failed(Failure failure, _) -> failure.kind().code();
                });
        return outcome;
    }

    /// Arguments as JSON.
    ///
    /// @param given what the parameters take, by their names
    public ObjectNode arguments(Map<String, ?> given) {
        return json().valueToTree(given);
    }

    /// What a task has returned, from JSON.
    ///
    /// @throws IllegalArgumentException when it is no value of that type
    public <T> @Nullable T value(JsonNode returned, Class<T> type) {
        try {
            return json().treeToValue(returned, type);
        } catch (JsonProcessingException other) {
            throw new IllegalArgumentException(
                    "The task does not return a " + type.getSimpleName(), other);
        }
    }

    private static TaskOutcome.Failed failed(Failure failure) {
        return new TaskOutcome.Failed(failure, null);
    }

    /// In a request context of its own: the memory that an AI service has lasts as long as that,
    /// and the work goes along in it.
    private TaskOutcome inContext(TaskRun run) {
        ManagedContext context = Arc.container().requestContext();
        ContextState around = context.getStateIfActive();
        if (around != null) {
            context.deactivate();
        }
        context.activate();
        try {
            inHand.take(run.work);
            item.is(run.id);
            return invoke(run);
        } finally {
            context.terminate();
            if (around != null) {
                context.activate(around);
            }
        }
    }

    /// With which LangChain4j reads what the models answer.
    private static ObjectMapper json() {
        return QuarkusJsonCodecFactory.ObjectMapperHolder.MAPPER;
    }

    private static TaskOutcome invoke(TaskRun run) {
        ObjectMapper json = json();
        try {
            Object returned = run.task.invoke(run.arguments, json);
            Object value = returned instanceof Result<?> result ? result.content() : returned;
            JsonNode tree = json.valueToTree(value);
            return new TaskOutcome.Returned(tree, !run.work.isAnswered());
        } catch (InvalidRequest refused) {
            return failed(
                    new Failure(FailureKind.INVALID_REQUEST, refused.text(), refused.code(), null));
        } catch (Exception failed) {
            return TaskFailure.of(failed, run);
        } finally {
            if (run.work.calls().isStopped()) {
                Thread.interrupted();
            }
        }
    }
}
