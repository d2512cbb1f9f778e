package io.penstock.flow;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// The right to have one call in flight, until closed. Close it once, in the thread of one's
/// choice, and tell before how the call went.
public final class Permit implements Decision, AutoCloseable {

    private final Admission admission;
    private final Gate gate;
    private final Want want;
    private final Start start;
    private final long acquiredAtNanos = System.nanoTime();

    Permit(Admission admission, Gate gate, Want want, Start start) {
        this.admission = admission;
        this.gate = gate;
        this.want = want;
        this.start = start;
    }

    /// The provider has answered.
    ///
    /// @param promptTokens as it counted them; negative when it did not say
    public void answered(long promptTokens, long completionTokens) {
        admission.answered(this, promptTokens, completionTokens);
    }

    /// The provider takes no more calls at the moment.
    ///
    /// @param retryAfter how long it wants to be left alone, if it says so
    /// @param rates what it says of its limits
    public void refused(@Nullable Duration retryAfter, Rates rates) {
        admission.refused(this, retryAfter, rates);
    }

    /// The provider failed, or did not answer at all.
    public void failed() {
        admission.failed(this);
    }

    /// The provider has asked to be left alone for so long.
    public void notBefore(Duration wait) {
        admission.notBefore(this, wait);
    }

    /// The provider has said something of its limits.
    public void learned(Rates rates) {
        admission.learned(this, rates);
    }

    @Override
    public void close() {
        admission.release(this);
    }

    Gate gate() {
        return gate;
    }

    Start start() {
        return start;
    }

    Want want() {
        return want;
    }

    double reservedTokens() {
        return start.tokens();
    }

    long startedMicros() {
        return start.micros();
    }

    /// Calls of its group that were in flight when it started.
    int besides() {
        return start.besides();
    }

    long acquiredAtNanos() {
        return acquiredAtNanos;
    }
}
