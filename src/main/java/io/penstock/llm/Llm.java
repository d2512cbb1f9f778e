package io.penstock.llm;

import io.penstock.flow.Admission;
import io.penstock.flow.Seat;
import io.quarkus.runtime.Startup;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.config.Config;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

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
    private final Billing billing;

    Llm(
            LlmConfig config,
            Endpoint endpoint,
            Admission admission,
            Attempts attempts,
            Meters meters,
            FailureLog failures,
            Config all,
            Billing billing) {
        this.billing = billing;
        this.config = config.checked();
        this.admission = admission;
        this.attempts = attempts;
        this.meters = meters;
        this.failures = failures;
        LOG.infof(
                "Prompts go to %s (%s), to model %s unless they name another.",
                endpoint.authority(),
                endpoint.simulated() ? "simulated" : ProviderSettings.origin(all),
                config.model());
        if (endpoint.showsKey()) {
            LOG.warnf(
                    "The key goes to %s in clear, since the base URL begins with http:// and names"
                            + " another machine. Use https://, or leave the key out"
                            + " (OPENAI_BASE_URL, OPENAI_API_KEY).",
                    endpoint.authority());
        }
    }

    /// Runs a call to its end: answer, failure, deadline or cancellation. Run each call once.
    public Outcome complete(Call call) {
        call.start(config.deadline(), config.timeout().plus(config.maxBackoff()), config.model());
        Outcome outcome = billing.run(call, admission.maxWait(), () -> outcome(call));
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

    private Outcome outcome(Call call) {
        Seat seat = enters(call);
        if (seat == null) {
            return Attempts.full(admission.retryAfterWhenFull());
        }
        try (seat) {
            call.runsHere();
            try {
                return attempts.complete(call);
            } catch (LlmException failed) {
                String other = config.fallbacks().get(call.asked());
                if (other == null || !isDown(call, failed)) {
                    throw failed;
                }
                // If the model that was asked for is down, with the one that stands in for it.
                call.fallBackTo(other);
                return attempts.complete(call);
            }
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
        }
    }

    /// @return null when there is no room for it to wait in
    private @Nullable Seat enters(Call call) {
        Call.StageTerms stage = call.ask().stage();
        if (call.ask().job() != null) {
            return admission.enterPatiently();
        }
        return stage != null && stage.begun() ? admission.enterAgain() : admission.enter();
    }

    private boolean isDown(Call call, LlmException failed) {
        if (!failed.isOpen()) {
            return false;
        }
        return switch (failed.failure().kind()) {
            case OVERLOADED, SERVER, TRANSPORT, TIMEOUT -> true;
            case REJECTED -> admission.standing(call.asked()).broken();
            default -> false;
        };
    }
}
