package io.penstock.testing;

import com.amazonaws.services.lambda.runtime.api.client.AWSLambda;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// The packaged application as a process: the native binary in a native build, else the jar.
///
/// It inherits no setting of the machine's, only what the test gives it. What it prints is kept,
/// and written to a file of [#LOGS] too.
public final class PackagedApplication implements AutoCloseable {

    /// Where AWS's client looks for the path of its library before it unpacks one.
    private static final String NATIVE_CLIENT =
            "com.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient.JNI";

    /// One file a process, for whoever watches.
    public static final Path LOGS = Path.of("target", "logs");

    private final Process process;
    private final Path logFile;
    private final List<String> log = Collections.synchronizedList(new ArrayList<>());
    private final Thread reader;

    /// The application as a plain process, which in a jar does not ask AWS Lambda for events.
    ///
    /// @param environment variables of the process, besides those that any process needs
    public static PackagedApplication process(Map<String, String> environment) {
        return new PackagedApplication(
                isNative() ? List.of(name()) : List.of(java(), "-jar", name() + ".jar"),
                environment);
    }

    /// The application as AWS Lambda runs it: the binary as it is, the jar under AWS's own client
    /// of the Runtime API.
    public static PackagedApplication function(Map<String, String> environment) {
        return function(environment, List.of());
    }

    /// @param options of the process, `-D…`
    static PackagedApplication function(Map<String, String> environment, List<String> options) {
        List<String> command = new ArrayList<>();
        command.add(isNative() ? name() : java());
        command.addAll(options);
        if (!isNative()) {
            command.addAll(
                    List.of(
                            "--add-opens=java.base/java.lang=ALL-UNNAMED",
                            "--enable-native-access=ALL-UNNAMED",
                            "-D" + NATIVE_CLIENT + "=" + nativeClient(),
                            "-cp",
                            classPath(),
                            AWSLambda.class.getName(),
                            "io.quarkus.amazon.lambda.runtime.QuarkusStreamHandler::handleRequest"));
        }
        return new PackagedApplication(command, environment);
    }

    /// The native library of AWS's Runtime API client. By itself, each process would write it to a
    /// file of one name for all, and crash where another does so meanwhile.
    private static synchronized Path nativeClient() {
        String architecture =
                System.getProperty("os.arch").equals("aarch64") ? "aarch_64" : "x86_64";
        String library = "libaws-lambda-jni.linux-" + architecture + ".so";
        Path unpacked = Path.of(name()).resolveSibling(library);
        if (Files.notExists(unpacked)) {
            try (InputStream in =
                    Objects.requireNonNull(
                            AWSLambda.class.getResourceAsStream("/jni/" + library), library)) {
                Path begun = Files.createTempFile(unpacked.getParent(), library, null);
                Files.copy(in, begun, StandardCopyOption.REPLACE_EXISTING);
                Files.move(begun, unpacked, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return unpacked;
    }

    private static boolean isNative() {
        return Boolean.getBoolean("penstock.native");
    }

    private static String name() {
        return System.getProperty("penstock.package");
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    private static String classPath() {
        List<String> entries = new ArrayList<>();
        entries.add(name() + ".jar");
        entries.add(Path.of(name()).resolveSibling("lib") + "/*");
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (entry.contains("aws-lambda-java-") || entry.contains("utils-lite")) {
                entries.add(entry);
            }
        }
        return String.join(File.pathSeparator, entries);
    }

    private PackagedApplication(List<String> command, Map<String, String> environment) {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment()
                .keySet()
                .removeIf(key ->
                        key.startsWith("OPENAI_")
                                || key.startsWith("PENSTOCK_")
                                || key.startsWith("QUARKUS_")
                                || key.startsWith("AWS_"));
        builder.environment().putAll(environment);
        try {
            process = builder.start();
            String handler = environment.getOrDefault("QUARKUS_LAMBDA_HANDLER", "penstock");
            logFile = Files.createDirectories(LOGS).resolve(handler + "-" + process.pid() + ".log");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        reader = Thread.ofVirtual().start(this::read);
    }

    /// Waits for the process to end by itself.
    ///
    /// @return its exit status
    public int awaitEnd() {
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                throw new AssertionError("It still runs: " + log());
            }
            reader.join();
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /// Waits until a killed process is gone.
    public void awaitGone() {
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /// Sends the process a signal such as `STOP`.
    public void signal(String name) {
        try {
            new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    public long pid() {
        return process.pid();
    }

    /// Completes when the process has ended, however that was.
    public CompletableFuture<?> ended() {
        return process.onExit();
    }

    /// What it has printed so far.
    public String log() {
        synchronized (log) {
            return String.join("\n", log);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    private void read() {
        try (BufferedReader lines = process.inputReader();
                PrintWriter file = new PrintWriter(Files.newBufferedWriter(logFile), true)) {
            lines.lines()
                    .forEach(line -> {
                        log.add(line);
                        file.println(line);
                    });
        } catch (IOException e) {
            log.add(e.toString());
        } catch (UncheckedIOException e) {
            // The process was killed while it was read.
            log.add(e.getMessage());
        }
    }
}
