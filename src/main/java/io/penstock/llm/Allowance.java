package io.penstock.llm;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// The time that a call has. Confined to the thread that runs the call, but for [#left].
final class Allowance {

    private final Duration longestAttempt;
    private final @Nullable Duration patience;
    private volatile Deadline deadline;

    private long pausedAtNanos;
    private @Nullable Duration pause;

    /// @param whole until the deadline
    /// @param attempt the longest that a further attempt may take, with the wait before it
    /// @param patience for the provider's `Retry-After`, where waiting takes nothing of the time;
    ///   null where it does
    Allowance(Duration whole, Duration attempt, @Nullable Duration patience) {
        this.deadline = Deadline.in(whole);
        this.longestAttempt = attempt.compareTo(whole) <= 0 ? attempt : Duration.ZERO;
        this.patience = patience;
    }

    Deadline deadline() {
        return deadline;
    }

    Duration left() {
        return deadline.left();
    }

    /// Gives back what a wait has taken, where waiting takes nothing.
    void waited(Duration wait) {
        if (patience != null) {
            deadline = deadline.later(wait);
        }
    }

    /// How long the wait before a further attempt may be.
    ///
    /// A caller whose deadline comes before the provider's `Retry-After` hears so now instead of
    /// waiting in vain. Where waiting takes nothing, no attempt is made that the deadline might
    /// cut, unless the limit has no room for a whole one.
    ///
    /// @return null when no further attempt makes sense
    @Nullable Duration longestPause(@Nullable Duration retryAfter) {
        Duration left = left();
        if (patience == null) {
            return retryAfter == null || retryAfter.compareTo(left) < 0 ? left : null;
        }
        if (left.compareTo(longestAttempt) < 0
                || (retryAfter != null && retryAfter.compareTo(patience) > 0)) {
            return null;
        }
        return retryAfter == null ? left : left.plus(retryAfter);
    }

    /// Notes that an attempt has failed.
    ///
    /// @param retryAfter the part of the pause that is a wait for the provider
    void pauses(@Nullable Duration retryAfter) {
        pausedAtNanos = System.nanoTime();
        pause = retryAfter == null ? Duration.ZERO : retryAfter;
    }

    /// Goes on after a pause.
    ///
    /// @return how long it was; zero when there was none
    Duration goesOn() {
        if (pause == null) {
            return Duration.ZERO;
        }
        Duration took = Duration.ofNanos(System.nanoTime() - pausedAtNanos);
        waited(pause.compareTo(took) < 0 ? pause : took);
        pause = null;
        return took;
    }
}
