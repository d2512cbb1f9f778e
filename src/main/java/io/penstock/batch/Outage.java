package io.penstock.batch;

import io.penstock.llm.FailureKind;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Tells the failures of items from an outage of the provider, which is no reason to fail a whole
/// batch item by item: a failure to reach the provider is in doubt until something is answered. Not
/// thread-safe.
final class Outage {

    /// Failures in doubt that mean that the provider is away.
    private static final int AWAY = 20;

    /// Claims of a chunk in vain before such failures count as the items' own: with the waits
    /// between them, an hour and a half.
    private static final int CLAIMS_MAX = 60;

    private static final Duration WAIT = Duration.ofSeconds(2);
    private static final Duration WAIT_MAX = Duration.ofMinutes(2);

    private final int claims;
    private final Map<Integer, Happened.Failed> doubtful = new LinkedHashMap<>();
    private boolean answered;

    /// @param claims how often the chunk was claimed
    Outage(int claims) {
        this.claims = claims;
    }

    /// What a failure says.
    enum Verdict {
        /// The item has failed.
        ITS_OWN,
        /// Nothing of the item, which stays without an outcome.
        NOTHING,
        /// That will be known when something is answered, or at the end.
        IN_DOUBT,
        /// The provider is away, and no failure in doubt was an item's own.
        AWAY
    }

    /// Judges a failure.
    ///
    /// @param stopping whether the run stops in any case: then nothing is kept in doubt
    Verdict judge(Happened.Failed failed, boolean stopping) {
        FailureKind kind = failed.failure().kind();
        boolean patient = claims <= CLAIMS_MAX;
        if (patient && kind == FailureKind.RATE_LIMITED) {
            return Verdict.NOTHING;
        }
        if (!patient || !(kind == FailureKind.TRANSPORT || kind == FailureKind.OVERLOADED)) {
            return Verdict.ITS_OWN;
        }
        if (stopping) {
            return Verdict.NOTHING;
        }
        doubtful.put(failed.place(), failed);
        if (doubtful.size() < AWAY) {
            return Verdict.IN_DOUBT;
        }
        doubtful.clear();
        return Verdict.AWAY;
    }

    /// Notes that an item is about to run: what a failure before has left in doubt is settled by
    /// how it ends now.
    void again(int place) {
        doubtful.remove(place);
    }

    /// Notes that the provider has answered.
    ///
    /// @return the failures that were in doubt and are the items' own now
    List<Happened.Failed> answered() {
        answered = true;
        List<Happened.Failed> own = List.copyOf(doubtful.values());
        doubtful.clear();
        return own;
    }

    /// Whether failures are in doubt and nothing was answered at all.
    boolean isLikely() {
        return !answered && !doubtful.isEmpty();
    }

    /// Whether anything was answered.
    boolean hasAnswered() {
        return answered;
    }

    /// How long to wait before the chunk is tried again.
    Duration untilNextTry() {
        Duration wait = WAIT.multipliedBy(claims);
        return wait.compareTo(WAIT_MAX) > 0 ? WAIT_MAX : wait;
    }
}
