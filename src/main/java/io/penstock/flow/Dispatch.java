package io.penstock.flow;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// Lets the calls of all gates start as soon as they may. Guarded by the lock of [Admission]. Times
/// are Unix microseconds in the time of the budgets' store.
final class Dispatch {

    /// Waits shorter than this are waited for by everybody.
    private static final long SHORT_MICROS = 50_000;

    private final Admission admission;
    private final Room room;
    private final Leases leases;
    private final Alarm alarm;

    /// Gates where calls wait.
    private final Set<Gate> active = new LinkedHashSet<>();

    Dispatch(Admission admission, Room room, Leases leases, Alarm alarm) {
        this.admission = admission;
        this.room = room;
        this.leases = leases;
        this.alarm = alarm;
    }

    void add(Gate gate) {
        active.add(gate);
    }

    boolean contains(Gate gate) {
        return active.contains(gate);
    }

    /// Lets start who may, tells who waits in vain, and sets the alarm for the next moment at which
    /// somebody may start.
    void run(long now) {
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
        head.decide(new Permit(admission, gate, head.want(), start));
        return true;
    }

    private static long nextAt(Gate gate, long now) {
        Waiter head = gate.head(true);
        if (head == null) {
            return Gate.LATER;
        }
        long ready = gate.readyAt(head, now);
        long at = ready == Gate.LATER ? ready : Math.max(ready, gate.markMicros());
        if (at != Gate.LATER && at - now > SHORT_MICROS && refuse(gate, at, now)) {
            // Whoever was behind them may start.
            return now;
        }
        // Who may start now waits for a permit of the process.
        return ready <= now ? Gate.LATER : ready;
    }

    /// Tells those who have no patience until then.
    ///
    /// @return whether there were any
    private static boolean refuse(Gate gate, long at, long now) {
        List<Waiter> impatient = new ArrayList<>();
        gate.forEachWaiter(waiter -> {
            if (waiter.patientUntil() < at && !gate.isBrokenForOthersOnly(waiter, now)) {
                impatient.add(waiter);
            }
        });
        for (Waiter waiter : impatient) {
            gate.remove(waiter);
            waiter.decide(new Decision.NotBefore(Room.bounded(Admission.micros(at - now))));
        }
        return !impatient.isEmpty();
    }
}
