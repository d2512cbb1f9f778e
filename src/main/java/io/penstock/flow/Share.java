package io.penstock.flow;

import io.penstock.store.BudgetStore;
import io.penstock.store.Holdings;
import io.penstock.store.Holdings.Holding;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/// This process's part in one share of a limit of calls in flight. All who want more get equally
/// many, and together never more than there are. Belongs to the thread that watches its gate.
final class Share {

    /// Calls in flight that one share gives out at most: its record stays below 5 KB then.
    static final int SIZE = 128;

    /// Processes that have none and are noted as waiting; more of them would not change what others
    /// do.
    private static final int HUNGRY_MAX = 32;

    /// For how long a process may count on its calls in flight; a dead one's come free then.
    private static final Duration HOLDING = Duration.ofSeconds(8);

    private static final Duration HALF = HOLDING.dividedBy(2);

    /// Between two writes of one process that change what it has, for each entry: all together
    /// write fifty times a second, so that few come between another's read and its write.
    private static final long WRITE_NANOS = 20_000_000;

    private final BudgetStore budgets;
    private final String name;
    private final int number;
    private final int limit;
    private final String holder;

    private int permits;
    private int granted;
    private Instant until = Instant.MIN;
    private Instant drawnAt = Instant.MIN;
    private double draw;
    private long writtenAtNanos = System.nanoTime() - HOLDING.toNanos();

    Share(BudgetStore budgets, String name, int number, int limit, String holder) {
        this.budgets = budgets;
        this.name = name;
        this.number = number;
        this.limit = limit;
        this.holder = holder;
    }

    /// Calls in flight that are noted as this process's, in use or not.
    int permits() {
        return permits;
    }

    /// Calls in flight that this process may have of it now.
    int granted() {
        return granted;
    }

    /// Until when; without another [#adjust] that succeeds, another process may have them then.
    Instant until() {
        return until;
    }

    /// Says how many calls are in flight in spite of what other shares allow, once no more are
    /// started than is granted.
    interface InFlight {
        int besidesOthers(Share share);
    }

    /// Takes or gives back.
    ///
    /// @param wanted how many this process could use of it
    /// @param inFlight asked after [#granted] has been lowered
    void adjust(int wanted, Instant now, InFlight inFlight) {
        Holdings stored = budgets.holdings(name, number);
        List<Holding> others = new ArrayList<>();
        int taken = 0;
        int hungry = 0;
        int sharers = 1;
        Holding mine = new Holding(holder, 0, 0, Instant.MIN);
        for (Holding one : stored.all()) {
            if (one.holder().equals(holder)) {
                mine = one;
            } else if (one.until().isAfter(now)) {
                others.add(one);
                taken += one.permits();
                hungry += one.wanted() > one.permits() ? 1 : 0;
                sharers += one.wanted() > 0 ? 1 : 0;
            }
        }
        if (!mine.until().isAfter(now)) {
            // Lapsed: others may have taken it.
            mine = new Holding(holder, 0, 0, Instant.MIN);
        }
        permits = mine.permits();
        until = mine.until();
        int could = Math.min(limit, wanted);
        // While nobody else wants any, those that are not used at the moment are kept: they would
        // be
        // missing until the next look.
        int goal =
                hungry > 0
                        ? Math.min(could, fair(sharers, now))
                        : wanted == 0 ? 0 : Math.max(could, Math.min(permits, limit));
        // What is in flight is still taken, but from now on no more than the goal is started.
        granted = Math.min(goal, permits);
        int stillTaken = Math.clamp(inFlight.besidesOthers(this), 0, permits);
        int next = Math.clamp(Math.max(goal, stillTaken), 0, Math.max(0, limit - taken));
        Holding wish = new Holding(holder, next, could, now.plus(HOLDING));
        if (isWorthWriting(wish, mine, others.size(), hungry, now)) {
            List<Holding> all = new ArrayList<>(others);
            if (next > 0 || could > 0) {
                all.add(wish);
            }
            if (budgets.replace(stored.held(all))) {
                writtenAtNanos = System.nanoTime();
                permits = next;
                granted = Math.min(goal, next);
                until = wish.until();
            }
        }
    }

    /// An equal part. Where there are more processes than permits, or some are left over, chance
    /// decides for a while who has one more.
    private int fair(int sharers, Instant now) {
        if (!drawnAt.plus(HALF).isAfter(now)) {
            drawnAt = now;
            draw = ThreadLocalRandom.current().nextDouble();
        }
        double part = (double) limit / sharers;
        return (int) part + (draw < part - (int) part ? 1 : 0);
    }

    private boolean isWorthWriting(
            Holding wish, Holding mine, int others, int hungry, Instant now) {
        if (wish.permits() < mine.permits()) {
            return true;
        }
        boolean inUse = wish.permits() > 0 || wish.wanted() > 0;
        boolean isDue = mine.permits() > 0 && inUse && mine.until().isBefore(now.plus(HALF));
        if (isDue) {
            return true;
        }
        boolean isKnown = mine.until().isAfter(now.plus(HALF)) || !inUse;
        if (isKnown && wish.permits() == mine.permits() && wantsTheSame(wish, mine)) {
            return false;
        }
        if (wish.permits() == 0 && mine.permits() == 0 && hungry >= HUNGRY_MAX) {
            return false;
        }
        return System.nanoTime() - writtenAtNanos >= WRITE_NANOS * others;
    }

    /// Others need to know whether it starves, not by how many calls.
    private static boolean wantsTheSame(Holding wish, Holding mine) {
        return (wish.wanted() > wish.permits()) == (mine.wanted() > mine.permits())
                && (wish.wanted() > 0) == (mine.wanted() > 0);
    }
}
