package io.penstock.flow;

/// How the last calls went, by how many were in flight beside them. Where many were refused and
/// others taken with as many beside them, the reason is another.
final class RecentCalls {

    private static final int CALLS = 64;

    /// What chance refuses is less, unless they are few; a trial is expected to be refused.
    private static final double SHARE = 0.6;

    private static final int FEWEST = 4;
    private static final int FEWEST_OF_A_TRIAL = 1;

    private final int[] besides = new int[CALLS];
    private final boolean[] refused = new boolean[CALLS];
    private int count;

    void add(int beside, boolean isRefused) {
        besides[count % CALLS] = beside;
        refused[count % CALLS] = isRefused;
        count++;
    }

    /// Whether so many of those were refused that had as many beside them.
    boolean isRefusedWith(int beside, boolean isTrial) {
        int all = 0;
        int bad = 0;
        for (int i = 0; i < Math.min(count, CALLS); i++) {
            if (besides[i] >= beside) {
                all++;
                bad += refused[i] ? 1 : 0;
            }
        }
        return bad >= (isTrial ? FEWEST_OF_A_TRIAL : FEWEST) && bad >= SHARE * all;
    }
}
