package io.penstock.flow;

/// The calls that started last, by how many were in flight beside them, and which were refused.
/// Where many were refused and others taken with as many beside them, the reason is another; where
/// as large a part was refused of those with fewer, it is chance. Guarded by the lock of
/// [Admission]. Times are microseconds.
///
/// Refusals come at once and answers late: a call counts as taken as soon as a refusal would have
/// come.
final class RecentCalls {

    private static final int CALLS = 64;

    /// What chance refuses is less, unless they are few; a trial is expected to be refused.
    private static final double SHARE = 0.6;

    private static final int FEWEST = 4;

    /// It is not chance when chance refuses so many once in so many times: it is asked with each
    /// refusal. A trial costs little, and another one follows.
    private static final double RARE = Math.log(100_000);

    private static final double RARE_IN_A_TRIAL = Math.log(15);

    /// Nothing is known of chance before about so many calls, and then it is small.
    private static final double UNKNOWN = 10;

    private static final double UNKNOWN_REFUSED = 0.5;

    /// A call is taken that is under way for longer than so many times what a refusal takes.
    private static final int TAKEN_AFTER = 4;

    private static final long TAKEN_LEAST = 30_000;
    private static final long TAKEN_MOST = 10_000_000;

    private final long[] started = new long[CALLS];
    private final int[] besides = new int[CALLS];
    private final boolean[] refused = new boolean[CALLS];
    private int count;
    private long refusalMicros;

    void started(int beside, long now) {
        int at = count % CALLS;
        started[at] = now;
        besides[at] = beside;
        refused[at] = false;
        count++;
    }

    void refused(int beside, long startedMicros, long now) {
        refusalMicros = Math.max(refusalMicros - refusalMicros / 8, now - startedMicros);
        for (int i = 0; i < known(); i++) {
            if (started[i] == startedMicros && besides[i] == beside) {
                refused[i] = true;
                return;
            }
        }
    }

    /// Whether so many of those were refused that had as many beside them.
    boolean isRefusedWith(int beside, boolean isTrial, long now) {
        long takenBefore = now - Math.clamp(TAKEN_AFTER * refusalMicros, TAKEN_LEAST, TAKEN_MOST);
        int all = 0;
        int bad = 0;
        int others = 0;
        int badOthers = 0;
        for (int i = 0; i < known(); i++) {
            if (!refused[i] && started[i] > takenBefore) {
                continue;
            }
            if (besides[i] >= beside) {
                all++;
                bad += refused[i] ? 1 : 0;
            } else {
                others++;
                badOthers += refused[i] ? 1 : 0;
            }
        }
        if (bad < SHARE * all) {
            return false;
        }
        double chance = (badOthers + UNKNOWN_REFUSED) / (others + UNKNOWN);
        double evidence = -bad * Math.log(chance) - logOfChoices(all, bad);
        return isTrial ? evidence > RARE_IN_A_TRIAL : bad >= FEWEST && evidence > RARE;
    }

    private int known() {
        return Math.min(count, CALLS);
    }

    /// Of how many ways there are to choose some of them.
    private static double logOfChoices(int all, int some) {
        double sum = 0;
        for (int i = 1; i <= some; i++) {
            sum += Math.log((all - some + i) / (double) i);
        }
        return sum;
    }
}
