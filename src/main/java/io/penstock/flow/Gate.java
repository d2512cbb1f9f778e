package io.penstock.flow;

import io.penstock.store.Budget;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Where the calls to one group of models start: who is in line, what the group's limits are, and
/// how much of them this process may use. Guarded by the lock of [Admission]. Times are Unix
/// microseconds in the time of the budgets' store.
final class Gate {

    /// Never before something else happens: an answer, a lease.
    static final long LATER = Long.MAX_VALUE;

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
    private static final long EARLY = LEAD + BLOCK + 150_000;

    /// What is refused right after a mark, by others too, is known after so long: till then none
    /// start but those that could before.
    private static final long NEWS = 150_000;

    /// Of the running averages: the last few dozen calls count.
    private static final double WEIGHT = 1 / 32.0;

    private final String name;
    private final FlowConfig.@Nullable BudgetConfig configured;
    private final Breaker breaker;
    private final Concurrency concurrency;
    private final @Nullable Line requests;
    private final @Nullable Line tokens;
    private final Pace requestPace = new Pace();
    private final Pace tokenPace = new Pace();

    private final Queue<Waiter> queue = new Queue<>();
    private int inFlight;
    private int held = Integer.MAX_VALUE;
    private long heldUntil = LATER;
    private boolean unseen;
    private long lookedMicros;
    private long markMicros;
    private Budget known;

    /// When a lease may be had, as far as is known.
    private long leaseAt;

    private boolean wantsLease;

    // English text has four bytes a token; the first answer says more.
    private double bytesPerToken = 4;
    private double answerTokens = 256;
    private long answers;

    private int recentCount;
    private int recentBefore;
    private long recentSince;

    Gate(String name, FlowConfig config, FlowConfig.@Nullable BudgetConfig configured) {
        this.name = name;
        this.configured = configured;
        this.breaker = new Breaker(config.breakerFailures());
        this.concurrency = new Concurrency(config.startConcurrency(), config.maxConcurrency());
        this.requests = configured == null ? null : line(configured.requestsPerMinute());
        this.tokens = configured == null ? null : line(configured.tokensPerMinute());
        this.known = Budget.fresh(name);
    }

    private static @Nullable Line line(OptionalLong perMinute) {
        return perMinute.isEmpty() ? null : new Line(USED_SHARE * perMinute.getAsLong());
    }

    String name() {
        return name;
    }

    FlowConfig.@Nullable BudgetConfig configured() {
        return configured;
    }

    /// Whether the models are known to be some, and not only names that callers made up.
    boolean isKnown() {
        return configured != null || breaker.hasAnswers();
    }

    /// Calls in flight that the budget allows to all processes together.
    int maxInFlight() {
        return configured == null
                ? Integer.MAX_VALUE
                : configured.maxInFlight().orElse(Integer.MAX_VALUE);
    }

    int inFlight() {
        return inFlight;
    }

    int waiting() {
        return queue.size();
    }

    int concurrencyLimit() {
        return Math.min(concurrency.limit(), held);
    }

    boolean isIdle(long now) {
        return queue.size() == 0 && inFlight == 0 && markMicros <= now && configured == null;
    }

    /// Tokens that a call is likely to use, as far as is known now.
    double estimate(Want want) {
        Integer bound = want.maxTokens();
        return want.promptBytes() / bytesPerToken + (bound != null ? bound : answerTokens);
    }

    void add(Waiter waiter) {
        if (!unseen) {
            waiter.begin();
        }
        queue.add(waiter.want().job(), waiter);
    }

    void remove(Waiter waiter) {
        queue.remove(waiter.want().job(), waiter);
    }

    void forEachWaiter(Consumer<Waiter> action) {
        queue.forEach(action);
    }

    /// Whose turn it is; null when nobody's.
    @Nullable Waiter head(boolean jobsToo) {
        return queue.head(jobsToo);
    }

    /// When the one whose turn it is may start: [#LATER] when that takes more than time.
    long readyAt(Waiter head, long now) {
        long pause = Math.max(markMicros, breaker.until());
        if (pause > now) {
            return pause;
        }
        if (unseen || breaker.isProbing() || inFlight >= held || now >= heldUntil) {
            return LATER;
        }
        if (inFlight >= concurrency.limit()) {
            long at = concurrency.growsAt(now);
            if (at != LATER) {
                at = Math.max(at, markMicros + NEWS);
            }
            if (at > now) {
                return at;
            }
        }
        long early = head.want().job() == null ? EARLY : 0;
        long byRequests = readyAt(requests, requestPace, 1, now, early);
        long byTokens = readyAt(tokens, tokenPace, estimate(head.want()), now, early);
        if (byRequests == Line.LEASE || byTokens == Line.LEASE) {
            wantsLease = true;
            return leaseAt > now ? leaseAt : LATER;
        }
        return Math.max(now, Math.max(byRequests, byTokens));
    }

    private static long readyAt(
            @Nullable Line line, Pace pace, double units, long now, long early) {
        if (line == null) {
            return pace.isKnown() ? pace.readyAt() : now;
        }
        long at = line.readyAt(units, now);
        return at == Line.LEASE ? at : at - early;
    }

    /// Lets the one start whose turn it is, as [#readyAt] has allowed.
    ///
    /// @return the tokens that are taken for it
    double start(Waiter head, long now) {
        queue.start(head.want().job(), head.want().weight(), head);
        if (inFlight >= concurrency.limit()) {
            concurrency.grow(now);
        }
        inFlight++;
        breaker.started(head.want());
        take(requests, requestPace, 1, now);
        double estimate = estimate(head.want());
        take(tokens, tokenPace, estimate, now);
        if (now - recentSince > BLOCK) {
            recentBefore = now - recentSince > 2 * BLOCK ? 0 : recentCount;
            recentCount = 0;
            recentSince = now;
        }
        recentCount++;
        if (queue.size() > 0
                && ((requests != null && requests.left() < 0.3 * BLOCK / requests.unit())
                        || (tokens != null && tokens.left() < 0.3 * BLOCK / tokens.unit()))) {
            wantsLease = true;
        }
        return estimate;
    }

    private static void take(@Nullable Line line, Pace pace, double units, long now) {
        if (line != null) {
            line.take(units);
        } else if (pace.isKnown()) {
            pace.take(units, now);
        }
    }

    void ended(Permit permit) {
        inFlight--;
        breaker.ended(permit.want());
    }

    void answered(Permit permit, long promptTokens, long completionTokens, long now) {
        breaker.answered(permit);
        concurrency.answered(permit.startedMicros(), permit.besides(), inFlight - 1, now);
        if (promptTokens < 0) {
            return;
        }
        if (tokens != null) {
            tokens.correct(permit.reservedTokens() - promptTokens - completionTokens);
        }
        answers++;
        double weight = Math.max(WEIGHT, 1.0 / answers);
        long bytes = permit.want().promptBytes();
        if (promptTokens > 0 && bytes > 0) {
            bytesPerToken += weight * (bytes / (double) promptTokens - bytesPerToken);
        }
        answerTokens += weight * (completionTokens - answerTokens);
    }

    /// Takes note of what another process was answered.
    void answeredElsewhere(String model, long startedMicros) {
        breaker.answeredElsewhere(model, startedMicros);
    }

    /// @param rates a limit that is used up is the reason of the refusal, and not how many calls
    ///   are in flight
    void refused(Permit permit, @Nullable Duration retryAfter, Rates rates, long now) {
        breaker.refused();
        Long requestsLeft = rates.requestsLeft();
        Long tokensLeft = rates.tokensLeft();
        boolean usedUp =
                (requestsLeft != null && requestsLeft == 0)
                        || (tokensLeft != null && tokensLeft < permit.reservedTokens());
        concurrency.refused(
                permit.startedMicros(), permit.besides(), inFlight - 1, now, retryAfter, !usedUp);
    }

    void failed(Permit permit, long now) {
        if (breaker.failed(permit, now)) {
            concurrency.failed(now);
        }
    }

    void learned(Rates rates) {
        if (requests == null) {
            requestPace.learned(rates.requestLimit(), rates.requestsLeft());
        }
        if (tokens == null) {
            tokenPace.learned(rates.tokenLimit(), rates.tokensLeft());
        }
    }

    /// @return whether it is later than what was known
    boolean mark(long until) {
        if (until <= markMicros) {
            return false;
        }
        markMicros = until;
        return true;
    }

    long markMicros() {
        return markMicros;
    }

    /// Whether the model is left alone because it has failed too often.
    boolean isBroken() {
        return breaker.isOpen();
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

    void seen(Budget stored) {
        if (stored.version() >= known.version()) {
            known = stored;
        }
        Instant notBefore = stored.notBefore();
        if (notBefore != null) {
            mark(notBefore.toEpochMilli() * 1000);
        }
    }

    /// Until this process has looked for what others know, no call starts.
    void unseen() {
        unseen = true;
    }

    /// It has looked, or tried to.
    void lookedAt(long now) {
        if (unseen) {
            unseen = false;
            queue.forEach(Waiter::begin);
        }
        lookedMicros = now;
    }

    /// Whether the last look was before that.
    boolean seenBefore(long micros) {
        return !unseen && lookedMicros < micros;
    }

    /// @param until when it lapses
    void hold(int permits, long until) {
        held = permits;
        heldUntil = until;
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
    Order order(Budget stored, long now) {
        Waiter head = head(true);
        if (head == null) {
            wantsLease = false;
            return new Order.Enough();
        }
        long ahead = head.want().job() == null ? EARLY : LEAD;
        double estimate = estimate(head.want());
        int calls = Math.max(queue.size(), Math.max(recentCount, recentBefore));
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

    /// When a call that finds no room now may be able to start, for those who are told to come
    /// back.
    Duration backlog() {
        double micros = 0;
        if (requests != null) {
            micros = queue.size() * requests.unit();
        }
        return Duration.ofNanos((long) (micros * 1000));
    }

    /// What a caller may know of a configured rate: how much of a minute's is left now.
    Rates rates(long now) {
        if (configured == null) {
            return Rates.UNKNOWN;
        }
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
