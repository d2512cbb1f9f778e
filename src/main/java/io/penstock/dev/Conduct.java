package io.penstock.dev;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Decides, request by request, how the provider behaves: it holds the default behaviour, the
/// memory of faults that apply only so many times, and the seeded dice. Thread-safe.
final class Conduct {
    /// 99th percentile of the standard normal distribution.
    private static final double Z99 = 2.3263478740408408;

    private final Behaviour initial;
    private final RandomGenerator dice;
    private final Map<String, Integer> seen = new HashMap<>();
    private int seenInAll;
    private Behaviour behaviour;

    Conduct(Behaviour initial, long seed) {
        this.initial = initial;
        this.behaviour = initial;
        // Random, not a faster generator, because its sequence is specified for a seed.
        this.dice = new java.util.Random(seed);
    }

    synchronized Behaviour behaviour() {
        return behaviour;
    }

    /// Makes this the default behaviour; its `times` count from here on.
    synchronized void behave(Behaviour wanted) {
        behaviour = wanted;
        seenInAll = 0;
    }

    void behaveAsAtStart() {
        behave(initial);
    }

    /// Forgets which faults were already applied.
    synchronized void forget() {
        seen.clear();
        seenInAll = 0;
    }

    /// The fault of this request, which counts as one of its `times`.
    ///
    /// @param conversation what tells the same request sent again from another one; null when the
    ///   fault is the default one, which counts all requests together
    synchronized Fault fault(Behaviour wanted, @Nullable String conversation) {
        if (wanted.fault() == Fault.NONE) {
            return Fault.NONE;
        }
        Integer times = wanted.times();
        if (times != null) {
            int request =
                    conversation == null ? ++seenInAll : seen.merge(conversation, 1, Integer::sum);
            if (request > times) {
                return Fault.NONE;
            }
        }
        boolean applies = wanted.rate() >= 1 || dice.nextDouble() < wanted.rate();
        return applies ? wanted.fault() : Fault.NONE;
    }

    /// The wait before the head of one answer.
    synchronized Duration latency(Behaviour wanted) {
        Duration p99 = wanted.latencyP99();
        if (p99 == null) {
            return wanted.latency();
        }
        double median = wanted.latency().toNanos();
        double sigma = Math.log(p99.toNanos() / median) / Z99;
        return Duration.ofNanos((long) (median * Math.exp(sigma * dice.nextGaussian())));
    }
}
