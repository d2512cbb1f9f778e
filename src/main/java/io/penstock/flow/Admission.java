package io.penstock.flow;

import io.penstock.store.BudgetStore;
import io.quarkus.runtime.Startup;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Says when a call may start, and refuses what would wait too long.
///
/// A call [enters][#enter] once, [awaits][#await] a permit before each attempt, tells the permit
/// how the attempt went, and [leaves][#leave] at its end. Whoever waits holds nothing: permits are
/// given back before a call backs off.
///
/// How many calls this process may have in flight is its own limit; how many the provider takes,
/// and how fast, is found out and kept for each group of models by a [Gate].
///
/// Thread-safe. Methods that wait block their thread, which is meant to be a virtual one.
@ApplicationScoped
@Startup
public class Admission {

    /// Waits shorter than this are waited for by everybody.
    private static final long SHORT_MICROS = 50_000;

    private final FlowConfig config;
    private final Clock shared;
    private final Leases leases;

    private final ReentrantLock lock = new ReentrantLock();
    private final Alarm alarm = new Alarm(lock, this::now, this::pump);
    private final Room room;
    private final Groups groups;
    private final Set<Gate> active = new LinkedHashSet<>();

    Admission(FlowConfig config, BudgetStore budgets) {
        this.config = config.checked();
        this.room = new Room(config);
        this.shared = budgets.clock();
        this.leases = new Leases(this, config, budgets);
        this.groups = new Groups(config, leases::open);
    }

    /// Lets a call in if there is room to run or to wait.
    ///
    /// @return whether it is in; only then it must [leave][#leave]
    public boolean enter() {
        return room.enter();
    }

    /// Lets a call in that goes on with what an earlier one has begun and paid for: it counts, and
    /// is not refused. Ends with [#leave].
    public void enterAgain() {
        room.enterAgain();
    }

    /// Ends what [#enter] began.
    public void leave() {
        room.leave();
    }

    /// Lets a call in that bounds its like itself and has patience.
    public void enterPatiently() {
        room.enterPatiently();
    }

    /// Ends what [#enterPatiently] began.
    public void leavePatiently() {
        room.leavePatiently();
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
            active.add(gate);
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
        return quietly(() -> retryAfterWhenFull(null));
    }

    private Duration retryAfterWhenFull(@Nullable Gate gate) {
        return gate == null
                ? room.retryAfter(Integer.MAX_VALUE, Duration.ZERO)
                : room.retryAfter(gate.concurrencyLimit(), gate.backlog());
    }

    /// Calls that hold a permit.
    public int inFlight() {
        return quietly(() -> room.inFlight());
    }

    /// Calls that are in and hold no permit.
    public int waiting() {
        return quietly(() -> room.waiting());
    }

    /// What a caller may know of the limits that hold for `model`.
    public Rates rates(String model) {
        return quietly(() -> {
            Gate gate = groups.budgeted(model);
            return gate == null ? Rates.UNKNOWN : gate.rates(now());
        });
    }

    /// How things stand at a group of models.
    ///
    /// @param concurrencyLimit calls in flight that the provider is thought to take from this
    ///   process
    /// @param notBefore for how long no call may start
    /// @param broken whether the models are left alone for their failures
    public record Standing(
            String group,
            int inFlight,
            int waiting,
            int concurrencyLimit,
            Duration notBefore,
            boolean broken,
            Rates rates) {}

    /// How things stand with the configured budgets.
    public List<Standing> standings() {
        return quietly(() -> {
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
        return quietly(() -> standing(gateOf(model), now()));
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
            if (permit.gate().isToTell()) {
                tell(permit.gate());
            }
        } finally {
            lock.unlock();
        }
    }

    private void locked(Runnable change) {
        lock.lock();
        try {
            change.run();
        } finally {
            lock.unlock();
        }
    }

    private <T> T quietly(Supplier<T> question) {
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
        return groups.of(model, gate -> gate.isIdle(now) && !active.contains(gate));
    }

    /// Lets start who may, tells who waits in vain, and sets the timer for the next moment at which
    /// somebody may start.
    private void pump() {
        long now = now();
        boolean started = true;
        while (started && room.isFree()) {
            started = false;
            for (Gate gate : List.copyOf(active)) {
                started |= room.isFree() && startOne(gate, now);
            }
        }
        long next = Gate.LATER;
        Collection<Gate> idle = new ArrayList<>();
        for (Gate gate : active) {
            if (gate.waiting() == 0) {
                idle.add(gate);
                continue;
            }
            leases.order(gate, now);
            next = Math.min(next, nextAt(gate, now));
        }
        active.removeAll(idle);
        alarm.set(next);
    }

    private boolean startOne(Gate gate, long now) {
        Waiter head = gate.head(room.isFreeForJobs(now));
        if (head == null || gate.readyAt(head, now) > now) {
            return false;
        }
        Start start = gate.start(head, now);
        room.take(head.want());
        head.decide(new Permit(this, gate, head.want(), start));
        return true;
    }

    private long nextAt(Gate gate, long now) {
        Waiter head = gate.head(true);
        if (head == null) {
            return Gate.LATER;
        }
        long ready = gate.readyAt(head, now);
        long at = ready == Gate.LATER ? ready : Math.max(ready, gate.markMicros());
        if (at != Gate.LATER && at - now > SHORT_MICROS) {
            List<Waiter> impatient = new ArrayList<>();
            gate.forEachWaiter(waiter -> {
                if (waiter.patientUntil() < at) {
                    impatient.add(waiter);
                }
            });
            for (Waiter waiter : impatient) {
                gate.remove(waiter);
                waiter.decide(new Decision.NotBefore(Room.bounded(micros(at - now))));
            }
        }
        // Who may start now waits for a permit of the process.
        return ready <= now ? Gate.LATER : ready;
    }

    private static Duration micros(long micros) {
        return Duration.of(micros, ChronoUnit.MICROS);
    }
}
