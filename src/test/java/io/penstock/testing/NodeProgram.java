package io.penstock.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// A program for Node.js below `src/test`, with the packages of its `package-lock.json`, which npm
/// fetches below `target` when they are not there yet.
public final class NodeProgram {

    private final Path directory;

    private NodeProgram(Path directory) {
        this.directory = directory;
    }

    /// Makes the program of that name ready.
    ///
    /// @throws AssertionError when npm cannot
    public static NodeProgram ready(String name) {
        Path source = Path.of("src", "test", name);
        Path directory = Path.of("target", name).toAbsolutePath();
        try {
            Path wanted = source.resolve("package-lock.json");
            Path installed = directory.resolve("package-lock.json");
            boolean fresh =
                    Files.isDirectory(directory.resolve("node_modules"))
                            && Files.exists(installed)
                            && Files.mismatch(wanted, installed) < 0;
            Files.createDirectories(directory);
            try (Stream<Path> files = Files.list(source)) {
                for (Path file : files.toList()) {
                    Files.copy(
                            file,
                            directory.resolve(file.getFileName().toString()),
                            StandardCopyOption.REPLACE_EXISTING);
                }
            }
            if (!fresh) {
                install(directory, installed);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new NodeProgram(directory);
    }

    /// The command that runs one of its files.
    public List<String> command(String file) {
        return List.of("node", directory.resolve(file).toString());
    }

    /// The command that runs a script with its packages.
    public List<String> script(String text) {
        try {
            Path script = Files.createTempFile(directory, "script-", ".mjs");
            script.toFile().deleteOnExit();
            Files.writeString(script, text);
            // Before Node.js 22 a client of WebSockets has to be asked for.
            return List.of("node", "--no-warnings", "--experimental-websocket", script.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void install(Path directory, Path installed) throws IOException {
        Process npm =
                start(
                        "npm",
                        builder ->
                                builder.directory(directory.toFile())
                                        .redirectErrorStream(true)
                                        .command("npm", "ci", "--no-audit", "--no-fund"));
        String said = new String(npm.getInputStream().readAllBytes());
        try {
            if (!npm.waitFor(5, TimeUnit.MINUTES) || npm.exitValue() != 0) {
                Files.deleteIfExists(installed);
                throw new AssertionError("npm cannot install " + directory + ": " + said);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /// Starts a process that knows nothing of anybody's AWS account.
    static Process start(String program, Consumer<ProcessBuilder> shape) {
        ProcessBuilder builder = new ProcessBuilder();
        builder.environment().keySet().removeIf(key -> key.startsWith("AWS_"));
        shape.accept(builder);
        try {
            return builder.start();
        } catch (IOException e) {
            throw new AssertionError(
                    "The tests need "
                            + program
                            + " on the PATH (Node.js 20 or newer with npm); those of the AWS store alone can"
                            + " do with an endpoint of their own in -Dpenstock.test.dynamodb.",
                    e);
        }
    }
}
