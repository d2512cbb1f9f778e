package io.penstock.flow;

import java.util.Arrays;

/// The calls of the last three seconds, and how many of them were refused. Guarded by the lock of
/// [Admission]. Times are Unix microseconds.
final class Starts {

    private static final long SLOT = 100_000;
    private static final int SLOTS = 30;
    private static final int SLOTS_OF_A_SECOND = 10;
    private static final double SECOND = 1_000_000;

    private final int[] started = new int[SLOTS];
    private final int[] refused = new int[SLOTS];
    private long slot;
    private long firstMicros;

    void started(long now) {
        if (firstMicros == 0) {
            firstMicros = now;
        }
        turn(now);
        started[(int) (slot % SLOTS)]++;
    }

    void refused(long now) {
        turn(now);
        refused[(int) (slot % SLOTS)]++;
    }

    int started() {
        return Arrays.stream(started).sum();
    }

    int refused() {
        return Arrays.stream(refused).sum();
    }

    /// Whether more than that part was refused before the last second too.
    boolean wereRefusedBefore(double part, long now) {
        turn(now);
        int all = 0;
        int bad = 0;
        for (long i = Math.max(0, slot - SLOTS + 1); i <= slot - SLOTS_OF_A_SECOND; i++) {
            all += started[(int) (i % SLOTS)];
            bad += refused[(int) (i % SLOTS)];
        }
        return bad > part * all;
    }

    double refusedShare(long now) {
        turn(now);
        return refused() / (double) Math.max(1, started());
    }

    /// Calls a second that were taken.
    double taken(long now) {
        turn(now);
        long time = Math.min((SLOTS - 1) * SLOT + now % SLOT, now - firstMicros);
        return SECOND * Math.max(1, started() - refused()) / Math.max(1, time);
    }

    private void turn(long now) {
        long current = now / SLOT;
        for (long i = Math.max(slot + 1, current - SLOTS + 1); i <= current; i++) {
            started[(int) (i % SLOTS)] = 0;
            refused[(int) (i % SLOTS)] = 0;
        }
        slot = Math.max(slot, current);
    }
}
