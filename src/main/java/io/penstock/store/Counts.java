package io.penstock.store;

/// Items by how they ended.
public record Counts(int completed, int failed, int expired, int cancelled) {

    public static final Counts NONE = new Counts(0, 0, 0, 0);

    public Counts plus(Counts other) {
        return new Counts(
                completed + other.completed,
                failed + other.failed,
                expired + other.expired,
                cancelled + other.cancelled);
    }

    /// Items that have ended in any way.
    public int ended() {
        return completed + failed + expired + cancelled;
    }
}
