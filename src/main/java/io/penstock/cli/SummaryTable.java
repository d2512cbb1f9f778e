package io.penstock.cli;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What came of a run, in lines.
final class SummaryTable {

    /// Kinds of failures that are shown.
    private static final int KINDS = 6;

    private static final int MESSAGE = 90;

    private SummaryTable() {}

    static List<String> of(Snapshot all) {
        List<String> lines = new ArrayList<>();
        lines.add(row("completed", all.counts().completed(), null));
        for (ResultsTally.Failures failed : all.tally().failures().stream().limit(KINDS).toList()) {
            lines.add(
                    row(
                            failed.kind(),
                            failed.count(),
                            "first at index "
                                    + failed.index()
                                    + ": "
                                    + shortened(failed.message())));
        }
        long pending = all.total() - all.done();
        if (pending > 0) {
            lines.add(row("not run yet", pending, null));
        }
        lines.add(
                row(
                        "tokens",
                        all.tokens().prompt(),
                        "in, " + Display.count(all.tokens().completion()) + " out" + cached(all)));
        if (all.cost() != null) {
            lines.add("  %-18s %12s".formatted("cost", all.cost().toPlainString()));
        }
        lines.add(row("requests", all.tally().attempts(), requests(all)));
        String rate = all.rate() > 0 ? "   " + Display.rate(all.rate()) + " prompts a second" : "";
        lines.add("  %-18s %12s%s".formatted("time", Display.time(all.elapsed()), rate));
        return lines;
    }

    /// Requests are known of the results that are written.
    private static @Nullable String requests(Snapshot all) {
        long written = all.tally().lines();
        long again = all.tally().attempts() - written;
        String repeated = again > 0 ? Display.count(again) + " of them again" : "";
        String some =
                written < all.done()
                        ? "for the " + Display.count(written) + " results that are written"
                        : "";
        String more = repeated.isEmpty() || some.isEmpty() ? "" : ", ";
        return repeated.isEmpty() && some.isEmpty() ? null : some + more + repeated;
    }

    private static String cached(Snapshot all) {
        return all.tokens().cached() == 0
                ? ""
                : "; " + Display.count(all.tokens().cached()) + " in from the provider's cache";
    }

    private static String row(String name, long count, @Nullable String more) {
        String row = "  %-18s %12s".formatted(name, Display.count(count));
        return more == null ? row : row + "   " + more;
    }

    private static String shortened(String message) {
        String line = message.replaceAll("\\s+", " ");
        return line.length() <= MESSAGE ? line : line.substring(0, MESSAGE - 1) + "…";
    }
}
