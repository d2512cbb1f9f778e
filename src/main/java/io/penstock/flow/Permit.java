package io.penstock.flow;

/// The right to have one call in flight, until closed. Close it once, in the thread of one's
/// choice.
///
/// @param patient whether it is one of those that batches may have
/// @param acquiredAtNanos [System#nanoTime] at the start
public record Permit(Admission admission, long acquiredAtNanos, boolean patient)
        implements Decision, AutoCloseable {

    @Override
    public void close() {
        admission.release(this);
    }
}
