package io.penstock.batch;

import io.penstock.llm.Failure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Tells the failures of items from an outage of the provider and from a key or an address that is
/// wrong, which are no reason to fail a whole batch item by item: such a failure is in doubt until
/// another call is answered that began later. Not thread-safe.
final class Outage {

    /// Failures of different items in doubt, with no answer between, that mean all of them.
    private static final int IN_A_ROW = 20;

    /// Claims of a chunk in vain, one after the other, before such failures count as the items'
    /// own: with the waits between them, an hour and a half.
    private static final int CLAIMS_MAX = 60;

    /// The same where the provider is there and fails: a quarter of an hour at least.
    private static final int CLAIMS_MAX_THERE = 30;

    private static final Duration WAIT = Duration.ofSeconds(2);
    private static final Duration WAIT_MAX = Duration.ofMinutes(2);

    private final int inVain;
    private final Map<Integer, Doubt> unreached = new LinkedHashMap<>();
    private final Map<Integer, Doubt> refused = new LinkedHashMap<>();
    private final Set<Integer> unexplained = new HashSet<>();
    private boolean answered;
    private long answeredNanos;
    private boolean gaveUp;

    private record Doubt(Happened.Failed failed, long begunNanos) {}

    /// What is known of an item's attempts beside how they ended.
    ///
    /// @param begunNanos when the last of them began
    /// @param othersAnswered whether others were answered between those that failed, by the model
    ///   that failed them
    record Sign(long begunNanos, boolean othersAnswered) {}

    /// @param inVain how many claims of the chunk in a row were given up because of the provider
    ///   before this one
    Outage(int inVain) {
        this.inVain = inVain;
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
        AWAY,
        /// The provider refuses everything.
        REFUSED
    }

    /// Judges a failure.
    ///
    /// @param stopping whether the run stops in any case: then nothing is kept in doubt
    Verdict judge(Happened.Failed failed, Sign sign, boolean stopping) {
        Failure failure = failed.failure();
        if (failure.isRefusal()) {
            return refused(failed, sign, stopping);
        }
        return switch (failure.kind()) {
            case RATE_LIMITED -> Verdict.NOTHING;
            case TRANSPORT, OVERLOADED, SERVER, TIMEOUT ->
                    sign.othersAnswered() || inVain >= patience(failure)
                            ? Verdict.ITS_OWN
                            : unreached(failed, sign, stopping);
            default -> Verdict.ITS_OWN;
        };
    }

    private static int patience(Failure failure) {
        return switch (failure.kind()) {
            case TIMEOUT -> CLAIMS_MAX_THERE;
            case SERVER ->
                    failure.status() > 500 && failure.status() < 600
                            ? CLAIMS_MAX
                            : CLAIMS_MAX_THERE;
            default -> CLAIMS_MAX;
        };
    }

    private Verdict refused(Happened.Failed failed, Sign sign, boolean stopping) {
        if (isAnsweredSince(sign.begunNanos())) {
            return Verdict.ITS_OWN;
        }
        if (stopping) {
            return Verdict.NOTHING;
        }
        refused.put(failed.place(), new Doubt(failed, sign.begunNanos()));
        if (refused.size() < IN_A_ROW) {
            return Verdict.IN_DOUBT;
        }
        gaveUp = true;
        return Verdict.REFUSED;
    }

    private Verdict unreached(Happened.Failed failed, Sign sign, boolean stopping) {
        if (isAnsweredSince(sign.begunNanos())) {
            unexplained.add(failed.place());
            return Verdict.NOTHING;
        }
        if (stopping) {
            return Verdict.NOTHING;
        }
        unreached.put(failed.place(), new Doubt(failed, sign.begunNanos()));
        if (unreached.size() < IN_A_ROW) {
            return Verdict.IN_DOUBT;
        }
        gaveUp = true;
        unreached.clear();
        return Verdict.AWAY;
    }

    private boolean isAnsweredSince(long begunNanos) {
        return answered && answeredNanos - begunNanos > 0;
    }

    /// Notes that an item is about to run: what a failure before has left in doubt is settled by
    /// how it ends now.
    void again(int place) {
        unreached.remove(place);
        refused.remove(place);
        unexplained.remove(place);
    }

    /// Notes that the provider has answered a call that began then.
    ///
    /// @return the refusals that were in doubt and are the items' own now
    List<Happened.Failed> answered(long begunNanos) {
        if (!answered || begunNanos - answeredNanos > 0) {
            answeredNanos = begunNanos;
        }
        answered = true;
        settled(unreached).forEach(failed -> unexplained.add(failed.place()));
        return settled(refused);
    }

    private List<Happened.Failed> settled(Map<Integer, Doubt> doubts) {
        List<Happened.Failed> settled = new ArrayList<>();
        for (Iterator<Doubt> all = doubts.values().iterator(); all.hasNext(); ) {
            Doubt doubt = all.next();
            if (isAnsweredSince(doubt.begunNanos)) {
                settled.add(doubt.failed);
                all.remove();
            }
        }
        return settled;
    }

    /// Whether an item has failed for the provider, which has answered others afterwards: should it
    /// fail so again, it is its own failure.
    boolean isUnexplained(int place) {
        return unexplained.contains(place);
    }

    /// Notes that the run ends, and whether the provider seems to be away.
    boolean isAway() {
        gaveUp |= !unreached.isEmpty();
        return !unreached.isEmpty();
    }

    /// What is in doubt at the end although the provider was there, and has answered others in this
    /// run: the items' own failures, if they are no row.
    List<Happened.Failed> own() {
        List<Happened.Failed> own = new ArrayList<>();
        unreached
                .values()
                .removeIf(doubt -> {
                    boolean isOwn =
                            answered && patience(doubt.failed.failure()) == CLAIMS_MAX_THERE;
                    if (isOwn) {
                        own.add(doubt.failed);
                    }
                    return isOwn;
                });
        return own;
    }

    /// The refusals that are in doubt.
    List<Happened.Failed> refused() {
        return refused.values().stream().map(Doubt::failed).toList();
    }

    /// Notes that these refusals are taken for the provider's word to all.
    void refusedAll() {
        gaveUp = true;
    }

    /// Whether anything was answered.
    boolean hasAnswered() {
        return answered;
    }

    /// How many claims in a row are given up by now because of the provider.
    int inVain() {
        int before = answered ? 0 : inVain;
        return gaveUp ? before + 1 : before;
    }

    /// Whether the claim before was given up because of the provider.
    boolean isAgain() {
        return inVain > 0;
    }

    /// How long to wait before the chunk is tried again.
    Duration untilNextTry() {
        Duration wait = WAIT.multipliedBy(inVain + 1L);
        return wait.compareTo(WAIT_MAX) > 0 ? WAIT_MAX : wait;
    }
}
