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
/// The one retry layer: nothing above or below it makes a request again, but for [Dialects].
@ApplicationScoped
class Attempts {

    /// For a permit: a job has all the time until it expires, and its worker ends the wait.
    private static final Duration JOBS_WAIT = Duration.ofDays(1);

    private final Admission admission;
    private final ChatCompletions completions;
    private final Meters meters;

    Attempts(Admission admission, ChatCompletions completions, Meters meters) {
        this.meters = meters;
        this.admission = admission;
        this.completions = completions;
    }

    /// Makes one attempt; the annotations make the further ones.
    ///
    /// Turn and permit are taken inside the retried method, so that a call that backs off holds
    /// none, and the turn first: whoever waits for a permit of its model keeps only those waiting
    /// who want the same. `maxDuration` is off: the call's deadline bounds the whole.
    ///
    /// A timeout that comes when the answer is whole is none: what is paid for is kept.
    @Retry(maxDuration = 0, jitter = 0)
    @RetryWhen(exception = Retryable.class)
    @CustomBackoff(RetryAfterBackoff.class)
    Completion complete(Call call) throws InterruptedException {
        call.goesOn();
        try (Turns.Turn _ = turn(call);
                Permit permit = permit(call);
                Attempt attempt = call.begin()) {
            Outcome outcome;
            try {
                outcome = completions.complete(attempt);
            } catch (BulkheadException _) {
                outcome = full(admission.retryAfterWhenFull());
            } catch (TimeoutException _) {
                outcome = answerOrTimeout(attempt);
            } catch (InterruptedException interrupted) {
                // The timeout's interrupt can arrive just after the attempt has ended, and then
                // nobody calls it a timeout.
                if (call.isCancelled() || (call.isDraining() && !attempt.isWhole())) {
                    throw interrupted;
                }
                outcome = answerOrTimeout(attempt);
            }
            return completion(call, permit, attempt, outcome);
        }
    }

    private static Outcome answerOrTimeout(Attempt attempt) {
        Completion whole = attempt.answer();
        return whole != null
                ? whole
                : Failure.of(
                        FailureKind.TIMEOUT,
                        "The provider did not answer in time; its work was ended. Try again, ask for"
                                + " fewer tokens, or raise penstock.llm.timeout.");
    }

    /// Tells the permit how it went.
    private Completion completion(Call call, Permit permit, Attempt attempt, Outcome outcome) {
        switch (outcome) {
            case Completion completion -> {
                Usage usage = completion.usage();
                if (usage == null) {
                    permit.answered(-1, 0);
                } else {
                    permit.answered(usage.promptTokens(), usage.completionTokens());
                }
                permit.learned(attempt.rates());
                return completion;
            }
            case Failure failure -> {
                tell(permit, failure, attempt.rates(), attempt.used());
                throw call.failed(failure, attempt.streamed());
            }
        }
    }

    private void tell(Permit permit, Failure failure, Rates rates, @Nullable UsedInVain used) {
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
                    answered(permit, used);
                }
            }
            case UNEXPECTED_ANSWER -> {
                if (used != null) {
                    answered(permit, used);
                }
            }
            // Says nothing of how much the provider can take.
            case INVALID_ANSWER,
                    TASK_FAILED,
                    AUTHENTICATION,
                    QUOTA_EXHAUSTED,
                    TRUNCATED,
                    REJECTED,
                    DEADLINE_EXCEEDED,
                    CANCELLED -> {}
        }
    }

    private static void answered(Permit permit, @Nullable UsedInVain used) {
        if (used == null) {
            permit.answered(-1, 0);
        } else {
            permit.answered(used.usage().promptTokens(), used.usage().completionTokens());
        }
    }

    /// What a caller is told when there is no room.
    static Failure full(Duration retryAfter) {
        return Failure.of(
                FailureKind.REJECTED,
                "All permits are in use and the wait for one is too long; try again after "
                        + seconds(retryAfter)
                        + " s.",
                retryAfter);
    }

    private Turns.@Nullable Turn turn(Call call) throws InterruptedException {
        Call.StageTerms stage = call.ask().stage();
        if (stage == null || stage.turns() == null) {
            return null;
        }
        Call.JobTerms job = call.ask().job();
        long start = System.nanoTime();
        Turns.Turn turn =
                job != null
                        ? stage.turns().await(job.name(), job.weight(), null)
                        : stage.turns().await(null, 1, inPerson(call));
        call.waited(Duration.ofNanos(System.nanoTime() - start));
        if (turn == null) {
            throw call.failed(
                    call.time().deadline().isOver()
                            ? Llm.deadlineExceeded()
                            : full(admission.retryAfterWhenFull()),
                    false);
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
        Call.StageTerms stage = call.ask().stage();
        return call.attemptCount() == 0 && (stage == null || !stage.begun());
    }

    private Permit permit(Call call) throws InterruptedException {
        if (call.time().deadline().isOver()) {
            throw call.failed(Llm.deadlineExceeded(), false);
        }
        long start = System.nanoTime();
        Decision decision;
        try {
            decision = decision(call);
        } finally {
            call.limitedBy(admission.rates(call.asked()));
            call.waited(Duration.ofNanos(System.nanoTime() - start));
        }
        return switch (decision) {
            case Permit permit -> permit;
            case Decision.Full(Duration retryAfter) -> throw call.failed(full(retryAfter), false);
            case Decision.NotBefore(Duration retryAfter) ->
                    throw call.failed(notBefore(call.asked(), retryAfter), false);
        };
    }

    private Decision decision(Call call) throws InterruptedException {
        return admission.await(want(call, admission.maxWait()));
    }

    /// What a call is willing to wait for, with its likely size.
    ///
    /// @param longest that somebody waits before anything has begun
    static Want want(Call call, Duration longest) {
        Call.JobTerms job = call.ask().job();
        Want want =
                Want.of(call.asked(), job == null ? call.timeLeft() : JOBS_WAIT)
                        .sized(call.prompt().bytes(), call.prompt().maxTokens())
                        .in(call.trial());
        if (job != null) {
            return want.ofJob(job.name(), job.weight(), job.patience());
        }
        return isNew(call) ? want.within(longest) : want;
    }

    private static Failure notBefore(String model, Duration retryAfter) {
        return new Failure(
                FailureKind.REJECTED,
                "The provider takes no calls to model "
                        + model
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
