package io.penstock.flow;

/// How the attempts of one call at one model have gone: whether its failures are its own, or those
/// of a model that is down. Written under the lock of [Admission]; a call has one attempt at a
/// time.
public final class Trial {

    /// When its first failed attempt began, in microseconds; 0 for none.
    private long failedMicros;

    /// When the latest call of the same model had begun of those that were answered before the
    /// present attempt began.
    private long answeredMicros;

    private volatile boolean othersAnswered;

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

    /// Whether the model has answered others between two failed attempts of this call.
    public boolean othersAnswered() {
        return othersAnswered;
    }
}
