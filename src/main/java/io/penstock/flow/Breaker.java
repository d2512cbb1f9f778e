package io.penstock.flow;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Leaves a group of models alone that fails all calls, and tries it again with one. Guarded by the
/// lock of [Admission]. Times are microseconds.
final class Breaker {

    private static final long FIRST = 1_000_000;
    private static final long MAX = 30_000_000;
    private static final int BREAKS_COUNTED = 10;

    /// Models whose answers are remembered.
    private static final int MODELS_MAX = 64;

    private final int failuresMax;
    private int failuresInRow;
    private int breaks;
    private long brokenUntil;
    private long openedAt;
    private boolean open;

    /// The one call that tries whether the models are well again.
    private @Nullable Trial probe;

    /// By model, when the latest call had begun of those that were answered.
    private final Map<String, Long> answered =
            new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
                    return size() > MODELS_MAX;
                }
            };

    /// @param failuresMax in a row before it opens; 0 for never
    Breaker(int failuresMax) {
        this.failuresMax = failuresMax;
    }

    /// Until when a call may not start: one whose failure would be its own waits for nothing, since
    /// it tells nothing of the models.
    long until(Want want) {
        return tellsNothing(want) ? 0 : brokenUntil;
    }

    boolean isOpen() {
        return open;
    }

    /// Whether a call has to wait for the end of one that is under way; older calls keep it from
    /// nothing.
    boolean isProbing(Want want) {
        return probe != null && !tellsNothing(want);
    }

    /// Whether a failure of this call would tell nothing of the models.
    boolean tellsNothing(Want want) {
        return want.trial().isAgainst(answered.getOrDefault(want.model(), 0L));
    }

    /// Whether any call was answered.
    boolean hasAnswers() {
        return !answered.isEmpty();
    }

    void started(Want want) {
        if (open && !tellsNothing(want)) {
            probe = want.trial();
        }
        want.trial().began(answered.getOrDefault(want.model(), 0L));
    }

    void ended(Want want) {
        if (probe == want.trial()) {
            probe = null;
        }
    }

    void answered(Permit permit) {
        answered.merge(permit.want().model(), permit.startedMicros(), Math::max);
        failuresInRow = 0;
        breaks = 0;
        open = false;
    }

    /// Takes note of an answer in another process: one to a call that began while these models were
    /// left alone here says that they are well.
    void answeredElsewhere(String model, long startedMicros) {
        answered.merge(model, startedMicros, Math::max);
        if (open && startedMicros > openedAt) {
            failuresInRow = 0;
            breaks = 0;
            open = false;
            brokenUntil = 0;
            probe = null;
        }
    }

    void refused() {
        failuresInRow = 0;
    }

    /// So many failures in a row mean that the models are down: they are left alone for a while,
    /// longer each time.
    ///
    /// @return whether it says anything of the models: not where others are answered
    boolean failed(Permit permit, long now) {
        Trial trial = permit.want().trial();
        if (trial.failed(permit.startedMicros())) {
            return false;
        }
        failuresInRow++;
        boolean again = open && probe == trial;
        if (again || (failuresMax > 0 && !open && failuresInRow >= failuresMax)) {
            brokenUntil = now + Math.min(MAX, FIRST << Math.min(breaks, BREAKS_COUNTED));
            breaks++;
            openedAt = open ? openedAt : now;
            open = true;
            failuresInRow = 0;
        }
        return true;
    }
}
