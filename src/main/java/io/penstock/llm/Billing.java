package io.penstock.llm;

import io.penstock.access.Entry;
import io.penstock.access.KeyAccount;
import io.penstock.flow.Rates;
import io.penstock.store.Spent;
import io.penstock.store.StoreException;
import io.penstock.store.Tokens;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Holds calls to what the key may that they are made with, and notes what those in person have
/// used; what a batch has used is noted with its results. Thread-safe.
@ApplicationScoped
class Billing {

    /// A call without an answer: what the provider takes for its attempts nobody says.
    private static final Spent FAILED = new Spent(1, Tokens.NONE, 1);

    private static final Duration STORE_PAUSE = Duration.ofSeconds(5);

    private final Prices prices;

    Billing(Prices prices) {
        this.prices = prices;
    }

    /// Runs a call that has started, if its key lets it.
    ///
    /// @param longest that somebody waits who waits in person
    Outcome run(Call call, Duration longest, Supplier<Outcome> work) {
        KeyAccount account = KeyAccount.current();
        if (account == null) {
            return work.get();
        }
        long start = System.nanoTime();
        Entry entry;
        try {
            entry = enter(call, account, longest);
        } catch (InterruptedException stopping) {
            if (!call.isCancelled() && !call.isDraining()) {
                Thread.currentThread().interrupt();
            }
            return Failure.of(FailureKind.CANCELLED, "The call was cancelled.");
        } catch (StoreException away) {
            return Failure.of(
                    FailureKind.REJECTED,
                    "Penstock's store cannot be reached, so nobody knows what this key may use now; try"
                            + " again later.",
                    STORE_PAUSE);
        }
        Duration waited = Duration.ofNanos(System.nanoTime() - start);
        if (call.ask().job() != null) {
            call.waited(waited);
        } else {
            call.spentOutside(waited.toNanos());
        }
        return switch (entry) {
            case Entry.Later(String sentence, Duration retryAfter) ->
                    Failure.of(FailureKind.REJECTED, sentence, retryAfter);
            case Entry.Never(String code, String sentence) -> refused(code, sentence);
            case Entry.Open open -> run(call, account, open, work);
        };
    }

    private static Failure refused(String code, String sentence) {
        return code.equals(KeyAccount.SPENT)
                ? new Failure(FailureKind.QUOTA_EXHAUSTED, sentence, code, null)
                : new Failure(FailureKind.INVALID_REQUEST, sentence, code, null, 403, null, null);
    }

    private Entry enter(Call call, KeyAccount account, Duration longest)
            throws InterruptedException {
        if (account.isPriced() && !prices.knows(call.asked())) {
            return new Entry.Never(
                    "price_unknown",
                    "This key has a bound of what it may spend, and model "
                            + call.asked()
                            + " has no price (penstock.llm.prices): use another, or have its operator set"
                            + " one.");
        }
        return account.enter(Attempts.want(call, longest));
    }

    private Outcome run(Call call, KeyAccount account, Entry.Open open, Supplier<Outcome> work) {
        Usage usage = null;
        try {
            Outcome outcome = work.get();
            if (outcome instanceof Completion done) {
                usage = done.usage();
                note(call, account, done.model(), spent(done.model(), call.asked(), usage));
            } else if (call.attemptCount() > 0) {
                note(call, account, call.asked(), FAILED);
            }
            return outcome;
        } finally {
            if (usage == null) {
                account.leave(open, -1, 0);
            } else {
                account.leave(open, usage.promptTokens(), usage.completionTokens());
            }
            Rates own = account.rates();
            if (!own.equals(Rates.UNKNOWN)) {
                call.limitedBy(own);
            }
        }
    }

    private void note(Call call, KeyAccount account, String model, Spent spent) {
        if (call.ask().job() == null) {
            account.used(model, spent.plus(inVain(call)));
        } else {
            account.answered(model, spent);
        }
    }

    /// Attempts without an answer are paid for all the same.
    private Spent inVain(Call call) {
        return call.inVain().stream()
                .map(used -> new Spent(0, counted(used.model(), call.asked(), used.usage()), 0))
                .reduce(Spent.NONE, Spent::plus);
    }

    private Spent spent(String served, String asked, @Nullable Usage usage) {
        return usage == null
                ? new Spent(1, Tokens.NONE, 1)
                : new Spent(
                        1,
                        counted(served, asked, usage),
                        prices.knows(served) || prices.knows(asked) ? 0 : 1);
    }

    private Tokens counted(String served, String asked, Usage usage) {
        return prices.tokens(served, asked, usage).counted();
    }
}
