package io.penstock.flow;

/// The right to have one call in flight, until closed. Close it once, in the thread of one's
/// choice.
///
/// @param acquiredAtNanos [System#nanoTime] at the start
public record Permit(Admission admission, long acquiredAtNanos) implements Decision, AutoCloseable {

    @Override
    public void close() {
        admission.release(acquiredAtNanos);
    }
}
