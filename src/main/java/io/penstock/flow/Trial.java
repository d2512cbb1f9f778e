package io.penstock.flow;

/// How the attempts of one call at one model have gone: whether its failures are its own, or those
/// of a model that is down. Written under the lock of [Admission]; a call has one attempt at a
/// time.
public final class Trial {

    /// When its first failed attempt began, in microseconds; 0 for none.
    private volatile long failedMicros;

    /// When the latest call of the same model had begun of those that were answered before the
    /// present attempt began.
    private long answeredMicros;

    private volatile boolean othersAnswered;

    /// The trial of a call that has not failed.
    public Trial() {
        this(0);
    }

    /// The trial of a call that goes on with what an earlier one has tried at the same model.
    ///
    /// @param failedMicros when an attempt that failed had begun, in microseconds of the store's
    ///   time; 0 for none
    public Trial(long failedMicros) {
        this.failedMicros = failedMicros;
    }

    void began(long latestAnswered) {
        answeredMicros = latestAnswered;
    }

    /// Takes note of a failed attempt.
    ///
    /// @param startedMicros when it had begun
    /// @return whether it is the call's own: between two of its failed attempts the model has begun
    ///   and ended another call with an answer
    boolean failed(long startedMicros) {
        if (failedMicros == 0) {
            failedMicros = startedMicros;
        } else if (answeredMicros > failedMicros) {
            othersAnswered = true;
        }
        return othersAnswered;
    }

    /// Whether a failure would be the call's own, since the model has answered others after its
    /// first one.
    ///
    /// @param latestAnswered when the latest call had begun that was answered
    boolean isAgainst(long latestAnswered) {
        return othersAnswered || failedMicros != 0 && latestAnswered > failedMicros;
    }

    /// When its first failed attempt began, in microseconds of the store's time; 0 for none.
    public long failedMicros() {
        return failedMicros;
    }

    /// Whether the model has answered others between two failed attempts of this call.
    public boolean othersAnswered() {
        return othersAnswered;
    }
}
