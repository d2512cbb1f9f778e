package io.penstock.access;

import io.penstock.flow.Admission;
import io.penstock.flow.CallerLimits;
import io.penstock.flow.Decision;
import io.penstock.flow.FlowConfig;
import io.penstock.flow.Permit;
import io.penstock.flow.Rates;
import io.penstock.flow.Want;
import io.penstock.store.BudgetStore;
import io.penstock.store.Grant;
import java.time.Duration;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// Holds one key to its requests and tokens a minute and its calls at once, over all processes that
/// share the store. Thread-safe.
final class KeyLimits {

    private final String budget;
    private final FlowConfig config;
    private final BudgetStore budgets;
    private volatile Held held = new Held(Grant.ALL, null);

    private record Held(Grant grant, @Nullable Admission admission) {}

    KeyLimits(String key, FlowConfig config, BudgetStore budgets) {
        // No model is called so, whose budget it might be taken for.
        this.budget = "key\n" + key;
        this.config = config;
        this.budgets = budgets;
    }

    /// Holds it to what its key says now.
    synchronized void holdTo(Grant grant) {
        if (!isPacedLike(held.grant, grant)) {
            held = new Held(grant, grant.isPaced() ? admission(grant) : null);
        } else if (!held.grant.equals(grant)) {
            held = new Held(grant, held.admission);
        }
    }

    private static boolean isPacedLike(Grant one, Grant other) {
        return Objects.equals(one.requestsPerMinute(), other.requestsPerMinute())
                && Objects.equals(one.tokensPerMinute(), other.tokensPerMinute())
                && Objects.equals(one.callsAtOnce(), other.callsAtOnce());
    }

    private Admission admission(Grant grant) {
        Long atOnce = grant.callsAtOnce();
        return new CallerLimits(
                        budget,
                        optional(grant.requestsPerMinute()),
                        optional(grant.tokensPerMinute()),
                        atOnce == null
                                ? OptionalInt.empty()
                                : OptionalInt.of((int) Math.min(Integer.MAX_VALUE - 1, atOnce)))
                .admission(config, budgets);
    }

    private static OptionalLong optional(@Nullable Long number) {
        return number == null ? OptionalLong.empty() : OptionalLong.of(number);
    }

    /// What the key says now.
    Grant grant() {
        return held.grant;
    }

    /// What its caller may know of it.
    Rates rates() {
        Admission admission = held.admission;
        return admission == null ? Rates.UNKNOWN : admission.rates(budget);
    }

    /// Waits until a call may begin, or says why it may not now.
    ///
    /// @param want of a model of no matter what name
    Entry enter(Want want) throws InterruptedException {
        Held now = held;
        if (now.admission == null) {
            return new Entry.Open(null);
        }
        return switch (now.admission.await(want.of(budget))) {
            case Permit permit -> new Entry.Open(permit);
            case Decision.NotBefore(Duration retryAfter) ->
                    later("its requests or tokens a minute are used up", retryAfter);
            case Decision.Full(Duration retryAfter) ->
                    now.grant.callsAtOnce() == null
                            ? later("its requests or tokens a minute are used up", retryAfter)
                            : later(
                                    "all of its "
                                            + now.grant.callsAtOnce()
                                            + " calls at once are under way",
                                    retryAfter);
        };
    }

    private static Entry.Later later(String why, Duration retryAfter) {
        return new Entry.Later(
                "This key has to wait: "
                        + why
                        + "; try again after "
                        + Math.max(1, retryAfter.plusMillis(999).toSeconds())
                        + " s.",
                retryAfter);
    }
}
