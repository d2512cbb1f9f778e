package io.penstock.llm;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// A moment on the clock that nobody sets and that goes forward only, [System#nanoTime()]. On Linux
/// and macOS it stands while the machine sleeps; on Windows it goes on.
record Deadline(long nanos) {

    static Deadline in(Duration time) {
        return new Deadline(System.nanoTime() + TimeUnit.NANOSECONDS.convert(time));
    }

    /// Negative after it.
    Duration left() {
        return Duration.ofNanos(nanos - System.nanoTime());
    }

    boolean isOver() {
        return nanos - System.nanoTime() <= 0;
    }

    Deadline later(Duration by) {
        return new Deadline(nanos + TimeUnit.NANOSECONDS.convert(by));
    }

    /// The one that comes first.
    Deadline or(Deadline other) {
        return nanos - other.nanos <= 0 ? this : other;
    }
}
