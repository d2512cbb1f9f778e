package io.penstock.flow;

/// Refusals of calls that started within a short time, which are answered once.
final class Burst {

    private static final long MICROS = 300_000;

    /// The least that is left after it, unless most were refused that were allowed: one that was
    /// for another reason than the calls in flight must not stop nearly all.
    private static final double MOST_CUT = 0.4;

    /// So many with hardly an answer between them find no level: another must not come down by each
    /// call that it refuses.
    private static final int COUNTED = 2;

    final long atMicros;
    private final double limitBefore;
    final boolean expected;
    final int inARow;
    private int taken;
    private int refused = 1;

    /// @param atMicros when its first call was refused
    /// @param beside calls in flight beside it, which may be refused too
    /// @param expected whether as many were in flight as the provider was thought to take
    Burst(long atMicros, double limitBefore, int beside, boolean expected, int inARow) {
        this.atMicros = atMicros;
        this.limitBefore = limitBefore;
        this.taken = beside;
        this.expected = expected;
        this.inARow = inARow;
    }

    boolean isOver(long startedLater) {
        return startedLater >= atMicros + MICROS;
    }

    void refused(long started, int beside) {
        refused++;
        if (started < atMicros && inARow <= COUNTED) {
            // It was counted as one that is taken.
            taken--;
        } else {
            taken = Math.min(taken, beside);
        }
    }

    double taken() {
        double least = 2 * refused > limitBefore ? 1 : Math.max(1, MOST_CUT * limitBefore);
        return Math.max(taken, least);
    }
}
