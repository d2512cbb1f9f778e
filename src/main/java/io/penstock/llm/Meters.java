package io.penstock.llm;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.penstock.flow.Admission;
import io.quarkus.runtime.Startup;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.concurrent.ConcurrentHashMap;

/// Counts calls, attempts and tokens by model and outcome. Thread-safe.
///
/// Labels are bounded: callers may name any model, so that only the first hundred that have
/// answered are told apart; all others count as `other`.
@ApplicationScoped
@Startup
class Meters {

    private static final int MODELS_MAX = 100;

    private final MeterRegistry registry;
    private final ConcurrentHashMap<String, ConcurrentHashMap<String, ByOutcome>> models =
            new ConcurrentHashMap<>();

    Meters(MeterRegistry registry, Admission admission) {
        this.registry = registry;
        Gauge.builder("penstock.calls.in.flight", admission, Admission::inFlight)
                .description("Calls that hold a permit")
                .register(registry);
        Gauge.builder("penstock.calls.waiting", admission, Admission::waiting)
                .description(
                        "Calls that wait for a permit, a not-before mark or their next attempt")
                .register(registry);
    }

    void record(Call call, Outcome outcome) {
        String outcomeLabel =
                switch (outcome) {
                    case Completion _ -> "completed";
                    case Failure failure -> failure.kind().code();
                };
        ByOutcome meters = meters(call, outcome, outcomeLabel);
        meters.calls.record(call.age());
        meters.attempts.increment(call.attemptCount());
        if (outcome instanceof Completion completion && completion.usage() != null) {
            meters.promptTokens.increment(completion.usage().promptTokens());
            meters.completionTokens.increment(completion.usage().completionTokens());
        }
    }

    private ByOutcome meters(Call call, Outcome outcome, String outcomeLabel) {
        String model = call.printableModel();
        // Only a model that has answered is known to exist; the names of others would use the
        // labels up.
        boolean known =
                models.containsKey(model)
                        || (outcome instanceof Completion && models.size() < MODELS_MAX);
        String label = known ? model : "other";
        return models.computeIfAbsent(label, _ -> new ConcurrentHashMap<>())
                .computeIfAbsent(outcomeLabel, _ -> new ByOutcome(registry, label, outcomeLabel));
    }

    private static final class ByOutcome {

        private final Timer calls;
        private final Counter attempts;
        private final Counter promptTokens;
        private final Counter completionTokens;

        ByOutcome(MeterRegistry registry, String model, String outcome) {
            calls =
                    Timer.builder("penstock.calls")
                            .description("Calls from the door to their outcome, with all waits")
                            .tags("model", model, "outcome", outcome)
                            .register(registry);
            attempts =
                    Counter.builder("penstock.attempts")
                            .description("Requests sent to the provider")
                            .tags("model", model, "outcome", outcome)
                            .register(registry);
            promptTokens = tokens(registry, model, outcome, "prompt");
            completionTokens = tokens(registry, model, outcome, "completion");
        }

        private static Counter tokens(
                MeterRegistry registry, String model, String outcome, String kind) {
            return Counter.builder("penstock.tokens")
                    .description("Tokens as the provider counted them")
                    .tags("model", model, "outcome", outcome, "kind", kind)
                    .register(registry);
        }
    }
}
