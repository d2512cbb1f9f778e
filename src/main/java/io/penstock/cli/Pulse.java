package io.penstock.cli;

import java.util.ArrayDeque;
import java.util.Deque;

/// How fast a count grows, over the last ten seconds. Not thread-safe.
final class Pulse {

    private static final double WINDOW_SECONDS = 10;

    /// Before, a rate would say more of the moment than of the run.
    private static final double LEAST_SECONDS = 0.5;

    private final Deque<Beat> beats = new ArrayDeque<>();

    private record Beat(double seconds, long count) {}

    /// @param seconds of a clock that never goes back
    /// @return the rate a second; 0 before it can be said
    double at(double seconds, long count) {
        beats.add(new Beat(seconds, count));
        while (beats.size() > 2 && seconds - beats.getFirst().seconds > WINDOW_SECONDS) {
            beats.removeFirst();
        }
        Beat first = beats.getFirst();
        double passed = seconds - first.seconds;
        return passed < LEAST_SECONDS ? 0 : Math.max(0, count - first.count) / passed;
    }
}
