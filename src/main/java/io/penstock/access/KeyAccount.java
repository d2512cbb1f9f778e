package io.penstock.access;

import io.penstock.flow.Permit;
import io.penstock.flow.Rates;
import io.penstock.flow.Want;
import io.penstock.store.Grant;
import io.penstock.store.Owner;
import io.penstock.store.Spent;
import io.penstock.store.UsageSheets;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One key at work in this process: says of each call whether it may begin, and keeps what it has
/// used. Made by [KeyAccounts]. Thread-safe.
public final class KeyAccount {

    private static final ScopedValue<KeyAccount> CURRENT = ScopedValue.newInstance();

    /// The code of an [Entry.Never] of a key that has spent what it may.
    public static final String SPENT = "budget_spent";

    private final KeyLimits limits;
    private final KeySpend ledger;

    /// What a part's calls have used and is not noted; guarded by itself, as is `ended`.
    private final Map<String, Spent> answered = new HashMap<>();

    private boolean ended;
    private volatile Spent recorded = Spent.NONE;

    KeyAccount(KeyLimits limits, KeySpend ledger) {
        this.limits = limits;
        this.ledger = ledger;
    }

    /// The account on which the present thread's calls are; null where callers need no key.
    public static @Nullable KeyAccount current() {
        return CURRENT.isBound() ? CURRENT.get() : null;
    }

    /// Does something on an account.
    ///
    /// @param account null for nobody's
    public static <R, X extends Throwable> R on(
            @Nullable KeyAccount account, ScopedValue.CallableOp<? extends R, X> work) throws X {
        return account == null ? work.call() : ScopedValue.where(CURRENT, account).<R, X>call(work);
    }

    /// Something to do that has no result.
    ///
    /// @param <X> that it throws
    @FunctionalInterface
    public interface Doing<X extends Exception> {

        void run() throws X;
    }

    /// Does something on an account that has no result.
    ///
    /// @param account null for nobody's
    public static <X extends Exception> void run(@Nullable KeyAccount account, Doing<X> work)
            throws X {
        on(
                account,
                () -> {
                    work.run();
                    return true;
                });
    }

    /// Holds it to what its key says now.
    void holdTo(Owner now) {
        limits.holdTo(now.grant());
    }

    /// Whether its key bounds what it may spend.
    public boolean isPriced() {
        return limits.grant().isPriced();
    }

    /// What a caller may know of its key's rates.
    public Rates rates() {
        return limits.rates();
    }

    /// Waits until a call may begin, or says why it may not.
    ///
    /// @throws io.penstock.store.StoreException when nobody knows what the key has spent; trying
    ///   again later makes sense
    public Entry enter(Want want) throws InterruptedException {
        Grant grant = limits.grant();
        if (!grant.allows(want.model())) {
            return new Entry.Never(
                    "model_not_allowed",
                    "This key may not use model "
                            + want.model()
                            + "; its models are "
                            + String.join(", ", grant.models())
                            + ".");
        }
        Entry.Never spent = spent(grant);
        return spent == null ? limits.enter(want) : spent;
    }

    private Entry.@Nullable Never spent(Grant grant) {
        BigDecimal day = grant.spendPerDay();
        BigDecimal month = grant.spendPerMonth();
        if (day != null && isSpent(ledger.today(), day)) {
            return never("day", ledger.today(), day);
        }
        return month != null && isSpent(ledger.thisMonth(), month)
                ? never("month", ledger.thisMonth(), month)
                : null;
    }

    private static boolean isSpent(Spent spent, BigDecimal most) {
        return spent.tokens().cost().compareTo(most) >= 0;
    }

    private static Entry.Never never(String time, Spent spent, BigDecimal most) {
        return new Entry.Never(
                SPENT,
                "This key has spent "
                        + spent.tokens().cost().stripTrailingZeros().toPlainString()
                        + " this "
                        + time
                        + " and may spend "
                        + most.toPlainString()
                        + ": wait for the next "
                        + time
                        + " (UTC), or have its operator allow more.");
    }

    /// Ends what [#enter] opened.
    ///
    /// @param promptTokens that it has used; negative where nobody knows
    public void leave(Entry.Open entry, long promptTokens, long completionTokens) {
        Permit permit = entry.permit();
        if (permit != null) {
            permit.answered(promptTokens, completionTokens);
            permit.close();
        }
    }

    /// Notes what a call in person has used, before its caller hears of it.
    public void used(String model, Spent spent) {
        ledger.used(model, spent);
    }

    /// The same account for a part of a batch, which keeps what its calls have used until it is
    /// noted with its results.
    public KeyAccount apart() {
        return new KeyAccount(limits, ledger);
    }

    /// Keeps what a call of a batch has used. After the [end][#end] it is nothing that is going to
    /// be noted.
    public void answered(String model, Spent spent) {
        synchronized (answered) {
            if (!ended) {
                answered.merge(model, spent, Spent::plus);
                ledger.expect(spent);
            }
        }
    }

    /// Notes what a part of a batch has come to in all, in the one thread that records it; noting
    /// it again changes nothing.
    ///
    /// @param day on which the batch was made
    /// @param otherModel to which is put down what nobody says the model of
    public void recorded(LocalDate day, UsageSheets.Source source, Spent inAll, String otherModel) {
        if (inAll.equals(recorded)) {
            return;
        }
        Map<String, Spent> parts;
        synchronized (answered) {
            parts = Map.copyOf(answered);
        }
        ledger.recorded(day, source, inAll, parts, otherModel);
        recorded = inAll;
        synchronized (answered) {
            parts.forEach((model, noted) -> {
                ledger.expect(Spent.NONE.minus(noted));
                answered.merge(model, noted, Spent::minus);
            });
            answered.values().removeIf(Spent.NONE::equals);
        }
    }

    /// Ends a part: what is not noted by now was not recorded, and whoever goes on with the batch
    /// calls for it again.
    public void end() {
        synchronized (answered) {
            ended = true;
            answered.values().forEach(lost -> ledger.expect(Spent.NONE.minus(lost)));
            answered.clear();
        }
    }
}
