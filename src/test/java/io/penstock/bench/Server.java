package io.penstock.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// A process that listens on a port. Figures of its use are read from `/proc`, so this is for
/// Linux.
final class Server implements AutoCloseable {

    /// `sysconf(_SC_CLK_TCK)`, 100 on every Linux that Java runs on (proc(5)).
    private static final int TICKS_PER_SECOND = 100;

    private static final long START_LIMIT_NANOS = 60_000_000_000L;

    private final Process process;
    private final int port;

    /// How the application is built.
    enum Build {
        JAR,
        /// The jar with the cache that [Training] makes.
        AOT,
        NATIVE;

        /// Those that `-Dpenstock.bench.builds=jar,aot,native` names; unless it does, all there
        /// are.
        static List<Build> asked() {
            String asked = System.getProperty("penstock.bench.builds");
            return asked == null
                    ? Arrays.stream(values()).filter(build -> Files.exists(build.file())).toList()
                    : Arrays.stream(asked.toUpperCase(Locale.ROOT).split(",", -1))
                            .map(Build::valueOf)
                            .toList();
        }

        static Path cache() {
            return Path.of(base() + ".aot");
        }

        private static String base() {
            return System.getProperty("penstock.package");
        }

        private Path file() {
            return switch (this) {
                case JAR -> Path.of(base() + ".jar");
                case AOT -> cache();
                case NATIVE -> Path.of(base());
            };
        }

        private List<String> command(String... options) {
            List<String> command = new ArrayList<>();
            command.add(this == NATIVE ? base() : java());
            command.add("-Xmx256m");
            if (this == AOT) {
                command.add("-XX:AOTCache=" + cache());
            }
            command.addAll(List.of(options));
            if (this != NATIVE) {
                command.addAll(List.of("-jar", base() + ".jar"));
            }
            return command;
        }
    }

    private Server(List<String> command, Map<String, String> environment, int port)
            throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(
                                ProcessBuilder.Redirect.to(
                                        Files.createTempFile("penstock-bench", ".log").toFile()));
        builder.environment().putAll(environment);
        this.process = builder.start();
        this.port = port;
        awaitListening();
    }

    /// The simulated provider, with little of a log.
    static Server provider() throws IOException {
        return provider(1_000);
    }

    /// The simulated provider with the last `logLimit` calls in its log.
    static Server provider(int logLimit) throws IOException {
        int port = freePort();
        return new Server(
                List.of(
                        java(),
                        "-Xmx512m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "io.penstock.dev.Simulator",
                        "--port=" + port,
                        "--log-limit=" + logLimit),
                Map.of(),
                port);
    }

    /// The packaged application with a socket, calling `provider`.
    static Server penstock(Server provider) throws IOException {
        return penstock(provider, Map.of());
    }

    /// The same with settings of its own.
    static Server penstock(Server provider, Map<String, String> settings, String... options)
            throws IOException {
        return penstock(Build.JAR, provider, settings, options);
    }

    /// The same of one build.
    static Server penstock(
            Build build, Server provider, Map<String, String> settings, String... options)
            throws IOException {
        return penstock(build, "http://127.0.0.1:" + provider.port + "/v1", settings, options);
    }

    /// The same, calling whatever is at a URL.
    static Server penstock(String baseUrl, Map<String, String> settings, String... options)
            throws IOException {
        return penstock(Build.JAR, baseUrl, settings, options);
    }

    private static Server penstock(
            Build build, String baseUrl, Map<String, String> settings, String... options)
            throws IOException {
        int port = freePort();
        Map<String, String> environment = new HashMap<>(settings);
        environment.put("OPENAI_BASE_URL", baseUrl);
        environment.put("OPENAI_API_KEY", "bench");
        environment.put("QUARKUS_HTTP_PORT", Integer.toString(port));
        environment.putIfAbsent(
                "PENSTOCK_STORE_DIRECTORY",
                Files.createTempDirectory(
                                Path.of(System.getProperty("penstock.package")).getParent(),
                                "bench-")
                        .toString());
        return new Server(build.command(options), environment, port);
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    int port() {
        return port;
    }

    /// CPU used since the start, in user and system mode, in milliseconds.
    double cpuMillis() throws IOException {
        String stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
        // The fields after the name, which may hold spaces: utime and stime are the 14th and 15th
        // of all.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12]))
                * 1000.0
                / TICKS_PER_SECOND;
    }

    long rssMegabytes() throws IOException {
        return megabytes("VmRSS:");
    }

    /// How often, and how many bytes, it has read since its start, of files and connections alike.
    Reads reads() throws IOException {
        long calls = 0;
        long bytes = 0;
        for (String line :
                Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "io"))) {
            long value = Long.parseLong(line.replaceAll("\\D", ""));
            calls = line.startsWith("syscr:") ? value : calls;
            bytes = line.startsWith("rchar:") ? value : bytes;
        }
        return new Reads(calls, bytes);
    }

    record Reads(long calls, long bytes) {

        Reads since(Reads before) {
            return new Reads(calls - before.calls, bytes - before.bytes);
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%d reads of %.1f MB", calls, bytes / 1e6);
        }
    }

    /// The most it ever had.
    long peakRssMegabytes() throws IOException {
        return megabytes("VmHWM:");
    }

    private long megabytes(String what) throws IOException {
        for (String line :
                Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status"))) {
            if (line.startsWith(what)) {
                return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
            }
        }
        throw new IOException("No " + what + " for process " + process.pid());
    }

    @Override
    public void close() throws IOException {
        process.destroy();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Ends it as `kill -9` does.
    void kill() {
        process.destroyForcibly();
        process.onExit().join();
    }

    private void awaitListening() throws IOException {
        long end = System.nanoTime() + START_LIMIT_NANOS;
        while (System.nanoTime() < end && process.isAlive()) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return;
            } catch (IOException notYet) {
                Thread.onSpinWait();
            }
        }
        process.destroyForcibly();
        throw new IOException("Nothing listens on port " + port + ": " + process.info());
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
