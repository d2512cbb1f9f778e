package io.penstock.dev;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.random.RandomGenerator;

/// Decides, request by request, how the provider behaves: it holds the default behaviour, the
/// memory of faults that apply only so many times, and the seeded dice. Thread-safe.
final class Conduct {
    /// 99th percentile of the standard normal distribution.
    private static final double Z99 = 2.3263478740408408;

    private final Behaviour initial;
    private final RandomGenerator dice;
    private final Map<Long, Integer> seen = new HashMap<>();
    private int seenInAll;
    private Behaviour behaviour;
    private long behavingSince;

    Conduct(Behaviour initial, long seed, long now) {
        this.initial = initial;
        this.behaviour = initial;
        this.behavingSince = now;
        // Random, not a faster generator, because its sequence is specified for a seed.
        this.dice = new java.util.Random(seed);
    }

    synchronized Behaviour behaviour() {
        return behaviour;
    }

    /// Makes this the default behaviour; its `times` and `lasts` count from here on.
    synchronized void behave(Behaviour wanted, long now) {
        behaviour = wanted;
        behavingSince = now;
        seenInAll = 0;
        if (wanted.each()) {
            seen.clear();
        }
    }

    void behaveAsAtStart(long now) {
        behave(initial, now);
    }

    /// Forgets which faults were already applied.
    synchronized void forget() {
        seen.clear();
        seenInAll = 0;
    }

    /// The fault of this request, which counts as one of its `times`.
    ///
    /// @param conversation what tells the same request sent again from another one
    /// @param own whether `times` is the request's own, which counts for its conversation by itself
    synchronized Fault fault(Behaviour wanted, long conversation, boolean own, long now) {
        if (wanted.fault().equals(FaultMix.NONE) || over(wanted, now)) {
            return Fault.NONE;
        }
        Integer times = wanted.times();
        if (times != null) {
            int request =
                    own || wanted.each() ? seen.merge(conversation, 1, Integer::sum) : ++seenInAll;
            if (request > times) {
                return Fault.NONE;
            }
        }
        boolean applies = wanted.rate() >= 1 || dice.nextDouble() < wanted.rate();
        return applies ? wanted.fault().any(dice) : Fault.NONE;
    }

    private boolean over(Behaviour wanted, long now) {
        Duration lasts = wanted.lasts();
        return lasts != null && now - behavingSince >= lasts.toNanos();
    }

    /// The wait before the head of one answer.
    Duration latency(Behaviour wanted, Fault fault) {
        Duration latency = latency(wanted);
        return fault == Fault.STALL ? latency.plus(wanted.stall()) : latency;
    }

    private synchronized Duration latency(Behaviour wanted) {
        Duration p99 = wanted.latencyP99();
        if (p99 == null) {
            return wanted.latency();
        }
        double median = wanted.latency().toNanos();
        double sigma = Math.log(p99.toNanos() / median) / Z99;
        return Duration.ofNanos((long) (median * Math.exp(sigma * dice.nextGaussian())));
    }
}
