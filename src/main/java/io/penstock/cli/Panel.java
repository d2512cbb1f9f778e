package io.penstock.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// A few lines at a terminal that are written over as the run comes along.
final class Panel implements Display {

    private static final String UP = "\u001b[%dA";
    private static final String CLEAR_LINE = "\u001b[K";
    private static final String CLEAR_BELOW = "\u001b[J";
    private static final String BOLD = "1";
    private static final String DIM = "2";
    private static final String GREEN = "32";
    private static final String RED = "31";
    private static final String CYAN = "36";

    private static final int BAR_MAX = 60;
    private static final int WIDTH_MIN = 20;

    private final String title;
    private final Terminal terminal;
    private final PrintStream out;
    private int lines;

    Panel(String title, Terminal terminal, PrintStream out) {
        this.title = title;
        this.terminal = terminal;
        this.out = out;
    }

    @Override
    public void show(Snapshot now) {
        int width = Math.max(WIDTH_MIN, terminal.columns() - 1);
        List<String> all = new ArrayList<>();
        all.add(styled(BOLD, cut(title, width)));
        all.add(bar(now, width));
        all.addAll(
                wrapped(
                        List.of(
                                Display.count(now.done()) + " of " + Display.count(now.total()),
                                Display.count(now.failed()) + " failed",
                                now.inFlight() == null
                                        ? ""
                                        : Display.count(now.inFlight()) + " in flight",
                                now.rate() > 0 ? Display.rate(now.rate()) + " a second" : "",
                                Display.time(now.elapsed())
                                        + (now.left() == null
                                                ? ""
                                                : ", " + Display.time(now.left()) + " left")),
                        width));
        all.addAll(wrapped(tokens(now), width));
        all.add(styled(DIM, cut(now.sentence(), width)));
        draw(all);
    }

    private static List<String> tokens(Snapshot now) {
        List<String> parts = new ArrayList<>();
        parts.add(
                Display.count(now.tokens().prompt())
                        + " tokens in, "
                        + Display.count(now.tokens().completion())
                        + " out");
        if (now.tokens().cached() > 0) {
            parts.add(Display.count(now.tokens().cached()) + " in from cache");
        }
        if (now.cost() != null && now.costExpected() != null) {
            parts.add(
                    "cost "
                            + now.cost().toPlainString()
                            + " of about "
                            + now.costExpected().toPlainString());
        }
        return parts;
    }

    @Override
    public void end(Snapshot all, String last) {
        draw(List.of());
        out.println(styled(BOLD, title));
        int width = Math.max(WIDTH_MIN, terminal.columns() - 1);
        for (String line : SummaryTable.of(all)) {
            out.println(cut(line, width));
        }
        out.println(last);
    }

    private String bar(Snapshot now, int width) {
        String percent =
                String.format(
                        Locale.ROOT,
                        " %d %%",
                        now.total() == 0 ? 0 : now.done() * 100 / now.total());
        int cells = Math.clamp(width - percent.length(), 5, BAR_MAX);
        long total = Math.max(1, now.total());
        int failed = (int) Math.ceilDiv(now.failed() * cells, total);
        int done = (int) Math.max(failed, now.done() * cells / total);
        return styled(GREEN, "━".repeat(done - failed))
                + styled(RED, "━".repeat(failed))
                + styled(DIM, "─".repeat(cells - done))
                + styled(CYAN, percent);
    }

    /// Puts as many parts into a line as fit.
    private static List<String> wrapped(List<String> parts, int width) {
        List<String> lines = new ArrayList<>();
        String line = "";
        for (String part : parts.stream().filter(one -> !one.isEmpty()).toList()) {
            String longer = line.isEmpty() ? part : line + " · " + part;
            if (longer.length() <= width) {
                line = longer;
            } else {
                lines.add(line);
                line = part;
            }
        }
        lines.add(line);
        return lines.stream().filter(one -> !one.isEmpty()).map(one -> cut(one, width)).toList();
    }

    private void draw(List<String> all) {
        StringBuilder text = new StringBuilder();
        if (lines > 0) {
            text.append(String.format(Locale.ROOT, UP, lines));
        }
        for (String line : all) {
            text.append(line).append(CLEAR_LINE).append('\n');
        }
        lines = all.size();
        out.print(text.append(CLEAR_BELOW));
        out.flush();
    }

    private String styled(String style, String text) {
        return terminal.hasColors() && !text.isEmpty()
                ? "\u001b[" + style + "m" + text + "\u001b[0m"
                : text;
    }

    private static String cut(String text, int width) {
        return text.length() <= width ? text : text.substring(0, width - 1) + "…";
    }
}
