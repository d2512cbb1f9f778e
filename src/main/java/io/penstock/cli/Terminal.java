package io.penstock.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The terminal at standard error, if there is one. Java says nothing of it, so the system's own
/// programs are asked: `test` and `stty` (POSIX), which Windows has not.
final class Terminal {

    private static final int COLUMNS = 80;
    private static final long AGAIN_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final Pattern SIZE = Pattern.compile("(\\d+) (\\d+)\\s*");

    private final boolean isTerminal;
    private final boolean isCapable;
    private final boolean hasColors;
    private int columns = COLUMNS;
    private long nextNanos = System.nanoTime();

    private Terminal(boolean isTerminal, boolean isCapable, boolean hasColors) {
        this.isTerminal = isTerminal;
        this.isCapable = isCapable;
        this.hasColors = hasColors;
    }

    static Terminal here() {
        boolean isWindows = System.getProperty("os.name", "").startsWith("Windows");
        boolean isTerminal =
                isWindows
                        ? System.console() != null && System.console().isTerminal()
                        : isTerminal("2");
        boolean isDumb = "dumb".equals(System.getenv("TERM"));
        String noColor = System.getenv("NO_COLOR");
        return new Terminal(
                isTerminal, isTerminal && !isDumb, noColor == null || noColor.isEmpty());
    }

    private static boolean isTerminal(String descriptor) {
        try {
            return new ProcessBuilder("test", "-t", descriptor).inheritIO().start().waitFor() == 0;
        } catch (IOException noSuchProgram) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /// Whether somebody may sit there and answer.
    boolean isAttended() {
        return isTerminal && isTerminal("0");
    }

    /// Whether the cursor can be moved in it.
    boolean isCapable() {
        return isCapable;
    }

    /// Whether it may be used with colors (no-color.org).
    boolean hasColors() {
        return hasColors;
    }

    /// Its width, up to two seconds ago.
    int columns() {
        if (isTerminal && System.nanoTime() - nextNanos >= 0) {
            nextNanos = System.nanoTime() + AGAIN_NANOS;
            columns = asked();
        }
        return columns;
    }

    private int asked() {
        try {
            Process stty =
                    new ProcessBuilder("sh", "-c", "stty size <&2")
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start();
            String said = new String(stty.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            Matcher size = SIZE.matcher(said);
            return size.matches() && !size.group(2).equals("0")
                    ? Integer.parseInt(size.group(2))
                    : columns;
        } catch (IOException noSuchProgram) {
            return columns;
        }
    }
}
