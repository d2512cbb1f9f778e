package io.penstock.flow;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Whether a refusal is everybody's. Guarded by the lock of [Admission]. Times are Unix
/// microseconds in the time of the budgets' store.
///
/// One call that is refused says that it was refused. Several in a row, more than chance explains,
/// with none taken that began after the first of them, say that all would be: then no call starts.
/// After the time that the provider told, or a second, one call is let through, for all processes
/// together. If it is taken, the halt is over at once; if it is refused, the next one comes after
/// twice the time.
///
/// Where another process has had a later call taken, only this process's calls are refused, as
/// where others use a limit up: then this one alone goes on holding, and the others, who are told,
/// leave it some room.
final class Halt {

    /// Where chance refuses one call in ten, five in a row are one in a hundred thousand. Where it
    /// refuses more, more in a row are as rare, up to so many.
    private static final int IN_A_ROW = 5;

    private static final int IN_A_ROW_MOST = 30;
    private static final double RARE = Math.log(100_000);

    /// The part that is refused by chance is that of about so many calls.
    private static final double REMEMBERED = 256;

    /// Where calls were taken a moment ago: an older answer says little of the present.
    private static final long RECENT = 10_000_000;

    /// To the first probe at most, and where no time is told. A storm costs one call a second then,
    /// and its end is seen within one.
    private static final long PROBE_EVERY = 1_000_000;

    private static final long SOON = 250_000;

    /// Between two probes of a process that holds alone, at most.
    private static final long ALONE_EVERY = 8_000_000;

    /// Once it was alone, it is for so long.
    private static final long ALONE = 10_000_000;

    /// A call that is under way for longer than four times what a refusal takes is taken.
    private static final int TAKEN_AFTER = 4;

    private static final long TAKEN_LEAST = 30_000;
    private static final long TAKEN_MOST = 10_000_000;

    private enum State {
        OPEN,
        HELD,
        PROBING
    }

    private State state = State.OPEN;
    private int inARow;
    private boolean isPlain;

    /// The part of the calls that were refused without a halt.
    private double chance;

    /// When the first call began of those that were refused in a row.
    private long firstMicros;

    /// When the latest call began of those that were taken.
    private long takenMicros = -RECENT;

    private long refusalMicros;
    private long gap;
    private long probeAt;
    private long probeMicros;
    private long heldMicros;
    private long toldUntil;

    /// Whether this process has seen the refusals.
    private boolean isOwn;

    private long aloneUntil = Long.MIN_VALUE;

    boolean isOpen() {
        return state == State.OPEN;
    }

    /// Whether so many were refused in a row that chance does not explain it.
    boolean isPlain() {
        return isPlain;
    }

    /// Whether a probe may start now, once this process has the right to it.
    boolean isProbeDue(long now) {
        return state == State.HELD && now >= probeAt;
    }

    /// When the next call may start; [Gate#LATER] when that takes more than time.
    ///
    /// @param oldest when the oldest call began that is under way and began after the first of
    ///   those that were refused; null for none
    long until(@Nullable Long oldest, long now) {
        if (state == State.OPEN) {
            return now;
        }
        long taken = oldest == null ? Gate.LATER : oldest + takenAfter();
        if (taken <= now && oldest != null) {
            taken(oldest);
            return now;
        }
        return Math.min(taken, state == State.HELD ? Math.max(now, probeAt) : Gate.LATER);
    }

    /// When the halt ends, as far as the provider has told.
    long end() {
        return state == State.OPEN ? 0 : Math.max(probeAt, toldUntil);
    }

    /// What others are told: no call of theirs starts before; 0 for nothing.
    long toTell() {
        return state == State.OPEN ? 0 : Math.min(probeAt, heldMicros + PROBE_EVERY);
    }

    /// Whether only this process's calls are refused.
    boolean isAlone() {
        return aloneUntil == Gate.LATER;
    }

    /// The same as it is when one more is refused.
    ///
    /// @param started when that one began
    long firstMicros(long started) {
        return inARow == 0 ? started : firstMicros;
    }

    long firstMicros() {
        return firstMicros;
    }

    /// The right to the next probe is this process's.
    void claimed(long now) {
        probeAt = now;
    }

    /// Nobody is to start before.
    void mark(long until, long now) {
        heldByOthers(until, now, now);
        isOwn = true;
    }

    void started(long now) {
        if (state == State.HELD) {
            state = State.PROBING;
            probeMicros = now;
        }
    }

    boolean isProbe(long started) {
        return state == State.PROBING && started == probeMicros;
    }

    /// A probe that has ended neither taken nor refused: another follows.
    void ended(long started, long now) {
        if (isProbe(started)) {
            state = State.HELD;
            probeAt = now + gap;
        }
    }

    /// @return whether that ended a halt
    boolean taken(long started) {
        takenMicros = Math.max(takenMicros, started);
        if (started >= firstMicros) {
            if (state == State.OPEN) {
                double others = Math.pow(1 - 1 / REMEMBERED, inARow);
                chance = (1 - others * (1 - chance)) * (1 - 1 / REMEMBERED);
            }
            inARow = 0;
            isPlain = false;
            boolean ended = state != State.OPEN;
            state = State.OPEN;
            if (isAlone()) {
                aloneUntil = started + ALONE;
            }
            return ended;
        }
        return false;
    }

    /// How long a refusal took.
    void took(long micros) {
        refusalMicros = Math.max(refusalMicros - refusalMicros / 8, micros);
    }

    /// @param retryAfter as the provider told it; null when it did not
    /// @param unknown calls that began after the first of those that were refused, and of which
    ///   nothing is known yet
    /// @return whether nobody is to start now, in any process
    boolean refused(long started, @Nullable Duration retryAfter, int unknown, long now) {
        long told = retryAfter == null ? 0 : retryAfter.toNanos() / 1000;
        if (state != State.OPEN) {
            boolean again = isProbe(started);
            if (again) {
                long most = isAlone() ? ALONE_EVERY : told == 0 ? PROBE_EVERY : Gate.LATER;
                halt(now, told, Math.max(Math.min(2 * gap, most), Math.min(told, PROBE_EVERY)));
            } else {
                toldUntil = Math.max(toldUntil, now + told);
            }
            return again;
        }
        if (started < takenMicros) {
            // A call that began later was taken.
            return false;
        }
        if (inARow == 0) {
            firstMicros = started;
        }
        inARow++;
        boolean knowsBetter = told == 0 || started - takenMicros < RECENT;
        isPlain = inARow >= Math.max(knowsBetter ? rare() : 1, unknown);
        if (!isPlain) {
            return false;
        }
        isOwn = true;
        if (now < aloneUntil) {
            aloneUntil = Gate.LATER;
        }
        halt(now, told, knowsBetter ? SOON : PROBE_EVERY);
        return true;
    }

    private int rare() {
        return (int) Math.clamp(Math.ceil(RARE / -Math.log(chance)), IN_A_ROW, IN_A_ROW_MOST);
    }

    private void halt(long now, long told, long after) {
        state = State.HELD;
        gap = told == 0 || isAlone() ? after : Math.min(told, after);
        heldMicros = now;
        probeAt = now + gap;
        toldUntil = now + told;
    }

    /// Another process has said that no call may start before.
    ///
    /// @param since when the first of the calls began that were refused
    /// @return false when this process knows better
    boolean heldByOthers(long until, long since, long now) {
        if (takenMicros >= since) {
            return false;
        }
        if (state != State.PROBING && until > probeAt()) {
            if (state == State.OPEN) {
                isOwn = false;
                firstMicros = since;
                gap = Math.min(until - now, PROBE_EVERY);
            }
            state = State.HELD;
            heldMicros = Math.max(now, until - PROBE_EVERY);
            probeAt = until;
            toldUntil = Math.max(toldUntil, until);
        }
        return true;
    }

    private long probeAt() {
        return state == State.OPEN ? 0 : probeAt;
    }

    /// Another process was answered.
    void openedByOthers(long now) {
        if (state != State.OPEN && isOwn) {
            aloneUntil = Gate.LATER;
            probeAt = now;
        } else if (state == State.HELD) {
            state = State.OPEN;
            inARow = 0;
        }
    }

    private long takenAfter() {
        return Math.clamp(TAKEN_AFTER * refusalMicros, TAKEN_LEAST, TAKEN_MOST);
    }

    /// Whether a call that began then and is still under way is taken.
    boolean isTaken(long started, long now) {
        return now - started > takenAfter();
    }
}
