package io.penstock.flow;

import io.penstock.store.Budget;
import io.penstock.store.BudgetStore;
import io.penstock.store.StoreException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// What this process has of the budgets that all share: leases more of a rate when there is need,
/// tells the provider's marks, and has each gate [watched][Watch] while it is used.
///
/// All talk with the store is done by virtual threads, at most one of a kind for each gate, without
/// the lock of [Admission]; the maps that say who is under way are guarded by it.
final class Leases {

    private static final Logger LOG = Logger.getLogger(Leases.class);

    private static final long STORE_PAUSE_MICROS = 1_000_000;

    /// So that processes that wait for the same moment do not all come at once.
    private static final long JITTER_MICROS = 60_000;

    /// So that two do not claim the same probe at once.
    private static final long APART_MICROS = 10_000;

    private static final int HOLDER_BYTES = 6;

    /// A look that is older than this is of before a freeze, and the next one comes first. A store
    /// takes less.
    private static final long STALE_MICROS = 5_000_000;

    private final Admission admission;
    private final BudgetStore budgets;
    private final boolean isShared;
    private final Duration refresh;
    private final String holder = holder();
    private final Set<Gate> ordering = new HashSet<>();
    private final Set<Gate> claiming = new HashSet<>();
    private final Set<Gate> marking = new HashSet<>();
    private final Set<Gate> watched = new HashSet<>();
    private final Map<Gate, Crowd> crowds = new HashMap<>();

    Leases(Admission admission, FlowConfig config, BudgetStore budgets) {
        this.admission = admission;
        this.budgets = budgets;
        this.isShared = budgets.isShared();
        this.refresh = config.refresh();
    }

    private static String holder() {
        byte[] bytes = new byte[HOLDER_BYTES];
        new SecureRandom().nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /// Prepares a gate that has a budget.
    void open(Gate gate) {
        int most = gate.maxInFlight();
        gate.hold(isShared && most < Integer.MAX_VALUE ? 0 : most, Gate.LATER);
    }

    /// Orders a lease if the gate wants one. Under the lock.
    void order(Gate gate, long now) {
        if (gate.budget().wantsLease(now) && ordering.add(gate)) {
            Crowd crowd = crowd(gate);
            Thread.ofVirtual().name("lease").start(() -> lease(gate, crowd));
        }
        if (isShared && gate.isProbeDue(now) && claiming.add(gate)) {
            Crowd crowd = crowd(gate);
            Thread.ofVirtual().name("claim").start(() -> claim(gate, crowd));
        }
    }

    /// Claims the next probe: who moves the mark on has it, and the others go by the new one.
    private void claim(Gate gate, Crowd crowd) {
        try {
            LockSupport.parkNanos(crowd.apartMicros(APART_MICROS) * 1_000);
            Budget stored = stored(gate);
            Budget claimed = admission.ask(() -> gate.marks().claim(stored, admission.now()));
            if (claimed != null && budgets.replace(claimed)) {
                admission.change(() -> gate.marks().claimed(claimed, admission.now()));
            } else {
                admission.change(() -> gate.marks().seen(stored, admission.now()));
            }
        } catch (RuntimeException failed) {
            report("The right to try %s again cannot be had, and it is tried", gate, failed);
            admission.change(() -> gate.marks().claimed(null, admission.now()));
        } finally {
            admission.change(() -> claiming.remove(gate));
        }
    }

    /// How much longer each mark is to be, so that it holds also for one that is not told.
    Duration slack() {
        return isShared ? Duration.of(Marks.SAME, ChronoUnit.MICROS) : Duration.ZERO;
    }

    /// Tells the others of a mark. Under the lock.
    void marked(Gate gate) {
        if (isShared && marking.add(gate)) {
            Thread.ofVirtual().name("mark").start(() -> tell(gate));
        }
    }

    /// Looks from now on for what others know. Under the lock.
    void watch(Gate gate) {
        if (!isShared) {
            return;
        }
        gate.marks().share();
        if (watched.add(gate)) {
            gate.unseen();
            Watch watch = new Watch(admission, budgets, gate, crowd(gate), refresh, holder);
            Thread.ofVirtual().name("watch").start(() -> watch(gate, watch));
        } else if (gate.seenBefore(admission.now() - STALE_MICROS - refresh.toNanos() / 1000)) {
            // The process stood still, as a function does between two calls.
            gate.unseen();
        }
    }

    private Crowd crowd(Gate gate) {
        return crowds.computeIfAbsent(gate, _ -> new Crowd(budgets, gate.name()));
    }

    private void watch(Gate gate, Watch watch) {
        try {
            watch.run();
        } finally {
            admission.change(() -> {
                watched.remove(gate);
                gate.lookedAt(admission.now());
                open(gate);
                if (gate.waiting() > 0) {
                    watch(gate);
                } else if (gate.configured() == null) {
                    // Callers make names up without end.
                    crowds.remove(gate);
                }
            });
        }
    }

    private void lease(Gate gate, Crowd crowd) {
        try {
            Budget stored = isShared ? stored(gate) : loaded(gate);
            for (int losses = 0; !isLeased(gate, crowd, stored); losses++) {
                LockSupport.parkNanos(Crowd.againNanos(losses));
                stored = stored(gate);
            }
        } catch (RuntimeException failed) {
            report("The budget %s cannot be kept now, and its calls wait", gate, failed);
            crowd.refused();
            admission.change(() ->
                    gate.budget()
                            .leaseLater(
                                    admission.now()
                                            + STORE_PAUSE_MICROS
                                            + crowd.apartMicros(JITTER_MICROS)));
        } finally {
            admission.change(() -> ordering.remove(gate));
        }
    }

    /// @return false when another has changed the budget meanwhile
    private boolean isLeased(Gate gate, Crowd crowd, Budget before) {
        long now = admission.now();
        switch (admission.ask(() -> gate.order(before, now))) {
            case Budgeted.Order.Take(Budget next) -> {
                if (!budgets.replace(next)) {
                    return false;
                }
                admission.change(() -> gate.budget().leased(before, next, now));
            }
            case Budgeted.Order.Later(long at) ->
                    admission.change(() -> {
                        gate.marks().seen(before, now);
                        gate.budget()
                                .leaseLater(at + (isShared ? crowd.apartMicros(JITTER_MICROS) : 0));
                    });
            case Budgeted.Order.Enough _ -> admission.change(() -> gate.marks().seen(before, now));
        }
        return true;
    }

    /// What nobody foresaw must not end the thread that others wait for.
    static void report(String what, Gate gate, RuntimeException failed) {
        if (failed instanceof StoreException) {
            LOG.warnf(what + ": %s", gate.name(), failed.getMessage());
        } else {
            LOG.errorf(failed, what + ", in a way that nobody foresaw", gate.name());
        }
    }

    private Budget stored(Gate gate) {
        return budgets.budget(gate.name()).orElse(Budget.fresh(gate.name()));
    }

    /// What a process knows that is alone with its store.
    private Budget loaded(Gate gate) {
        Budget known = gate.budget().known();
        return known.version() == 0 ? stored(gate) : known;
    }

    private void tell(Gate gate) {
        try {
            // What was seen last is tried first: the sooner the others know, the better. Once told
            // it is looked at again, for the mark may have become later meanwhile.
            Budget seen = admission.ask(gate.budget()::known);
            int losses = 0;
            for (Budget next = untold(gate, seen); next != null; next = untold(gate, seen)) {
                if (budgets.replace(next)) {
                    Budget told = next;
                    admission.change(() -> gate.marks().seen(told, admission.now()));
                    seen = told;
                } else {
                    LockSupport.parkNanos(Crowd.againNanos(losses++));
                    seen = stored(gate);
                }
            }
        } catch (RuntimeException failed) {
            if (failed instanceof StoreException) {
                LOG.debugf(
                        "Others are not told to wait for %s: %s", gate.name(), failed.getMessage());
            } else {
                report("Others are not told to wait for %s", gate, failed);
            }
            LockSupport.parkNanos(STORE_PAUSE_MICROS * 1_000);
            admission.change(() -> marking.remove(gate));
        }
    }

    /// What to store for the others to know; null, and nobody is telling any more, when they do.
    private @Nullable Budget untold(Gate gate, Budget stored) {
        return admission.ask(() -> {
            Budget next = gate.marks().untold(stored, admission.now());
            if (next == null) {
                marking.remove(gate);
            }
            return next;
        });
    }
}
