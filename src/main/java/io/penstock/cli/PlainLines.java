package io.penstock.cli;

import java.io.PrintStream;
import java.util.concurrent.TimeUnit;

/// A line of text a second, where no terminal is.
final class PlainLines implements Display {

    private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final PrintStream out;
    private long nextNanos = System.nanoTime();
    private String last = "";

    PlainLines(PrintStream out) {
        this.out = out;
    }

    @Override
    public void show(Snapshot now) {
        if (System.nanoTime() - nextNanos < 0) {
            return;
        }
        nextNanos = System.nanoTime() + INTERVAL_NANOS;
        String line = line(now);
        if (!line.equals(last)) {
            out.println(line);
            last = line;
        }
    }

    @Override
    public void end(Snapshot all, String sentences) {
        SummaryTable.of(all).forEach(out::println);
        out.println(sentences);
    }

    private static String line(Snapshot now) {
        StringBuilder line = new StringBuilder();
        line.append(Display.count(now.done())).append(" of ").append(Display.count(now.total()));
        line.append(", ").append(Display.count(now.failed())).append(" failed");
        if (now.inFlight() != null) {
            line.append(", ").append(Display.count(now.inFlight())).append(" in flight");
        }
        if (now.rate() > 0) {
            line.append(", ").append(Display.rate(now.rate())).append(" a second");
        }
        if (now.left() != null) {
            line.append(", ").append(Display.time(now.left())).append(" left");
        }
        if (now.cost() != null) {
            line.append(", cost ").append(now.cost().toPlainString());
        }
        return line.append(". ").append(now.sentence()).toString();
    }
}
