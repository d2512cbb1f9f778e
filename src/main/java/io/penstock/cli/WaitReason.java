package io.penstock.cli;

import io.penstock.flow.Admission;
import io.penstock.flow.Rates;
import io.penstock.flow.Standing;
import io.penstock.store.Job;
import java.time.Duration;
import java.time.LocalTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Says in a sentence what a run does, or what it waits for. Thread-safe.
final class WaitReason {

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss");

    /// Older warnings say nothing of what is now.
    private static final Duration RECENT = Duration.ofSeconds(15);

    private final Admission admission;
    private final String model;
    private final LastWarning warning;

    /// @param model that is asked unless a prompt names another
    WaitReason(Admission admission, String model, LastWarning warning) {
        this.admission = admission;
        this.model = model;
        this.warning = warning;
    }

    String sentence(Job job, boolean isStopping) {
        int inFlight = admission.inFlight();
        if (isStopping) {
            return inFlight == 0
                    ? "Stops: what has come in is recorded."
                    : "Stops: "
                            + inFlight
                            + " in flight come to their end. Ctrl-C again leaves them behind.";
        }
        if (job.status() == Job.Status.FINALIZING || job.status().isTerminal()) {
            return "Puts the last results together.";
        }
        List<Standing> groups = new ArrayList<>(admission.standings());
        if (!admission.isBudgeted(model)) {
            groups.add(admission.standing(model));
        }
        for (Standing group : groups) {
            if (group.notBefore().compareTo(Duration.ofMillis(300)) > 0) {
                return waits(group.notBefore());
            }
        }
        String said = warning.within(RECENT).orElse("");
        for (Standing group : groups) {
            if (group.broken()) {
                return "Leaves " + group.group() + " alone for a moment: it fails. " + said;
            }
        }
        for (Standing group : groups) {
            if (group.waiting() > 0) {
                return atTheLimit(group, inFlight);
            }
        }
        return inFlight == 0 && !said.isEmpty() ? "Waits. " + said : "Runs. " + said;
    }

    private static String waits(Duration wait) {
        LocalTime until = LocalTime.now().plus(wait).truncatedTo(ChronoUnit.SECONDS);
        return "Waits for the provider until "
                + TIME.format(until)
                + ": it wants no calls for "
                + Math.ceilDiv(wait.toMillis(), 1000)
                + " s (Retry-After).";
    }

    private static String atTheLimit(Standing group, int inFlight) {
        Rates rates = group.rates();
        Long requests = rates.requestLimit();
        Long tokens = rates.tokenLimit();
        if (requests != null && isUsed(rates.requestsLeft())) {
            return "At the limit of " + Display.count(requests) + " requests a minute.";
        } else if (tokens != null && isUsed(rates.tokensLeft())) {
            return "At the limit of " + Display.count(tokens) + " tokens a minute.";
        } else if (group.inFlight() >= group.concurrencyLimit()) {
            return "At "
                    + group.concurrencyLimit()
                    + " calls at once, as many as the provider is thought to take.";
        }
        return "At the limit of " + Math.max(1, inFlight) + " calls at once.";
    }

    private static boolean isUsed(@Nullable Long left) {
        return left != null && left <= 1;
    }
}
