package io.penstock.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The packaged command line as a process, in a directory of its own.
final class PenstockProcess implements AutoCloseable {

    private static final int LIMIT_SECONDS = 120;

    private final Process process;
    private final Path out;
    private final Path err;

    private PenstockProcess(Process process, Path out, Path err) {
        this.process = process;
        this.out = out;
        this.err = err;
    }

    /// Starts it. It inherits no setting of the machine's.
    ///
    /// @param input its standard input
    static PenstockProcess start(
            Path directory, String baseUrl, String key, String input, String... args) {
        List<String> command = new ArrayList<>();
        String name = Path.of(System.getProperty("penstock.package")).toAbsolutePath().toString();
        if (Boolean.getBoolean("penstock.native")) {
            command.add(name);
        } else {
            command.addAll(
                    List.of(
                            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                            "-XX:TieredStopAtLevel=1",
                            "-jar",
                            name + ".jar"));
        }
        command.addAll(List.of(args));
        try {
            Path out = Files.createTempFile(directory, "out", ".txt");
            Path err = Files.createTempFile(directory, "err", ".txt");
            Path in = Files.writeString(Files.createTempFile(directory, "in", ".txt"), input);
            ProcessBuilder builder =
                    new ProcessBuilder(command)
                            .directory(directory.toFile())
                            .redirectInput(in.toFile())
                            .redirectOutput(out.toFile())
                            .redirectError(err.toFile());
            builder.environment()
                    .keySet()
                    .removeIf(variable ->
                            variable.startsWith("OPENAI_")
                                    || variable.startsWith("PENSTOCK_")
                                    || variable.startsWith("QUARKUS_")
                                    || variable.startsWith("AWS_"));
            if (!baseUrl.isEmpty()) {
                builder.environment().put("OPENAI_BASE_URL", baseUrl);
            }
            if (!key.isEmpty()) {
                builder.environment().put("OPENAI_API_KEY", key);
            }
            return new PenstockProcess(builder.start(), out, err);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// @return the exit code
    int await() {
        try {
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("It still runs: " + err());
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    void signal(String name) {
        try {
            new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /// Ctrl-C; or, where this was started in the background by a shell that keeps Ctrl-C from such
    /// jobs (POSIX, "Signals and error handling"), the request to end, which means the same.
    ///
    /// @return the exit status that is to come of it
    int stop() {
        String ignored =
                text(Path.of("/proc/self/status"))
                        .lines()
                        .filter(line -> line.startsWith("SigIgn:"))
                        .findFirst()
                        .orElse("SigIgn: 0");
        boolean isKept = (Long.parseUnsignedLong(ignored.substring(7).strip(), 16) & 2) != 0;
        signal(isKept ? "TERM" : "INT");
        return isKept ? 143 : 130;
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    String out() {
        return text(out);
    }

    String err() {
        return text(err);
    }

    private static String text(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
