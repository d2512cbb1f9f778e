package io.penstock.llm;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.penstock.flow.Admission;
import io.penstock.flow.Standing;
import io.quarkus.runtime.Startup;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Counts calls, attempts and tokens by model and outcome. Thread-safe.
///
/// Labels are bounded: callers may name any model, so that only the first hundred that have
/// answered are told apart; all others count as `other`.
@ApplicationScoped
@Startup
public class Meters {

    private static final int MODELS_MAX = 100;

    private final MeterRegistry registry;
    private final ConcurrentHashMap<String, ConcurrentHashMap<String, ByOutcome>> models =
            new ConcurrentHashMap<>();

    private final Admission admission;
    private final Counter refusals;

    Meters(MeterRegistry registry, Admission admission) {
        this.registry = registry;
        this.admission = admission;
        Gauge.builder("penstock.calls.in.flight", admission, Admission::inFlight)
                .description("Calls that hold a permit")
                .register(registry);
        Gauge.builder("penstock.calls.waiting", admission, Admission::waiting)
                .description(
                        "Calls that wait for a permit, a not-before mark or their next attempt")
                .register(registry);
        refusals =
                Counter.builder("penstock.rate.limited")
                        .description("Attempts that the provider has refused with 429")
                        .register(registry);
        for (Standing budget : admission.standings()) {
            watch(budget.group(), () -> standing(admission, budget.group()));
        }
    }

    private static Standing standing(Admission admission, String budget) {
        return admission.standings().stream()
                .filter(standing -> standing.group().equals(budget))
                .findFirst()
                .orElseThrow();
    }

    /// Shows how things stand at a group of models.
    private void watch(String group, Supplier<Standing> standing) {
        gauge("in.flight", "Calls in flight", group, () -> standing.get().inFlight());
        gauge("waiting", "Calls that wait for their turn", group, () -> standing.get().waiting());
        gauge(
                "concurrency.limit",
                "Calls in flight that the provider is thought to take from this process",
                group,
                () -> standing.get().concurrencyLimit());
        gauge(
                "not.before.seconds",
                "For how long the provider wants no calls",
                group,
                () -> standing.get().notBefore().toMillis() / 1000.0);
        gauge(
                "broken",
                "1 while the models are left alone for their failures",
                group,
                () -> standing.get().broken() ? 1 : 0);
        gauge(
                "requests.left",
                "Requests of the budget that could start now; -1 where they are not limited",
                group,
                () -> left(standing.get().rates().requestsLeft()));
        gauge(
                "tokens.left",
                "Tokens of the budget that could be used now; -1 where they are not limited",
                group,
                () -> left(standing.get().rates().tokensLeft()));
    }

    private static long left(@Nullable Long left) {
        return left == null ? -1 : left;
    }

    private void gauge(String name, String meaning, String group, Supplier<Number> value) {
        Gauge.builder("penstock.flow." + name, value)
                .description(meaning)
                .tag("group", group)
                .register(registry);
    }

    /// Counts a job that was paused for a reason that somebody has to look at.
    ///
    /// @param reason one of a few words
    public void paused(String reason) {
        registry.counter("penstock.jobs.paused", "reason", reason).increment();
    }

    /// Counts a pipeline's stage that has ended.
    ///
    /// @param failed why it has no usable answer; null when it has one
    public void stage(String pipeline, String stage, @Nullable FailureKind failed) {
        registry.counter(
                        "penstock.stages",
                        "pipeline",
                        pipeline,
                        "stage",
                        stage,
                        "outcome",
                        failed == null ? "completed" : failed.code())
                .increment();
    }

    /// Counts a run of a task that has ended.
    ///
    /// @param outcome `completed`, `fallback`, or why it has no value
    public void task(String name, String outcome) {
        registry.counter("penstock.task.runs", "task", name, "outcome", outcome).increment();
    }

    /// Counts an attempt that was one too many for the provider.
    void refused() {
        refusals.increment();
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
        String model = call.prompt().printableModel();
        // Only a model that has answered is known to exist; the names of others would use the
        // labels up.
        boolean known =
                models.containsKey(model)
                        || (outcome instanceof Completion && models.size() < MODELS_MAX);
        String label = known ? model : "other";
        return models.computeIfAbsent(label, _ -> shown(label))
                .computeIfAbsent(outcomeLabel, _ -> new ByOutcome(registry, label, outcomeLabel));
    }

    private ConcurrentHashMap<String, ByOutcome> shown(String label) {
        if (!label.equals("other") && !admission.isBudgeted(label)) {
            watch(label, () -> admission.standing(label));
        }
        return new ConcurrentHashMap<>();
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
