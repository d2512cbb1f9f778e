package io.penstock.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

/// Shows on standard error how a run comes along. Not thread-safe.
sealed interface Display permits Panel, PlainLines, JsonLines, Display.Nothing {

    /// How it is shown.
    enum Style {
        PANEL,
        PLAIN,
        JSON,
        NONE
    }

    /// Shows how it stands; called several times a second.
    void show(Snapshot now);

    /// Shows what came of it.
    ///
    /// @param last sentences on how to go on, and where the results are
    void end(Snapshot all, String last);

    static Display of(RunCommand command, Terminal terminal, PrintStream out) {
        Style form = command.progress;
        if (command.quiet) {
            form = Style.NONE;
        } else if (form == null) {
            form = terminal.isCapable() ? Style.PANEL : Style.PLAIN;
        }
        return switch (form) {
            case PANEL -> new Panel(command.input + " → " + command.output, terminal, out);
            case PLAIN -> new PlainLines(out);
            case JSON -> new JsonLines(out);
            case NONE -> new Nothing();
        };
    }

    /// Shows nothing.
    final class Nothing implements Display {

        @Override
        public void show(Snapshot now) {}

        @Override
        public void end(Snapshot all, String last) {}
    }

    /// `12,345`.
    static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /// `12.3` or `123`.
    static String rate(double rate) {
        return String.format(Locale.ROOT, rate < 100 ? "%.1f" : "%,.0f", rate);
    }

    /// `0:07`, `12:30`, `3:02:01`.
    static String time(Duration duration) {
        long seconds = duration.plusMillis(500).toSeconds();
        return seconds < 3600
                ? "%d:%02d".formatted(seconds / 60, seconds % 60)
                : "%d:%02d:%02d".formatted(seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
}
