package io.penstock.flow;

import io.penstock.store.Budget;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// This process's part of a configured budget's rates: what it has leased, and when it wants more.
/// Guarded by the lock of [Admission]. Times are Unix microseconds in the time of the budgets'
/// store.
final class Budgeted {

    /// The share of a rate that is used. The rest, two seconds in a minute, is for calls that reach
    /// the provider earlier or later than others: the first ones of a process are late by the time
    /// that its code takes to load.
    private static final double USED_SHARE = 0.965;

    /// How much of a rate is leased at once, in time. A process that dies takes so much along.
    private static final long BLOCK = 450_000;

    /// How far ahead of time a rate may be leased, so that it is used to the full.
    private static final long LEAD = 600_000;

    /// How far ahead of its time a call may start that somebody waits for: the longest that jobs
    /// can have leased before it.
    static final long EARLY = LEAD + BLOCK + 150_000;

    final @Nullable Line requests;
    final @Nullable Line tokens;
    private Budget known;

    /// When a lease may be had, as far as is known.
    private long leaseAt;

    private boolean wantsLease;
    private int recentCount;
    private int recentBefore;
    private long recentSince;

    Budgeted(String name, FlowConfig.@Nullable BudgetConfig configured) {
        this.requests = configured == null ? null : line(configured.requestsPerMinute());
        this.tokens = configured == null ? null : line(configured.tokensPerMinute());
        this.known = Budget.fresh(name);
    }

    private static @Nullable Line line(OptionalLong perMinute) {
        return perMinute.isEmpty() ? null : new Line(USED_SHARE * perMinute.getAsLong());
    }

    /// When a call may start; [Gate#LATER] when that takes more than time.
    long readyAt(double estimate, boolean inPerson, long now) {
        long early = inPerson ? EARLY : 0;
        long byRequests = readyAt(requests, 1, now, early);
        long byTokens = readyAt(tokens, estimate, now, early);
        if (byRequests == Line.LEASE || byTokens == Line.LEASE) {
            wantsLease = true;
            return leaseAt > now ? leaseAt : Gate.LATER;
        }
        return Math.max(now, Math.max(byRequests, byTokens));
    }

    private static long readyAt(@Nullable Line line, double units, long now, long early) {
        if (line == null) {
            return now;
        }
        long at = line.readyAt(units, now);
        return at == Line.LEASE ? at : at - early;
    }

    void take(double estimate, boolean othersWait, long now) {
        if (requests != null) {
            requests.take(1);
        }
        if (tokens != null) {
            tokens.take(estimate);
        }
        if (now - recentSince > BLOCK) {
            recentBefore = now - recentSince > 2 * BLOCK ? 0 : recentCount;
            recentCount = 0;
            recentSince = now;
        }
        recentCount++;
        wantsLease |= othersWait && (isLow(requests) || isLow(tokens));
    }

    private static boolean isLow(@Nullable Line line) {
        return line != null && line.left() < 0.3 * BLOCK / line.unit();
    }

    void correct(double notUsed) {
        if (tokens != null) {
            tokens.correct(notUsed);
        }
    }

    boolean wantsLease(long now) {
        return wantsLease && leaseAt <= now;
    }

    void leaseLater(long at) {
        leaseAt = at;
    }

    /// The stored budget as last seen.
    Budget known() {
        return known;
    }

    /// @return whether it is newer than what was known
    boolean seen(Budget stored) {
        boolean isNewer = stored.version() > known.version();
        if (isNewer) {
            known = stored;
        }
        return isNewer;
    }

    /// What may come of an attempt to lease more.
    sealed interface Order {
        /// It is too early.
        record Later(long at) implements Order {}

        /// To be stored.
        record Take(Budget next) implements Order {}

        /// There is nothing to lease.
        record Enough() implements Order {}
    }

    /// How much to lease from the stored budget: for those who wait, or as many as lately have
    /// started, but no more than a block.
    ///
    /// @param head whose turn it is; null when nobody waits
    /// @param estimate its tokens
    Order order(Budget stored, @Nullable Waiter head, int waiting, double estimate, long now) {
        if (head == null) {
            wantsLease = false;
            return new Order.Enough();
        }
        long ahead = head.want().job() == null ? EARLY : LEAD;
        int calls = Math.max(waiting, Math.max(recentCount, recentBefore));
        long requestsFrom = Math.max(stored.requestsUntil(), now);
        long tokensFrom = Math.max(stored.tokensUntil(), now);
        long latest =
                Math.max(requests == null ? now : requestsFrom, tokens == null ? now : tokensFrom);
        if (latest - now > ahead) {
            return new Order.Later(latest - ahead);
        }
        long requestsUntil =
                requests == null
                        ? stored.requestsUntil()
                        : requestsFrom + micros(requests, calls, 1);
        long tokensUntil =
                tokens == null
                        ? stored.tokensUntil()
                        : tokensFrom + micros(tokens, calls * estimate, estimate);
        return new Order.Take(stored.taken(requestsUntil, tokensUntil));
    }

    private static long micros(Line line, double wanted, double least) {
        double units = Math.max(Math.min(wanted, BLOCK / line.unit()), least - line.left());
        return Math.round(Math.max(0, units) * line.unit());
    }

    /// Takes note of a lease that is stored now.
    void leased(Budget before, Budget after, long now) {
        if (requests != null) {
            requests.lease(Math.max(before.requestsUntil(), now), after.requestsUntil());
        }
        if (tokens != null) {
            tokens.lease(Math.max(before.tokensUntil(), now), after.tokensUntil());
        }
        known = after;
        wantsLease = false;
        leaseAt = 0;
    }

    /// When a call that finds no room now may be able to start.
    double backlogMicros(int waiting) {
        return requests == null ? 0 : waiting * requests.unit();
    }

    /// What a caller may know of a configured rate: how much of a minute's is left now.
    Rates rates(long now) {
        return new Rates(
                limit(requests),
                left(requests, known.requestsUntil(), now),
                limit(tokens),
                left(tokens, known.tokensUntil(), now));
    }

    private static @Nullable Long limit(@Nullable Line line) {
        return line == null ? null : Math.round(60_000_000 / line.unit());
    }

    private static @Nullable Long left(@Nullable Line line, long takenUntil, long now) {
        if (line == null) {
            return null;
        }
        long free = Math.clamp(now + EARLY - takenUntil, 0, EARLY);
        return (long) (free / line.unit() + Math.max(0, line.left()));
    }
}
