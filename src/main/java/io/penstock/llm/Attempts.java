package io.penstock.llm;

import io.penstock.flow.Admission;
import io.penstock.flow.Decision;
import io.penstock.flow.Permit;
import io.penstock.flow.Rates;
import io.penstock.flow.Turns;
import io.penstock.flow.Want;
import io.smallrye.faulttolerance.api.CustomBackoff;
import io.smallrye.faulttolerance.api.RetryWhen;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import org.eclipse.microprofile.faulttolerance.Retry;
import org.eclipse.microprofile.faulttolerance.exceptions.BulkheadException;
import org.eclipse.microprofile.faulttolerance.exceptions.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Tries a prompt until it has an answer or a failure that trying again does not cure.
///
/// An ordinary bean around the AI service, because `@RetryWhen` and `@CustomBackoff` are ignored on
/// the service itself.
@ApplicationScoped
class Attempts {

    /// For a permit: a job has all the time until it expires, and its worker ends the wait.
    private static final Duration JOBS_WAIT = Duration.ofDays(1);

    private final Admission admission;
    private final Completions completions;
    private final Meters meters;

    Attempts(Admission admission, Completions completions, Meters meters) {
        this.meters = meters;
        this.admission = admission;
        this.completions = completions;
    }

    /// Makes one attempt; the annotations make the further ones.
    ///
    /// Turn and permit are taken inside the retried method, so that a call that backs off holds
    /// none, and the turn first: whoever waits for a permit of its model keeps only those waiting
    /// who want the same. `maxDuration` is off: the call's deadline bounds the whole.
    @Retry(maxDuration = 0, jitter = 0)
    @RetryWhen(exception = Retryable.class)
    @CustomBackoff(RetryAfterBackoff.class)
    void attempt(Call call) throws InterruptedException {
        try (Turns.Turn _ = turn(call);
                Permit permit = permit(call)) {
            oneAttempt(call, permit);
        } catch (BulkheadException _) {
            throw new LlmException(full(new Decision.Full(admission.retryAfterWhenFull())), call);
        }
    }

    /// Tells the permit how it went.
    private void oneAttempt(Call call, Permit permit) throws InterruptedException {
        try {
            unlessLate(call);
            Completion completion = call.completion();
            Usage usage = completion == null ? null : completion.usage();
            if (usage == null) {
                permit.answered(-1, 0);
            } else {
                permit.answered(usage.promptTokens(), usage.completionTokens());
            }
            permit.learned(call.rates());
        } catch (LlmException failed) {
            tell(permit, failed.failure(), call.rates());
            throw failed;
        }
    }

    private void tell(Permit permit, Failure failure, Rates rates) {
        permit.learned(rates);
        switch (failure.kind()) {
            case RATE_LIMITED -> {
                meters.refused();
                permit.refused(failure.retryAfter(), rates);
            }
            case OVERLOADED, SERVER, TRANSPORT, TIMEOUT -> {
                permit.failed();
                Duration retryAfter = failure.retryAfter();
                if (retryAfter != null) {
                    permit.notBefore(retryAfter);
                }
            }
            case INVALID_REQUEST, CONTENT_FILTER, LENGTH -> {
                // A prompt that is larger than a limit is refused before anything is done with it.
                if (failure.status() != 429) {
                    permit.answered(-1, 0);
                }
            }
            // Says nothing of how much the provider can take.
            case UNEXPECTED_ANSWER,
                    AUTHENTICATION,
                    QUOTA_EXHAUSTED,
                    TRUNCATED,
                    REJECTED,
                    DEADLINE_EXCEEDED,
                    CANCELLED -> {}
        }
    }

    /// A timeout that comes when the answer is complete is none: what is paid for is kept.
    private void unlessLate(Call call) throws InterruptedException {
        try {
            call.attempt(() -> completions.complete(call.prompt().text()));
        } catch (InterruptedException interrupted) {
            // The timeout's interrupt can arrive just after the attempt has ended, and then nobody
            // calls it a timeout.
            if (call.isCancelled() || (call.isDraining() && call.completion() == null)) {
                throw interrupted;
            }
            if (call.completion() == null) {
                throw timedOut(call);
            }
        } catch (TimeoutException _) {
            if (call.completion() == null) {
                throw timedOut(call);
            }
        }
    }

    private static LlmException timedOut(Call call) {
        return new LlmException(
                Failure.of(
                        FailureKind.TIMEOUT,
                        "The provider did not answer in time; its work was ended. Try again, ask for"
                                + " fewer tokens, or raise penstock.llm.timeout."),
                call);
    }

    /// What a caller is told when there is no room.
    static Failure full(Decision.Full full) {
        return Failure.of(
                FailureKind.REJECTED,
                "All permits are in use and the wait for one is too long; try again after "
                        + seconds(full.retryAfter())
                        + " s.",
                full.retryAfter());
    }

    private Turns.@Nullable Turn turn(Call call) throws InterruptedException {
        Call.Stage stage = call.stage();
        if (stage == null || stage.turns() == null) {
            return null;
        }
        Call.Job job = call.job();
        long start = System.nanoTime();
        Turns.Turn turn =
                job != null
                        ? stage.turns().await(job.name(), job.weight(), null)
                        : stage.turns().await(null, 1, inPerson(call));
        Duration waited = Duration.ofNanos(System.nanoTime() - start);
        call.spentOutside(waited.toNanos());
        if (job != null) {
            call.postpone(waited);
        }
        if (turn == null) {
            boolean late = call.deadline().isOver();
            throw new LlmException(
                    late
                            ? Llm.deadlineExceeded()
                            : full(new Decision.Full(admission.retryAfterWhenFull())),
                    call);
        }
        return turn;
    }

    /// How long somebody waits who waits in person: a new call not long, a later attempt, or what
    /// has been begun, until its deadline.
    private Duration inPerson(Call call) {
        Duration left = call.timeLeft();
        return isNew(call) && admission.maxWait().compareTo(left) < 0 ? admission.maxWait() : left;
    }

    private static boolean isNew(Call call) {
        Call.Stage stage = call.stage();
        return call.attemptCount() == 0 && (stage == null || !stage.begun());
    }

    private Permit permit(Call call) throws InterruptedException {
        if (call.deadline().isOver()) {
            throw new LlmException(Llm.deadlineExceeded(), call);
        }
        long start = System.nanoTime();
        try {
            return switch (decision(call)) {
                case Permit permit -> permit;
                case Decision.Full full -> throw new LlmException(full(full), call);
                case Decision.NotBefore(Duration retryAfter) ->
                        throw new LlmException(notBefore(call, retryAfter), call);
            };
        } finally {
            call.limitedBy(admission.rates(call.model()));
            long waited = System.nanoTime() - start;
            call.spentOutside(waited);
            if (call.job() != null) {
                call.postpone(Duration.ofNanos(waited));
            }
        }
    }

    private Decision decision(Call call) throws InterruptedException {
        Call.Job job = call.job();
        Want want =
                Want.of(call.model(), job == null ? call.timeLeft() : JOBS_WAIT)
                        .sized(call.prompt().bytes(), call.prompt().maxTokens())
                        .in(call.trial());
        if (job != null) {
            return admission.await(want.ofJob(job.name(), job.weight(), job.patience()));
        }
        return admission.await(isNew(call) ? want.within(admission.maxWait()) : want);
    }

    private static Failure notBefore(Call call, Duration retryAfter) {
        return new Failure(
                FailureKind.REJECTED,
                "The provider takes no calls to model "
                        + call.model()
                        + " now; try again after "
                        + seconds(retryAfter)
                        + " s.",
                null,
                retryAfter);
    }

    private static long seconds(Duration wait) {
        return Math.max(1, wait.plusMillis(999).toSeconds());
    }
}
