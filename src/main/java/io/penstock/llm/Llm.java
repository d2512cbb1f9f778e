package io.penstock.llm;

import io.penstock.flow.Admission;
import io.penstock.flow.Decision;
import io.quarkus.runtime.Startup;
import jakarta.enterprise.context.ApplicationScoped;
import org.jboss.logging.Logger;

/// The single way to a model. Thread-safe; [#complete] blocks and is meant for virtual threads.
@ApplicationScoped
@Startup
public class Llm {

    private static final Logger LOG = Logger.getLogger(Llm.class);

    private final LlmConfig config;
    private final Admission admission;
    private final Attempts attempts;
    private final Meters meters;
    private final FailureLog failures;

    Llm(
            LlmConfig config,
            Endpoint endpoint,
            Admission admission,
            Attempts attempts,
            Meters meters,
            FailureLog failures) {
        this.config = config.checked();
        this.admission = admission;
        this.attempts = attempts;
        this.meters = meters;
        this.failures = failures;
        LOG.infof(
                "Prompts go to %s, to model %s unless they name another.",
                endpoint.authority(), config.model());
    }

    /// Runs a call to its end: answer, failure, deadline or cancellation. Run each call once.
    public Outcome complete(Call call) {
        call.start(config.deadline(), config.timeout().plus(config.maxBackoff()), config.model());
        Outcome outcome = admitted(call);
        meters.record(call, outcome);
        if (outcome instanceof Failure failure) {
            failures.record(call, failure);
        }
        return outcome;
    }

    static Failure deadlineExceeded() {
        return Failure.of(
                FailureKind.DEADLINE_EXCEEDED,
                "The time for this call is up; give it more time (timeout_ms) or fewer tokens.");
    }

    /// With the model that was asked for, and if that one is down, with the one that stands in for
    /// it.
    private void attempt(Call call) throws InterruptedException {
        String other = config.fallbacks().get(call.model());
        try {
            attempts.attempt(call);
        } catch (LlmException failed) {
            if (other == null || !isDown(call, failed.failure())) {
                throw failed;
            }
            call.fallBackTo(other);
            attempts.attempt(call);
        }
    }

    private boolean isDown(Call call, Failure failure) {
        if (call.streamed() || call.isCancelled() || call.isDraining()) {
            return false;
        }
        return switch (failure.kind()) {
            case OVERLOADED, SERVER, TRANSPORT, TIMEOUT -> true;
            case REJECTED -> admission.standing(call.model()).broken();
            default -> false;
        };
    }

    private Outcome admitted(Call call) {
        boolean patient = call.job() != null;
        if (patient) {
            admission.enterPatiently();
        } else if (call.stage() != null && call.stage().begun()) {
            admission.enterAgain();
        } else if (!admission.enter()) {
            return Attempts.full(new Decision.Full(admission.retryAfterWhenFull()));
        }
        try {
            call.runsHere();
            attempt(call);
            Completion completion = call.completion();
            return completion != null
                    ? completion
                    : Failure.of(FailureKind.TRUNCATED, "The provider sent no answer.");
        } catch (LlmException failed) {
            return failed.failure();
        } catch (InterruptedException interrupted) {
            if (!call.isCancelled() && !call.isDraining()) {
                Thread.currentThread().interrupt();
            }
            return Failure.of(FailureKind.CANCELLED, "The call was cancelled.");
        } catch (RuntimeException unexpected) {
            if (call.isCancelled() || call.isDraining()) {
                return Failure.of(FailureKind.CANCELLED, "The call was cancelled.");
            }
            LOG.error("A call failed in a way that nobody foresaw", unexpected);
            return Failure.of(
                    FailureKind.SERVER, "Penstock failed on this call; its log says why.");
        } finally {
            call.runsNoMore();
            if (patient) {
                admission.leavePatiently();
            } else {
                admission.leave();
            }
        }
    }
}
