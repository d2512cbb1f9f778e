package io.penstock.llm;

import io.penstock.access.KeyAccount;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What one run of an AI service asks of models, however many calls that takes, and what they have
/// come to. May be read from any thread.
///
/// It goes along with the request context ([WorkInHand]), in which a run is, also where a timeout
/// makes the run go on in another thread.
public final class Work {

    private final CallsInTurn calls;
    private final @Nullable Wanted wanted;

    private final Object lock = new Object();
    private @Nullable Usage usage;
    private long costNanos;
    private @Nullable Completion last;
    private volatile boolean answered;
    private volatile @Nullable KeyAccount account;

    private Work(CallsInTurn calls, @Nullable Wanted wanted) {
        this.calls = calls;
        this.wanted = wanted;
    }

    /// @param limit for the attempts of all calls and the pauses between them; null for the
    ///   configured one
    /// @param job whose work it is; null when somebody waits for its end
    /// @param wanted what its answers have to be like; null for any
    public static Work of(
            @Nullable Duration limit, Call.@Nullable JobTerms job, @Nullable Wanted wanted) {
        return new Work(new CallsInTurn(limit, job, 0), wanted);
    }

    /// Work among other calls for the same end.
    public static Work of(CallsInTurn calls, Wanted wanted) {
        return new Work(calls, wanted);
    }

    /// Its calls, by which it is ended.
    public CallsInTurn calls() {
        return calls;
    }

    /// Puts its calls on an account, whichever thread makes them.
    void on(@Nullable KeyAccount its) {
        account = its;
    }

    /// Null where callers need no key.
    @Nullable KeyAccount account() {
        return account;
    }

    /// Notes whether the AI service's own method has answered, and nothing in its place.
    public void answered(boolean itself) {
        answered = itself;
    }

    public boolean isAnswered() {
        return answered;
    }

    /// What its answers have used together; null when that is not known of any.
    public @Nullable Usage usage() {
        synchronized (lock) {
            return usage;
        }
    }

    /// What they have cost, in billionths of the prices' currency.
    public long costNanos() {
        synchronized (lock) {
            return costNanos;
        }
    }

    /// The last answer of a model; null as long as there is none.
    public @Nullable Completion last() {
        synchronized (lock) {
            return last;
        }
    }

    @Nullable Wanted wanted() {
        return wanted;
    }

    /// The next of its calls.
    ///
    /// @param deltas takes the answer piece by piece; null for the whole answer at once
    Call begin(Prompt prompt, Duration defaultLimit, @Nullable Consumer<String> deltas) {
        return calls.begin(
                prompt, defaultLimit, deltas, new Call.StageTerms(null, calls.hasBegun()));
    }

    /// Goes on after a call.
    ///
    /// @param costs what an answer costs, in billionths
    void ended(Call call, Outcome outcome, long costs) {
        calls.ended(call);
        if (outcome instanceof Completion done) {
            synchronized (lock) {
                last = done;
                costNanos += costs;
                Usage one = done.usage();
                if (one != null) {
                    usage = usage == null ? one : usage.plus(one);
                }
            }
        }
    }
}
