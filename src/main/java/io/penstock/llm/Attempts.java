package io.penstock.llm;

import io.penstock.flow.Admission;
import io.penstock.flow.Decision;
import io.penstock.flow.Permit;
import io.smallrye.faulttolerance.api.CustomBackoff;
import io.smallrye.faulttolerance.api.RetryWhen;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import org.eclipse.microprofile.faulttolerance.Retry;
import org.eclipse.microprofile.faulttolerance.exceptions.BulkheadException;
import org.eclipse.microprofile.faulttolerance.exceptions.TimeoutException;

/// Tries a prompt until it has an answer or a failure that trying again does not cure.
///
/// An ordinary bean around the AI service, because `@RetryWhen` and `@CustomBackoff` are ignored on
/// the service itself.
@ApplicationScoped
class Attempts {

    private final Admission admission;
    private final Completions completions;
    private final Clock clock;

    Attempts(Admission admission, Completions completions, Clock clock) {
        this.admission = admission;
        this.completions = completions;
        this.clock = clock;
    }

    /// Makes one attempt; the annotations make the further ones.
    ///
    /// The permit is taken inside the retried method, so that a call that backs off holds none.
    /// `maxDuration` is off: the call's deadline bounds the whole.
    @Retry(maxDuration = 0, jitter = 0)
    @RetryWhen(exception = Retryable.class)
    @CustomBackoff(RetryAfterBackoff.class)
    void attempt(Call call) throws InterruptedException {
        try (Permit _ = permit(call)) {
            oneAttempt(call);
        } catch (LlmException failed) {
            Duration retryAfter = failed.failure().retryAfter();
            if (retryAfter != null && failed.failure().kind().retryable()) {
                admission.notBefore(call.model(), retryAfter);
            }
            throw failed;
        } catch (TimeoutException _) {
            throw timedOut(call);
        } catch (BulkheadException _) {
            throw new LlmException(full(new Decision.Full(admission.retryAfterWhenFull())), call);
        }
    }

    private void oneAttempt(Call call) throws InterruptedException {
        try {
            call.attempt(() -> completions.complete(call.prompt().text()));
        } catch (InterruptedException interrupted) {
            // The timeout's interrupt can arrive just after the attempt has ended, and then nobody
            // calls it a timeout.
            if (call.isCancelled() || call.isDraining()) {
                throw interrupted;
            }
            throw timedOut(call);
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

    private Permit permit(Call call) throws InterruptedException {
        if (!clock.instant().isBefore(call.deadline())) {
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
            call.spentOutside(System.nanoTime() - start);
        }
    }

    private Decision decision(Call call) throws InterruptedException {
        Duration patience = call.patience();
        return patience != null
                ? admission.awaitPatiently(call.model(), patience, call.deadline())
                : admission.await(call.model(), call.attemptCount() == 0, call.deadline());
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
