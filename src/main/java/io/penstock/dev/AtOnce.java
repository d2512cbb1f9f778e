package io.penstock.dev;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// How many requests may be under way at once: a number, or numbers that follow one another for
/// ever, written `10,50,200/30s`. Immutable.
///
/// @param every how long each of several numbers holds; null for a single one
record AtOnce(List<Integer> steps, @Nullable Duration every) {
    AtOnce {
        if (steps.isEmpty() || steps.stream().anyMatch(step -> step < 1)) {
            throw new IllegalArgumentException("Requests at once must be at least 1.");
        }
        if (every == null ? steps.size() > 1 : every.isZero()) {
            throw new IllegalArgumentException(
                    "Say how long each number holds, such as 10,50,200/30s.");
        }
    }

    @JsonCreator
    static AtOnce of(int steady) {
        return new AtOnce(List.of(steady), null);
    }

    @JsonCreator
    static AtOnce parse(String text) {
        int slash = text.indexOf('/');
        String steps = slash < 0 ? text : text.substring(0, slash);
        return new AtOnce(
                Arrays.stream(steps.split(",", -1)).map(Integer::valueOf).toList(),
                slash < 0 ? null : WireJson.duration(text.substring(slash + 1)));
    }

    @JsonValue
    Object json() {
        if (every == null) {
            return steps.getFirst();
        }
        return steps.stream().map(String::valueOf).collect(Collectors.joining(","))
                + "/"
                + WireJson.written(every);
    }

    /// The number that holds so many nanoseconds after the beginning.
    int after(long nanos) {
        if (every == null) {
            return steps.getFirst();
        }
        return steps.get((int) (nanos / every.toNanos() % steps.size()));
    }
}
