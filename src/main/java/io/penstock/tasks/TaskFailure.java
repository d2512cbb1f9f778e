package io.penstock.tasks;

import dev.langchain4j.guardrail.InputGuardrailException;
import dev.langchain4j.guardrail.OutputGuardrailException;
import dev.langchain4j.service.output.OutputParsingException;
import io.penstock.llm.Completion;
import io.penstock.llm.FailedCall;
import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import io.penstock.llm.UnfitAnswer;
import java.time.Duration;
import org.eclipse.microprofile.faulttolerance.exceptions.BulkheadException;
import org.eclipse.microprofile.faulttolerance.exceptions.CircuitBreakerOpenException;
import org.eclipse.microprofile.faulttolerance.exceptions.TimeoutException;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Says why a task's method came to no value: its model, what fault tolerance has around it, or the
/// application's own code.
final class TaskFailure {

    private static final Logger LOG = Logger.getLogger(TaskFailure.class);

    private static final Duration SOON = Duration.ofSeconds(1);

    private TaskFailure() {}

    static Failure full(TaskMethod task) {
        return new Failure(
                FailureKind.REJECTED,
                "As many runs of task "
                        + task.name()
                        + " are under way as its @Bulkhead allows; try again after 1 s.",
                null,
                SOON);
    }

    static Failure cancelled() {
        return new Failure(FailureKind.CANCELLED, "The call was cancelled.", null, null);
    }

    static TaskOutcome.Failed of(Exception thrown, Tasks.TaskRun run) {
        if (run.work().calls().isStopped() && !(cause(thrown) instanceof FailedCall)) {
            return new TaskOutcome.Failed(cancelled(), null);
        }
        for (Throwable one = thrown; one != null; one = one.getCause()) {
            TaskOutcome.Failed known = known(one, run);
            if (known != null) {
                return known;
            }
        }
        LOG.errorf(thrown, "Task %s failed in the application's own code", run.task().name());
        return new TaskOutcome.Failed(
                new Failure(
                        FailureKind.TASK_FAILED,
                        "The task's own code failed with "
                                + thrown.getClass().getSimpleName()
                                + "; the log says why.",
                        null,
                        null),
                null);
    }

    private static Throwable cause(Throwable thrown) {
        Throwable last = thrown;
        while (last.getCause() != null) {
            last = last.getCause();
        }
        return last;
    }

    private static TaskOutcome.@Nullable Failed known(Throwable thrown, Tasks.TaskRun run) {
        return switch (thrown) {
            case FailedCall failed -> new TaskOutcome.Failed(failed.failure(), null);
            case UnfitAnswer unfit -> unfit(unfit.getMessage(), unfit.text());
            case OutputParsingException _ ->
                    unfit("The model's answer cannot be read as what the task returns.", raw(run));
            case OutputGuardrailException _ ->
                    unfit("The task's output guardrail refuses the model's answer.", raw(run));
            case InputGuardrailException _ ->
                    failed(
                            FailureKind.INVALID_REQUEST,
                            "The task's input guardrail refuses these arguments.",
                            null);
            case TimeoutException _ ->
                    failed(
                            FailureKind.TIMEOUT,
                            "The task took longer than its @Timeout; what it had asked of the provider"
                                    + " was ended.",
                            null);
            case BulkheadException _ -> new TaskOutcome.Failed(full(run.task()), null);
            case CircuitBreakerOpenException _ ->
                    failed(
                            FailureKind.REJECTED,
                            "The task's @CircuitBreaker is open after its last failures; try again"
                                    + " after 1 s.",
                            SOON);
            default -> null;
        };
    }

    private static @Nullable String raw(Tasks.TaskRun run) {
        Completion last = run.work().last();
        return last == null ? null : last.text();
    }

    private static TaskOutcome.Failed unfit(@Nullable String sentence, @Nullable String raw) {
        return new TaskOutcome.Failed(
                new Failure(FailureKind.INVALID_ANSWER, String.valueOf(sentence), null, null), raw);
    }

    private static TaskOutcome.Failed failed(
            FailureKind kind, String sentence, @Nullable Duration retryAfter) {
        return new TaskOutcome.Failed(new Failure(kind, sentence, null, retryAfter), null);
    }
}
