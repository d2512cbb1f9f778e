package io.penstock.flow;

import io.penstock.store.Budget;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Where the calls to one group of models start: who is in line, and which of the group's limits
/// lets the next one start when. Guarded by the lock of [Admission]. Times are Unix microseconds in
/// the time of the budgets' store.
final class Gate {

    /// Never before something else happens: an answer, a lease.
    static final long LATER = Long.MAX_VALUE;

    private final String name;
    private final FlowConfig.@Nullable BudgetConfig configured;
    private final Breaker breaker;
    private final Halt halt = new Halt();
    private final Concurrency concurrency;
    private final Tempo tempo = new Tempo();
    private final Budgeted budget;
    private final Marks marks;
    private final Remainder requests = new Remainder();
    private final Remainder tokens = new Remainder();
    private final TokenEstimate estimate = new TokenEstimate();

    private final Queue<Waiter> queue = new Queue<>();

    private final Flight flight = new Flight();
    private int held = Integer.MAX_VALUE;
    private long heldUntil = LATER;
    private boolean unseen;
    private long lookedMicros;

    Gate(String name, FlowConfig config, FlowConfig.@Nullable BudgetConfig configured) {
        this.name = name;
        this.configured = configured;
        this.breaker = new Breaker(config.breakerFailures());
        this.concurrency = new Concurrency(config.startConcurrency(), config.maxConcurrency());
        this.budget = new Budgeted(name, configured);
        this.marks = new Marks(halt, concurrency, tempo, flight, budget);
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

    Budgeted budget() {
        return budget;
    }

    Marks marks() {
        return marks;
    }

    int inFlight() {
        return flight.size();
    }

    int waiting() {
        return queue.size();
    }

    int concurrencyLimit() {
        return Math.min(concurrency.limit(), held);
    }

    boolean isIdle(long now) {
        return queue.size() == 0 && flight.size() == 0 && markMicros() <= now && configured == null;
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
        long unbroken = breaker.until(head.want());
        if (unbroken > now) {
            return Math.max(unbroken, halt.end());
        }
        if (unseen || breaker.isProbing(head.want()) || flight.size() >= held || now >= heldUntil) {
            return LATER;
        }
        boolean inPerson = head.want().job() == null;
        long at = afterHold(now);
        at = Math.max(at, underLevel(inPerson, now));
        if (at > now) {
            return at;
        }
        double units = estimate.tokens(head.want());
        at = Math.max(now, tempo.readyAt(now));
        if (budget.requests == null) {
            at = Math.max(at, requests.readyAt(1, inPerson, now));
        }
        if (budget.tokens == null) {
            at = Math.max(at, tokens.readyAt(units, inPerson, now));
        }
        return Math.max(at, budget.readyAt(units, inPerson, now));
    }

    private long afterHold(long now) {
        if (halt.isOpen()) {
            return now;
        }
        long at = halt.until(flight.oldestSince(halt.firstMicros()), now);
        if (halt.isOpen()) {
            marks.opened();
            return now;
        }
        return isProbeDue(now) ? LATER : at;
    }

    private long underLevel(boolean inPerson, long now) {
        if (flight.size() < concurrency.limit()) {
            return now;
        }
        return concurrency.growsAt(inPerson, now);
    }

    /// Lets the one start whose turn it is, as [#readyAt] has allowed.
    Start start(Waiter head, long now) {
        Want want = head.want();
        queue.start(want.job(), want.weight(), head);
        if (flight.size() >= concurrency.limit()) {
            concurrency.grow(now);
        }
        int besides = flight.size();
        flight.started(now);
        breaker.started(want);
        halt.started(now);
        marks.started();
        tempo.started(now);
        concurrency.started(besides, now);
        double units = estimate.tokens(want);
        requests.take(1, now);
        tokens.take(units, now);
        budget.take(units, queue.size() > 0, now);
        return new Start(now, besides, units, requests.taken(), tokens.taken());
    }

    void ended(Permit permit, long now) {
        flight.ended(permit.startedMicros());
        breaker.ended(permit.want());
        halt.ended(permit.startedMicros(), now);
    }

    void answered(Permit permit, long promptTokens, long completionTokens, long now) {
        breaker.answered(permit);
        taken(permit.startedMicros());
        concurrency.answered(permit.startedMicros(), permit.besides(), flight.size() - 1, now);
        if (promptTokens < 0) {
            return;
        }
        double notUsed = permit.reservedTokens() - promptTokens - completionTokens;
        budget.correct(notUsed);
        tokens.correct(notUsed);
        estimate.answered(permit.want(), promptTokens, completionTokens);
    }

    /// Takes note of what another process was answered.
    void answeredElsewhere(String model, long startedMicros) {
        breaker.answeredElsewhere(model, startedMicros);
    }

    private void taken(long startedMicros) {
        if (halt.taken(startedMicros)) {
            marks.opened();
        }
    }

    /// @return whether others are to be told
    boolean refused(Permit permit, @Nullable Duration retryAfter, Rates rates, long now) {
        breaker.refused();
        boolean isProbe = halt.isProbe(permit.startedMicros());
        boolean isTold = held(permit, retryAfter, now);
        boolean noRequests = isUsedUp(rates.requestsLeft(), 1);
        boolean noTokens = isUsedUp(rates.tokensLeft(), permit.reservedTokens());
        if (noRequests) {
            requests.refused();
        }
        if (noTokens) {
            tokens.refused();
        }
        if (isProbe) {
            // It tells of everybody's refusal, and nothing of how many or how fast.
            return isTold;
        }
        boolean isLevel =
                concurrency.refused(
                        permit.startedMicros(),
                        permit.besides(),
                        flight.size() - 1,
                        now,
                        !noRequests && !noTokens,
                        halt.isPlain() || (marks.isAmongOthers() && tempo.isKnown()));
        if (!isLevel || tempo.isKnown()) {
            tempo.refused(permit.startedMicros(), now);
        }
        return isTold;
    }

    private static boolean isUsedUp(@Nullable Long left, double needed) {
        return left != null && left < needed;
    }

    /// Takes note that a call is told to come later.
    ///
    /// @return whether that holds for all, and others are to be told
    boolean held(Permit permit, @Nullable Duration retryAfter, long now) {
        long own = permit.startedMicros();
        halt.took(now - own);
        int unknown = 0;
        for (Map.Entry<Long, Integer> one : flight.newestSince(halt.firstMicros(own)).entrySet()) {
            if (one.getKey() != own && halt.isTaken(one.getKey(), now)) {
                taken(one.getKey());
                break;
            }
            unknown += one.getValue() - (one.getKey() == own ? 1 : 0);
        }
        return halt.refused(own, retryAfter, unknown, now);
    }

    void failed(Permit permit, long now) {
        if (breaker.failed(permit, now)) {
            concurrency.failed(now);
        }
    }

    void learned(Permit permit, Rates rates) {
        Start start = permit.start();
        requests.learned(
                rates.requestsLeft(), rates.requestReset(), start.requestsTaken(), start.micros());
        tokens.learned(rates.tokensLeft(), rates.tokenReset(), start.tokensTaken(), start.micros());
    }

    /// Nobody may start before.
    void mark(long until, long now) {
        halt.mark(until, now);
    }

    /// When the halt ends, as far as the provider has told.
    long markMicros() {
        return halt.end();
    }

    /// Whether the model is left alone because it has failed too often.
    boolean isBroken() {
        return breaker.isOpen();
    }

    /// Whether nothing but the breaker holds calls back, and not this one.
    boolean isBrokenForOthersOnly(Waiter waiter, long now) {
        return breaker.isOpen() && breaker.tellsNothing(waiter.want()) && markMicros() <= now;
    }

    /// Whether a call waits for this process to have the right to a probe.
    boolean isProbeDue(long now) {
        return queue.size() > 0 && marks.isProbeDue(now);
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

    /// How much to lease of the stored budget.
    Budgeted.Order order(Budget stored, long now) {
        Waiter head = head(true);
        return budget.order(
                stored, head, queue.size(), head == null ? 0 : estimate.tokens(head.want()), now);
    }

    /// When a call that finds no room now may be able to start, for those who are told to come
    /// back.
    Duration backlog() {
        return Duration.ofNanos((long) (budget.backlogMicros(queue.size()) * 1000));
    }

    /// What a caller may know of a configured rate.
    Rates rates(long now) {
        return configured == null ? Rates.UNKNOWN : budget.rates(now);
    }
}
