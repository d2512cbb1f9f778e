package io.penstock.flow;

import io.penstock.store.Budget;
import io.penstock.store.BudgetStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Looks for what others know of a gate's budget, as long as it is used: the provider's marks, and
/// how many calls this process may have in flight. Run by one thread.
final class Watch {

    /// How long a gate is watched after its last call.
    private static final long WATCHED_MICROS = 5_000_000;

    /// How long the calls of a gate wait for the first look while the store does not answer.
    private static final long UNSEEN_MICROS = 2_000_000;

    private final Admission admission;
    private final BudgetStore budgets;
    private final Gate gate;
    private final Crowd crowd;
    private final Duration refresh;
    private final List<Share> shares;
    private int roaming;

    /// @param holder this process's name among those that hold calls in flight
    Watch(
            Admission admission,
            BudgetStore budgets,
            Gate gate,
            Crowd crowd,
            Duration refresh,
            String holder) {
        this.admission = admission;
        this.budgets = budgets;
        this.gate = gate;
        this.crowd = crowd;
        this.refresh = refresh;
        this.shares = shares(budgets, gate, holder);
    }

    /// The shares of a limit, this process's own first: most find what they want there.
    private static List<Share> shares(BudgetStore budgets, Gate gate, String holder) {
        List<Share> shares = new ArrayList<>();
        int limit = gate.maxInFlight();
        if (limit < Integer.MAX_VALUE) {
            int count = Math.ceilDiv(limit, Share.SIZE);
            int first = Math.floorMod(holder.hashCode(), count);
            for (int i = 0; i < count; i++) {
                int number = (first + i) % count;
                int size = limit / count + (number < limit % count ? 1 : 0);
                shares.add(new Share(budgets, gate.name(), number, size, holder));
            }
        }
        return shares;
    }

    /// Looks until the gate has not been used for a while. Where no call was answered yet, only as
    /// long as one waits: callers can make up names without end.
    void run() {
        long busyAt = admission.now();
        long answeredAt = busyAt;
        boolean isReported = false;
        do {
            try {
                if (look()) {
                    busyAt = admission.now();
                }
                crowd.answered();
                answeredAt = admission.now();
                isReported = false;
            } catch (RuntimeException failed) {
                crowd.refused();
                if (!isReported) {
                    Leases.report("What others know of %s cannot be seen now", gate, failed);
                    isReported = true;
                }
                if (isBusy()) {
                    busyAt = admission.now();
                }
                if (admission.now() - answeredAt > UNSEEN_MICROS) {
                    admission.change(() -> gate.lookedAt(admission.now()));
                }
            }
            LockSupport.parkNanos(crowd.pauseNanos(refresh));
        } while (isToGoOn(busyAt));
    }

    private boolean isToGoOn(long busyAt) {
        return admission.ask(() ->
                gate.isKnown() ? admission.now() - busyAt < WATCHED_MICROS : gate.waiting() > 0);
    }

    /// @return whether the gate is used
    private boolean look() {
        Budget stored = budgets.glance(gate.name()).orElse(Budget.fresh(gate.name()));
        admission.change(() -> gate.marks().seen(stored, admission.now()));
        if (!shares.isEmpty()) {
            share();
        }
        // Only now: what this process held before it stood still may be another's.
        admission.change(() -> gate.lookedAt(admission.now()));
        crowd.present();
        admission.change(() -> gate.marks().among(crowd.size()));
        return isBusy();
    }

    private boolean isBusy() {
        return admission.ask(() -> gate.waiting() + gate.inFlight() > 0);
    }

    private void share() {
        Instant now = Instant.ofEpochMilli(TimeUnit.MICROSECONDS.toMillis(admission.now()));
        int wanted = admission.ask(() -> gate.waiting() + gate.inFlight());
        int missing = wanted;
        for (int i = 0; i < shares.size(); i++) {
            Share share = shares.get(i);
            boolean isNeeded = i == 0 || share.permits() > 0 || (missing > 0 && i == roaming);
            if (isNeeded) {
                share.adjust(missing, now, this::inFlightBesides);
                missing = Math.max(0, missing - share.permits());
            }
        }
        roaming = shares.size() < 2 ? 0 : 1 + roaming % (shares.size() - 1);
        admission.change(this::hold);
    }

    private int inFlightBesides(Share share) {
        int others = shares.stream().filter(other -> other != share).mapToInt(Share::permits).sum();
        return admission.ask(() -> {
            hold();
            return gate.inFlight() - others;
        });
    }

    /// Without a renewal it all lapses with the first of the shares.
    private void hold() {
        int granted = 0;
        long until = Gate.LATER;
        for (Share share : shares) {
            if (share.granted() > 0) {
                granted += share.granted();
                until =
                        Math.min(
                                until,
                                TimeUnit.MILLISECONDS.toMicros(share.until().toEpochMilli()));
            }
        }
        gate.hold(granted, until);
    }
}
