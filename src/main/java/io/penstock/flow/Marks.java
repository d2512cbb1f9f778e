package io.penstock.flow;

import io.penstock.store.Budget;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What the processes tell each other of a gate by the stored budget: that no call may start, whose
/// the next probe is, that one of them finds no room, and that all slow down. Guarded by the lock
/// of [Admission]. Times are Unix microseconds in the time of the budgets' store.
final class Marks {

    /// A mark that ends so soon after another is not told.
    static final long SAME = 20_000;

    /// For how long a probe is one process's.
    private static final long CLAIM_MICROS = 1_000_000;

    private final Halt halt;
    private final Concurrency concurrency;
    private final Tempo tempo;
    private final Flight flight;
    private final Budgeted budget;

    /// Whether probes need the consent of other processes.
    private boolean isShared;

    private boolean mayProbe;

    /// Until when the stored mark holds, if there is one; and whether it is not true any more.
    private long storedUntil;

    private boolean isToClear;

    Marks(Halt halt, Concurrency concurrency, Tempo tempo, Flight flight, Budgeted budget) {
        this.halt = halt;
        this.concurrency = concurrency;
        this.tempo = tempo;
        this.flight = flight;
        this.budget = budget;
    }

    /// Probes need the consent of other processes from now on.
    void share() {
        isShared = true;
    }

    /// How many processes there are, this one included.
    void among(double processes) {
        concurrency.among(processes);
        tempo.among(processes);
    }

    /// Whether other processes may use the limits too.
    boolean isAmongOthers() {
        return isShared;
    }

    /// A call has started: a probe, if there was the right to one.
    void started() {
        mayProbe = false;
    }

    /// A call was taken that ends the halt.
    void opened() {
        isToClear = storedUntil != 0;
    }

    /// Whether this process has no right to the next probe yet, which is due.
    boolean isProbeDue(long now) {
        return isShared && !mayProbe && !halt.isAlone() && halt.isProbeDue(now);
    }

    /// What to store to have the right to the next probe; null when it is another's.
    @Nullable Budget claim(Budget stored, long now) {
        return until(stored) <= now
                ? stored.marked(new Budget.Mark(now + CLAIM_MICROS, halt.firstMicros(), false))
                : null;
    }

    /// The next probe is this process's.
    ///
    /// @param stored what says so; null when the store cannot be asked
    void claimed(@Nullable Budget stored, long now) {
        mayProbe = true;
        halt.claimed(now);
        if (stored != null) {
            budget.seen(stored);
            storedUntil = until(stored);
        }
    }

    /// Whether others are to be told something besides a new mark.
    boolean isToTell() {
        return isShared && (isToClear || tempo.isToTell());
    }

    /// What to store for the others to know; null when they know it all.
    @Nullable Budget untold(Budget stored, long now) {
        Budget.Mark mark = stored.mark();
        boolean isStarved = halt.isAlone() && flight.size() == 0;
        long until = halt.isAlone() && !isStarved ? 0 : halt.toTell();
        if (until > until(stored) + SAME) {
            mark = new Budget.Mark(until, halt.firstMicros(), isStarved);
        } else if (isToClear && until(stored) > now) {
            mark = null;
        }
        Budget.Slowdown slowdown = tempo.toTell(stored.slowdown(), now);
        boolean isKnown =
                Objects.equals(mark, stored.mark()) && Objects.equals(slowdown, stored.slowdown());
        return isKnown ? null : stored.told(mark, slowdown);
    }

    /// Takes note of what is stored.
    void seen(Budget stored, long now) {
        boolean isNewer = budget.seen(stored);
        Budget.Mark mark = stored.mark();
        if (mark != null && mark.until() > now) {
            if (!isToClear && !mayProbe) {
                isToClear = !isTrue(mark, now);
            }
        } else {
            if (isNewer && mark == null && storedUntil > 0) {
                halt.openedByOthers(now);
            }
            isToClear = false;
        }
        storedUntil = until(stored);
        tempo.seen(stored.slowdown(), now);
    }

    /// Whether it goes on: who finds no room is left some, and who is taken knows better.
    private boolean isTrue(Budget.Mark mark, long now) {
        return mark.starved()
                ? halt.isAlone() || !concurrency.yield(flight.size(), now)
                : halt.heldByOthers(mark.until(), mark.since(), now);
    }

    private static long until(Budget stored) {
        Budget.Mark mark = stored.mark();
        return mark == null ? 0 : mark.until();
    }
}
