package io.penstock.flow;

import io.penstock.store.BudgetStore;
import io.quarkus.runtime.Startup;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Says when a call may start, and refuses what would wait too long.
///
/// A call [enters][#enter] once, [awaits][#await] a permit before each attempt, tells the permit
/// how the attempt went, and closes its [seat][Seat] at its end. Whoever waits holds nothing:
/// permits are given back before a call backs off.
///
/// How many calls this process may have in flight is its own limit; how many the provider takes,
/// and how fast, is found out and kept for each group of models by a [Gate].
///
/// Thread-safe. Methods that wait block their thread, which is meant to be a virtual one.
@ApplicationScoped
@Startup
public class Admission {

    private final FlowConfig config;
    private final Clock shared;
    private final Leases leases;

    private final ReentrantLock lock = new ReentrantLock();
    private final Room room;
    private final Groups groups;
    private final Dispatch dispatch;

    Admission(FlowConfig config, BudgetStore budgets) {
        this.config = config.checked();
        this.room = new Room(config);
        this.shared = budgets.clock();
        this.leases = new Leases(this, config, budgets);
        this.groups = new Groups(config, leases::open);
        this.dispatch = new Dispatch(this, room, leases, new Alarm(lock, this::now, this::pump));
    }

    /// Lets a call in if there is room to run or to wait.
    ///
    /// @return null when there is none
    public @Nullable Seat enter() {
        return room.enter();
    }

    /// Lets a call in that goes on with what an earlier one has begun and paid for: it counts, and
    /// is not refused.
    public Seat enterAgain() {
        return room.enterAgain();
    }

    /// Lets a call in that bounds its like itself and has patience.
    public Seat enterPatiently() {
        return room.enterPatiently();
    }

    /// The longest that a new call waits which somebody waits for.
    public Duration maxWait() {
        return config.maxWait();
    }

    /// Waits until a call may start.
    ///
    /// @return a permit to close after the attempt, or why there is none
    /// @throws InterruptedException when the caller gave up
    public Decision await(Want want) throws InterruptedException {
        Waiter waiter;
        Gate gate;
        long untilNanos = Math.max(0, TimeUnit.NANOSECONDS.convert(want.longest()));
        lock.lockInterruptibly();
        try {
            long now = now();
            gate = gateOf(want.model());
            waiter = new Waiter(want, patientUntil(want, now, untilNanos));
            leases.watch(gate);
            room.asked(want, now);
            gate.add(waiter);
            dispatch.add(gate);
            pump();
        } finally {
            lock.unlock();
        }
        waiter.await();
        return outcome(waiter, gate);
    }

    private long patientUntil(Want want, long now, long untilNanos) {
        long untilMicros = now + untilNanos / 1000;
        Duration patience = want.patience();
        return patience == null
                ? untilMicros
                : Math.min(untilMicros, now + TimeUnit.NANOSECONDS.toMicros(patience.toNanos()));
    }

    private Decision outcome(Waiter waiter, Gate gate) throws InterruptedException {
        Decision decision;
        lock.lock();
        try {
            decision = waiter.decision();
            if (decision == null) {
                gate.remove(waiter);
                decision = tooLate(waiter, gate);
            }
        } finally {
            lock.unlock();
        }
        if (Thread.interrupted()) {
            if (decision instanceof Permit permit) {
                permit.close();
            }
            throw new InterruptedException();
        }
        return decision;
    }

    private Decision tooLate(Waiter waiter, Gate gate) {
        long now = now();
        long at = Math.max(gate.readyAt(waiter, now), gate.markMicros());
        return at > now && at != Gate.LATER
                ? new Decision.NotBefore(Room.bounded(micros(at - now)))
                : new Decision.Full(retryAfterWhenFull(gate));
    }

    /// Records the provider's word that no call to `model` may start for `wait`; the latest such
    /// moment counts, for every process.
    void notBefore(String model, Duration wait) {
        locked(() -> mark(gateOf(model), wait));
    }

    /// Takes note that another process had an answer of a model, which so is there.
    ///
    /// @param ago when the call had begun that was answered
    public void answeredElsewhere(String model, Duration ago) {
        change(() ->
                gateOf(model)
                        .answeredElsewhere(
                                model, now() - TimeUnit.NANOSECONDS.toMicros(ago.toNanos())));
    }

    /// When a caller that found no room may try again: true to the extent that calls take as long
    /// as the last ones did.
    public Duration retryAfterWhenFull() {
        return asked(() -> retryAfterWhenFull(null));
    }

    private Duration retryAfterWhenFull(@Nullable Gate gate) {
        return gate == null
                ? room.retryAfter(Integer.MAX_VALUE, Duration.ZERO)
                : room.retryAfter(gate.concurrencyLimit(), gate.backlog());
    }

    /// Calls that hold a permit.
    public int inFlight() {
        return asked(room::inFlight);
    }

    /// Calls that are in and hold no permit.
    public int waiting() {
        return asked(room::waiting);
    }

    /// What a caller may know of the limits that hold for `model`.
    public Rates rates(String model) {
        return asked(() -> {
            Gate gate = groups.budgeted(model);
            return gate == null ? Rates.UNKNOWN : gate.rates(now());
        });
    }

    /// How things stand with the configured budgets.
    public List<Standing> standings() {
        return asked(() -> {
            long now = now();
            return groups.budgeted().stream().map(gate -> standing(gate, now)).toList();
        });
    }

    /// Whether a configured budget limits the calls to `model`.
    public boolean isBudgeted(String model) {
        return groups.budgeted(model) != null;
    }

    /// How things stand with one model's group.
    public Standing standing(String model) {
        return asked(() -> standing(gateOf(model), now()));
    }

    private static Standing standing(Gate gate, long now) {
        return new Standing(
                gate.name(),
                gate.inFlight(),
                gate.waiting(),
                gate.concurrencyLimit(),
                micros(Math.max(0, gate.markMicros() - now)),
                gate.isBroken(),
                gate.rates(now));
    }

    void answered(Permit permit, long promptTokens, long completionTokens) {
        locked(() -> permit.gate().answered(permit, promptTokens, completionTokens, now()));
    }

    void refused(Permit permit, @Nullable Duration retryAfter, Rates rates) {
        locked(() -> {
            if (permit.gate().refused(permit, retryAfter, rates, now())) {
                tell(permit.gate());
            }
        });
    }

    void failed(Permit permit) {
        locked(() -> permit.gate().failed(permit, now()));
    }

    void notBefore(Permit permit, Duration wait) {
        locked(() -> {
            if (permit.gate().held(permit, wait, now())) {
                tell(permit.gate());
            }
        });
    }

    void learned(Permit permit, Rates rates) {
        locked(() -> permit.gate().learned(permit, rates));
    }

    void release(Permit permit) {
        long heldNanos = System.nanoTime() - permit.acquiredAtNanos();
        lock.lock();
        try {
            room.giveBack(permit.want(), heldNanos);
            permit.gate().ended(permit, now());
            pump();
            if (permit.gate().marks().isToTell()) {
                tell(permit.gate());
            }
        } finally {
            lock.unlock();
        }
    }

    private void locked(Runnable action) {
        lock.lock();
        try {
            action.run();
        } finally {
            lock.unlock();
        }
    }

    private <T extends @Nullable Object> T asked(Supplier<T> question) {
        lock.lock();
        try {
            return question.get();
        } finally {
            lock.unlock();
        }
    }

    /// Does something under the lock, and then lets start who may.
    void change(Runnable change) {
        lock.lock();
        try {
            change.run();
            pump();
        } finally {
            lock.unlock();
        }
    }

    /// Asks something under the lock, and then lets start who may.
    <T extends @Nullable Object> T ask(Supplier<T> question) {
        lock.lock();
        try {
            T answer = question.get();
            pump();
            return answer;
        } finally {
            lock.unlock();
        }
    }

    /// Unix microseconds in the time of the store.
    long now() {
        Instant instant = shared.instant();
        return TimeUnit.SECONDS.toMicros(instant.getEpochSecond())
                + TimeUnit.NANOSECONDS.toMicros(instant.getNano());
    }

    private void mark(Gate gate, Duration wait) {
        if (groups.isCrowded(gate)) {
            return;
        }
        long now = now();
        gate.mark(now + TimeUnit.NANOSECONDS.toMicros(wait.plus(leases.slack()).toNanos()), now);
        tell(gate);
    }

    private void tell(Gate gate) {
        if (!groups.isCrowded(gate)) {
            leases.marked(gate);
        }
    }

    private Gate gateOf(String model) {
        long now = now();
        return groups.of(model, gate -> gate.isIdle(now) && !dispatch.contains(gate));
    }

    private void pump() {
        dispatch.run(now());
    }

    static Duration micros(long micros) {
        return Duration.of(micros, ChronoUnit.MICROS);
    }
}
