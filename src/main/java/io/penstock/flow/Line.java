package io.penstock.flow;

import java.util.ArrayDeque;

/// What this process may still take of one rate, in units such as requests or tokens: stretches of
/// time that were leased from the shared budget, each unit with its moment in them. Guarded by the
/// lock of [Admission]. Times are microseconds.
final class Line {

    /// Units whose moment has passed by more than this are not used any more: saved up, they would
    /// come on top of a later minute's.
    private static final long LATE = 500_000;

    /// What refunds may add up to, in time.
    private static final long REFUND_MAX = 1_000_000;

    /// The end of a lease that is too short for a call is kept for the next one, up to so much time
    /// and to one call. It is late then. The other way, a call that starts with less than it needs,
    /// would have all processes ahead of the rate together.
    private static final long KEPT_MAX = 110_000;

    /// Never ready before more is leased.
    static final long LEASE = Long.MAX_VALUE;

    private record Stretch(long from, long to) {}

    private final ArrayDeque<Stretch> leased = new ArrayDeque<>();
    private final double unit;
    private double credit;

    /// @param perMinute units that all processes together may take
    Line(double perMinute) {
        this.unit = 60_000_000 / perMinute;
    }

    /// The time that one unit takes up.
    double unit() {
        return unit;
    }

    /// When so many units may be taken, or [#LEASE].
    long readyAt(double units, long now) {
        expire(units, now);
        double needed = (units - credit) * unit;
        if (needed <= 0) {
            return now;
        }
        for (Stretch one : leased) {
            needed -= one.to - one.from;
        }
        // Less than a microsecond is a matter of rounding.
        return needed <= 1 && !leased.isEmpty() ? leased.getFirst().from : LEASE;
    }

    /// Takes what [#readyAt] has found.
    void take(double units) {
        double left = units - credit;
        credit = Math.max(0, -left);
        double micros = Math.max(0, left) * unit;
        while (micros > 0.5 && !leased.isEmpty()) {
            Stretch first = leased.removeFirst();
            long here = Math.min(Math.round(micros), first.to - first.from);
            micros -= here;
            if (first.from + here < first.to) {
                leased.addFirst(new Stretch(first.from + here, first.to));
                return;
            }
        }
    }

    /// Adds a lease.
    void lease(long from, long to) {
        if (to > from) {
            leased.addLast(new Stretch(from, to));
        }
    }

    /// Gives back units that turned out not to be needed, or takes those that were needed beside.
    void correct(double units) {
        credit = Math.min(credit + units, REFUND_MAX / unit);
    }

    /// Units that are left.
    double left() {
        double micros = 0;
        for (Stretch one : leased) {
            micros += one.to - one.from;
        }
        return credit + micros / unit;
    }

    private void expire(double units, long now) {
        long oldest = now - LATE;
        long expired = 0;
        while (!leased.isEmpty() && leased.getFirst().from < oldest) {
            Stretch first = leased.removeFirst();
            expired += Math.min(oldest, first.to) - first.from;
            if (first.to > oldest) {
                leased.addFirst(new Stretch(oldest, first.to));
            }
        }
        if (expired > 0) {
            double most = Math.min(units, KEPT_MAX / unit);
            credit = Math.max(credit, Math.min(credit + expired / unit, most));
        }
    }
}
