package io.penstock.flow;

import io.penstock.store.Budget;
import io.penstock.store.Budget.Holding;
import io.penstock.store.BudgetStore;
import io.penstock.store.StoreException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// What this process has of the budgets that all share: leases more of a rate when there is need,
/// tells and learns the provider's marks, and shares out the calls in flight.
///
/// All talk with the store is done by virtual threads, at most one of a kind for each gate, without
/// the lock of [Admission]; the sets that say who is under way are guarded by it.
final class Leases {

    private static final Logger LOG = Logger.getLogger(Leases.class);

    private static final long STORE_PAUSE_MICROS = 1_000_000;

    /// So that processes that wait for the same moment do not all come at once.
    private static final long JITTER_MICROS = 60_000;

    /// A mark that ends so soon after another is not told.
    private static final Duration SAME_MARK = Duration.ofMillis(20);

    /// How long a gate is watched after its last call.
    private static final long WATCHED_MICROS = 5_000_000;

    /// For how long a process may count on its calls in flight; a dead one's come free then.
    private static final Duration HOLDING = Duration.ofSeconds(8);

    private final Admission admission;
    private final BudgetStore budgets;
    private final boolean isShared;
    private final Duration refresh;
    private final String holder = UUID.randomUUID().toString();
    private final Set<Gate> ordering = new HashSet<>();
    private final Set<Gate> marking = new HashSet<>();
    private final Set<Gate> watched = new HashSet<>();

    Leases(Admission admission, FlowConfig config, BudgetStore budgets) {
        this.admission = admission;
        this.budgets = budgets;
        this.isShared = budgets.isShared();
        this.refresh = config.refresh();
    }

    /// Prepares a gate that has a budget.
    void open(Gate gate) {
        int most = maxInFlight(gate);
        gate.hold(isShared && most < Integer.MAX_VALUE ? 0 : most);
    }

    /// Orders a lease if the gate wants one. Under the lock.
    void order(Gate gate, long now) {
        if (gate.wantsLease(now) && ordering.add(gate)) {
            Thread.ofVirtual().name("lease").start(() -> lease(gate));
        }
    }

    /// How much longer each mark is to be, so that it holds also for one that is not told.
    Duration slack() {
        return isShared ? SAME_MARK : Duration.ZERO;
    }

    /// Tells the others of a mark. Under the lock.
    void marked(Gate gate) {
        if (isShared && marking.add(gate)) {
            Thread.ofVirtual().name("mark").start(() -> tell(gate));
        }
    }

    /// Looks from now on for what others know. Under the lock.
    void watch(Gate gate) {
        if (isShared && watched.add(gate)) {
            gate.unseen(true);
            Thread.ofVirtual().name("watch").start(() -> look(gate));
        }
    }

    private void lease(Gate gate) {
        try {
            Budget stored = isShared ? stored(gate) : loaded(gate);
            while (true) {
                Budget before = stored;
                long now = admission.now();
                Gate.Order[] order = new Gate.Order[1];
                admission.change(() -> order[0] = gate.order(before, now));
                if (order[0] instanceof Gate.Order.Take(Budget next)) {
                    if (budgets.replace(next)) {
                        admission.change(() -> {
                            gate.leased(before, next, now);
                            ordering.remove(gate);
                        });
                        return;
                    }
                    stored = stored(gate);
                    continue;
                }
                admission.change(() -> {
                    gate.seen(before);
                    if (order[0] instanceof Gate.Order.Later(long at)) {
                        gate.leaseLater(at + jitter());
                    }
                    ordering.remove(gate);
                });
                return;
            }
        } catch (StoreException failed) {
            LOG.warnf(
                    "The budget %s cannot be kept now, and its calls wait: %s",
                    gate.name(), failed.getMessage());
            admission.change(() -> {
                gate.leaseLater(admission.now() + STORE_PAUSE_MICROS);
                ordering.remove(gate);
            });
        }
    }

    private Budget stored(Gate gate) {
        return budgets.budget(gate.name()).orElse(Budget.fresh(gate.name()));
    }

    /// What a process knows that is alone with its store.
    private Budget loaded(Gate gate) {
        Budget known = gate.known();
        return known.version() == 0 ? stored(gate) : known;
    }

    private long jitter() {
        return isShared ? ThreadLocalRandom.current().nextLong(JITTER_MICROS) : 0;
    }

    private void tell(Gate gate) {
        try {
            // What was seen last is tried first: the sooner the others know, the better. Once told
            // it is looked at again, for the mark may have become later meanwhile.
            Budget[] seen = new Budget[1];
            admission.change(() -> seen[0] = gate.known());
            Budget marked;
            while ((marked = untold(gate, seen[0])) != null) {
                Budget next = marked;
                if (budgets.replace(next)) {
                    admission.change(() -> gate.seen(next));
                    seen[0] = next;
                } else {
                    seen[0] = stored(gate);
                }
            }
        } catch (StoreException failed) {
            LOG.debugf("Others are not told to wait for %s: %s", gate.name(), failed.getMessage());
            admission.change(() -> marking.remove(gate));
        }
    }

    /// What to store for the others to know of the mark; null, and nobody is telling any more, when
    /// they do.
    private @Nullable Budget untold(Gate gate, Budget stored) {
        Budget[] marked = new Budget[1];
        admission.change(() -> {
            Instant until = Instant.ofEpochMilli(Math.ceilDiv(gate.markMicros(), 1000));
            Instant known = stored.notBefore();
            if (known == null || known.plus(SAME_MARK).isBefore(until)) {
                marked[0] = stored.marked(until);
            } else {
                marking.remove(gate);
            }
        });
        return marked[0];
    }

    private void look(Gate gate) {
        long busyAt = admission.now();
        boolean reported = false;
        while (admission.now() - busyAt < WATCHED_MICROS) {
            try {
                Budget stored = stored(gate);
                boolean[] busy = new boolean[1];
                admission.change(() -> {
                    gate.seen(stored);
                    gate.unseen(false);
                    busy[0] = gate.waiting() + gate.inFlight() > 0;
                });
                if (busy[0]) {
                    busyAt = admission.now();
                }
                share(gate, stored);
                reported = false;
            } catch (StoreException failed) {
                if (!reported) {
                    LOG.warnf(
                            "What others know of %s cannot be seen now: %s",
                            gate.name(), failed.getMessage());
                    reported = true;
                }
                admission.change(() -> gate.unseen(false));
            }
            LockSupport.parkNanos(refresh.toNanos());
        }
        admission.change(() -> {
            watched.remove(gate);
            if (gate.waiting() > 0) {
                watch(gate);
            }
        });
    }

    /// Takes or gives back calls in flight, so that all who want more have equally many.
    private void share(Gate gate, Budget stored) {
        int most = maxInFlight(gate);
        if (most == Integer.MAX_VALUE) {
            return;
        }
        Instant now = Instant.ofEpochMilli(TimeUnit.MICROSECONDS.toMillis(admission.now()));
        List<Holding> others = new ArrayList<>();
        int taken = 0;
        boolean starving = false;
        int sharers = 1;
        Holding mine = new Holding(holder, 0, 0, Instant.MIN);
        for (Holding one : stored.holdings()) {
            if (one.holder().equals(holder)) {
                mine = one;
            } else if (one.until().isAfter(now)) {
                others.add(one);
                taken += one.permits();
                starving |= one.wanted() > one.permits();
                sharers += one.wanted() > 0 ? 1 : 0;
            }
        }
        if (!mine.until().isAfter(now)) {
            // Lapsed: others may have taken it.
            admission.change(() -> gate.hold(0));
            mine = new Holding(holder, 0, 0, Instant.MIN);
        }
        int[] use = new int[2];
        admission.change(() -> {
            use[0] = gate.inFlight();
            use[1] = gate.inFlight() + gate.waiting();
        });
        int wanted = Math.min(most, use[1]);
        int goal = Math.min(wanted, starving ? Math.max(1, most / sharers) : most);
        // What is in flight is still taken, but from now on no more than the goal is started.
        int stillTaken = Math.min(use[0], mine.permits());
        int next = Math.clamp(Math.max(goal, stillTaken), 0, Math.max(0, most - taken));
        int until = Math.min(goal, mine.permits());
        admission.change(() -> gate.hold(until));
        boolean due = mine.until().isBefore(now.plus(HOLDING.dividedBy(2)));
        if (next == mine.permits() && wantsTheSame(wanted, mine) && !(due && use[1] > 0)) {
            return;
        }
        List<Holding> all = new ArrayList<>(others);
        if (use[1] > 0) {
            all.add(new Holding(holder, next, wanted, now.plus(HOLDING)));
        }
        if (budgets.replace(stored.held(all))) {
            admission.change(() -> gate.hold(Math.min(goal, next)));
        }
    }

    /// Others need to know whether it starves, not by how many calls.
    private static boolean wantsTheSame(int wanted, Holding mine) {
        return (wanted > mine.permits()) == (mine.wanted() > mine.permits())
                && (wanted > 0) == (mine.wanted() > 0);
    }

    private static int maxInFlight(Gate gate) {
        FlowConfig.BudgetConfig configured = gate.configured();
        return configured == null
                ? Integer.MAX_VALUE
                : configured.maxInFlight().orElse(Integer.MAX_VALUE);
    }
}
