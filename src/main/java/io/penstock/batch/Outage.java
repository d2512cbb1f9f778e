package io.penstock.batch;

import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Tells the failures of items from an outage of the provider and from a key or an address that is
/// wrong, which are no reason to fail a whole batch item by item. Not thread-safe.
///
/// Proof that a failure is the item's own is an answer to a call that began later: by the same
/// model, or, for a refusal, by any, since key and address are the same for all. Until then the
/// failure is in doubt, and the item without an outcome. "Again" is an item that failed in an
/// earlier claim and came into this one although others were answered.
///
/// | failure | proof | at the end without proof | 20 in doubt |
/// |---|---|---|---|
/// | 500 | own if again, or if others were answered between its attempts; else left | left; own after three claims in vain where others were ever answered | away |
/// | no answer in time | the same | left; own after two such claims | away |
/// | 502 to 504, 529, no connection | left | left | away |
/// | key refused | own if again; else parks the job at the end | parks it | parks it |
/// | 403, 404, redirect, web page | own | left if others were ever answered, own when it comes for the third time; else parks the job | parks it |
/// | limit | left | left | left |
/// | any other | own | own | own |
///
/// What is left is run again by a later claim, after an ever longer wait; claims in a row that
/// ended so with nothing answered are in vain, and after many of them the failure is the item's own
/// whatever was seen. A refusal for want of the model is its own when it comes again.
final class Outage {

    /// Failures in doubt, with no answer between, that mean all items.
    private static final int IN_A_ROW = 20;

    /// Claims of a chunk in vain, in a row, before such failures are the items' own: over an hour.
    private static final int CLAIMS_MAX = 60;

    /// The same where the provider is there and fails: a quarter of an hour at least.
    private static final int CLAIMS_MAX_THERE = 30;

    /// Claims in vain before a 500 is the item's, where others of its job were answered: 12 s.
    private static final int CLAIMS_WITH_500 = 3;

    /// The same where no answer comes in time, which takes minutes each time.
    private static final int CLAIMS_WITHOUT_ANSWER = 2;

    /// Attempts in all claims that are enough where others were answered between.
    private static final int ATTEMPTS = 4;

    /// A 500 or a timeout is no sign of an outage so soon after an answer: word takes a while.
    private static final Duration LATELY = Duration.ofSeconds(5);

    private static final Duration WAIT = Duration.ofSeconds(2);
    private static final Duration WAIT_MAX = Duration.ofMinutes(2);
    private static final String NO_SUCH_MODEL = "model_not_found";

    private final int inVain;
    private final Answers answers;
    private final Map<Integer, Doubt> unreached = new LinkedHashMap<>();
    private final Map<Integer, Doubt> refused = new LinkedHashMap<>();

    /// Places of items that stay without an outcome although others were answered.
    private final Set<Integer> left = new HashSet<>();

    /// Those of them whose next failure is their own.
    private final Set<Integer> unexplained = new HashSet<>();

    private boolean answered;
    private boolean gaveUp;
    private boolean cutShort;

    private record Doubt(Happened.Failed failed, Sign sign) {

        boolean isKey() {
            return failed.failure().kind() == FailureKind.AUTHENTICATION;
        }

        boolean isOwnByProof() {
            Failure failure = failed.failure();
            return failure.isRefusal() && !isKey()
                    || sign.again > 0 && (isKey() || isThere(failure));
        }

        boolean isOwnAtTheEnd() {
            boolean isModel = NO_SUCH_MODEL.equals(failed.failure().providerCode());
            return !isKey() && sign.again >= (isModel ? 1 : 2);
        }
    }

    /// What is known of an item's attempts beside how they ended.
    ///
    /// @param model that was asked
    /// @param begunNanos when the last of them began
    /// @param othersAnswered whether others were answered between those that failed, by the model
    ///   that failed them
    /// @param again how many claims before have handed it on as unexplained
    record Sign(String model, long begunNanos, boolean othersAnswered, int again) {}

    /// @param inVain how many claims of the chunk in a row were given up because of the provider
    ///   before this one
    /// @param answers that the job's chunks in this process have had
    Outage(int inVain, Answers answers) {
        this.inVain = inVain;
        this.answers = answers;
    }

    /// What follows from a failure.
    enum Verdict {
        /// The item has failed.
        ITS_OWN,
        /// Undecided: the item stays without an outcome.
        OPEN,
        /// The provider is away, and no failure in doubt was an item's own.
        AWAY,
        /// The provider refuses everything.
        REFUSED
    }

    /// What follows at the end of a run from the refusals that are in doubt then.
    enum End {
        NOTHING,
        HAND_BACK,
        PARK
    }

    Verdict judge(Happened.Failed failed, Sign sign) {
        Failure failure = failed.failure();
        if (failure.isRefusal()) {
            return judge(refused, new Doubt(failed, sign), Verdict.REFUSED);
        }
        return switch (failure.kind()) {
            case RATE_LIMITED -> Verdict.OPEN;
            case TRANSPORT, OVERLOADED, SERVER, TIMEOUT ->
                    inVain >= patience(failure) || isOwnByOthers(failure, sign)
                            ? Verdict.ITS_OWN
                            : judge(unreached, new Doubt(failed, sign), Verdict.AWAY);
            default -> Verdict.ITS_OWN;
        };
    }

    private Verdict judge(Map<Integer, Doubt> doubts, Doubt doubt, Verdict ofMany) {
        if (isProved(doubt)) {
            if (doubt.isOwnByProof()) {
                return Verdict.ITS_OWN;
            }
            leave(doubt);
            return Verdict.OPEN;
        }
        doubts.put(doubt.failed.place(), doubt);
        if (doubts.values().stream().filter(this::isSignOfOutage).count() < IN_A_ROW) {
            return Verdict.OPEN;
        }
        gaveUp = true;
        return ofMany;
    }

    private static int patience(Failure failure) {
        return isThere(failure) ? CLAIMS_MAX_THERE : CLAIMS_MAX;
    }

    /// Whether it may come of the prompt, and not of too much to do or of something between.
    private static boolean isThere(Failure failure) {
        return switch (failure.kind()) {
            case TIMEOUT -> true;
            case SERVER -> failure.status() <= 500 || failure.status() >= 600;
            default -> false;
        };
    }

    private boolean isSignOfOutage(Doubt doubt) {
        return !isProved(doubt) && !(isThere(doubt.failed.failure()) && isAnsweredLately(doubt));
    }

    private boolean isAnsweredLately(Doubt doubt) {
        return answers.since(doubt.sign.model, doubt.sign.begunNanos - LATELY.toNanos());
    }

    /// Whether word may still come that others were answered after an item had failed.
    boolean awaitsWord() {
        return unreached.values().stream()
                .anyMatch(doubt -> isThere(doubt.failed.failure()) && isAnsweredLately(doubt));
    }

    private boolean isProved(Doubt doubt) {
        Sign sign = doubt.sign;
        return doubt.failed.failure().isRefusal()
                ? answers.since(sign.begunNanos)
                : answers.since(sign.model, sign.begunNanos);
    }

    /// Leaves an item that has failed although others were answered: with a refused key until the
    /// end, where it parks the job.
    private void leave(Doubt doubt) {
        int place = doubt.failed.place();
        if (doubt.isKey()) {
            refused.put(place, doubt);
            unexplained.add(place);
        } else {
            left.add(place);
            if (isThere(doubt.failed.failure())) {
                unexplained.add(place);
            }
        }
    }

    /// Notes that an item is about to run: how it ends settles what was in doubt before.
    void again(int place) {
        unreached.remove(place);
        refused.remove(place);
        left.remove(place);
        unexplained.remove(place);
    }

    /// Notes an answer in this run; returns the failures in doubt that are the items' own now.
    List<Happened.Failed> answered(String model, long begunNanos) {
        answered = true;
        answers.add(model, begunNanos);
        return settled();
    }

    /// The failures that were in doubt and are the items' own by what is known now.
    List<Happened.Failed> settled() {
        List<Happened.Failed> own = new ArrayList<>();
        for (Map<Integer, Doubt> doubts : List.of(unreached, refused)) {
            for (Doubt doubt : doubts.values().stream().filter(this::isProved).toList()) {
                doubts.remove(doubt.failed.place());
                if (doubt.isOwnByProof()) {
                    own.add(doubt.failed);
                } else {
                    leave(doubt);
                }
            }
        }
        return own;
    }

    /// Whether an item has failed although others were answered, and fails by itself if again.
    boolean isUnexplained(int place) {
        return unexplained.contains(place);
    }

    /// The failures with a 500 or no answer that are in doubt at the end and are the items' own,
    /// although nothing was answered afterwards, since others of the job were answered before; they
    /// are in doubt no more.
    List<Happened.Failed> ownFailures() {
        List<Happened.Failed> own =
                unreached.values().stream()
                        .map(Doubt::failed)
                        .filter(failed -> isThere(failed.failure()))
                        .filter(failed -> inVain >= claimsOf(failed.failure().kind()))
                        .toList();
        own.forEach(failed -> unreached.remove(failed.place()));
        return own;
    }

    private static int claimsOf(FailureKind kind) {
        return kind == FailureKind.TIMEOUT ? CLAIMS_WITHOUT_ANSWER : CLAIMS_WITH_500;
    }

    /// Notes that the provider has failed a call whose further attempts are given up.
    ///
    /// @return whether it is to be judged all the same
    boolean cutShort(Happened.Failed failed, Sign sign) {
        if (failed.failure().kind() == FailureKind.RATE_LIMITED) {
            return false;
        }
        cutShort = true;
        return inVain >= patience(failed.failure())
                || isOwnByOthers(failed.failure(), sign) && failed.attempts() >= ATTEMPTS;
    }

    private static boolean isOwnByOthers(Failure failure, Sign sign) {
        return isThere(failure) && sign.othersAnswered();
    }

    /// Notes that the run ends, and whether the provider has failed items that are left.
    boolean isAway() {
        boolean isAway = !unreached.isEmpty() || !left.isEmpty() || (cutShort && !answered);
        gaveUp |= isAway;
        return isAway;
    }

    /// Notes that the run ends early because of the provider.
    void giveUp() {
        gaveUp = true;
    }

    /// The refusals in doubt at the end that are the items' own; they are in doubt no more.
    List<Happened.Failed> ownRefusals() {
        List<Happened.Failed> own =
                refused.values().stream().filter(Doubt::isOwnAtTheEnd).map(Doubt::failed).toList();
        own.forEach(failed -> refused.remove(failed.place()));
        return own;
    }

    /// Notes that the run ends with the refusals that are in doubt.
    ///
    /// @param others whether others of the job were answered at any time
    End end(boolean others) {
        if (refused.isEmpty()) {
            return End.NOTHING;
        }
        gaveUp = true;
        boolean isKey = refused.values().stream().anyMatch(Doubt::isKey);
        if (others) {
            refused.values().stream()
                    .filter(doubt -> !doubt.isKey())
                    .forEach(doubt -> unexplained.add(doubt.failed.place()));
        }
        return others && !isKey ? End.HAND_BACK : End.PARK;
    }

    /// The refusals that are in doubt.
    List<Happened.Failed> refused() {
        return refused.values().stream().map(Doubt::failed).toList();
    }

    boolean isInDoubt() {
        return !refused.isEmpty() || !unreached.isEmpty();
    }

    /// Whether anything was answered in this run.
    boolean hasAnswered() {
        return answered;
    }

    /// How many claims in a row are given up by now because of the provider.
    int inVain() {
        return (answered ? 0 : inVain) + (gaveUp ? 1 : 0);
    }

    /// How long to wait before the chunk is tried again.
    ///
    /// @param said by the provider as the least
    Duration untilNextTry(@Nullable Duration said) {
        Duration own = untilNextTry();
        return said == null || said.compareTo(own) < 0 ? own : said;
    }

    /// How long to wait where the provider has said nothing.
    Duration untilNextTry() {
        Duration wait = WAIT.multipliedBy(inVain + 1L);
        return wait.compareTo(WAIT_MAX) > 0 ? WAIT_MAX : wait;
    }
}
