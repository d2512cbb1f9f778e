package io.penstock.chaos;

import java.io.IOException;

/// As long as it is open, whatever a process writes to a file fails as on a full disk: the greatest
/// size of its files is 0 then (`prlimit`, setrlimit(2)). Linux only; the native binary may end by
/// the signal that comes with it, which the JVM ignores.
final class FullDisk implements AutoCloseable {

    private final long pid;

    FullDisk(long pid) {
        this.pid = pid;
        limit("0");
    }

    static boolean isPossible() {
        try {
            return !Boolean.getBoolean("penstock.native")
                    && new ProcessBuilder("prlimit", "--version").start().waitFor() == 0;
        } catch (IOException notThere) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        limit("unlimited");
    }

    private void limit(String size) {
        try {
            int status =
                    new ProcessBuilder(
                                    "prlimit",
                                    "--pid",
                                    Long.toString(pid),
                                    "--fsize=" + size + ":unlimited")
                            .start()
                            .waitFor();
            if (status != 0) {
                throw new AssertionError("prlimit ended with " + status);
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
