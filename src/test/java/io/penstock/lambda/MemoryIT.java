package io.penstock.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.PackagedApplication;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What callers send all at once to a process with a small heap.
class MemoryIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int CALLERS = 30;
    private static final int PIECE = 64 * 1024;

    /// Longer than a line may be.
    private static final int ENDLESS = 40 << 20;

    @TempDir private Path directory;

    private int port;

    @Test
    void linesThatNeverEndAreRefusedBeforeTheyFillTheMemory() throws Exception {
        run(
                "/batch",
                "application/jsonl",
                "{\"prompt\":\"",
                "x".repeat(PIECE),
                ENDLESS / PIECE,
                "429");
    }

    @Test
    void bodiesOfEmptyValuesAreRefusedBeforeTheyFillTheMemory() throws Exception {
        run(
                "/complete",
                "application/json",
                "{\"prompt\":\"x\",\"user\":[",
                "[],".repeat(PIECE / 3),
                40,
                "429");
    }

    /// Thirty callers send the same pieces, each as fast as it is read.
    private void run(
            String path, String type, String begin, String piece, int pieces, String expected)
            throws Exception {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Map<String, String> settings = new HashMap<>();
        settings.put("JAVA_TOOL_OPTIONS", "-Xmx256m");
        settings.put("OPENAI_BASE_URL", "http://127.0.0.1:9/v1");
        settings.put("OPENAI_API_KEY", "memory");
        settings.put("QUARKUS_HTTP_PORT", Integer.toString(port));
        settings.put("PENSTOCK_STORE_DIRECTORY", directory.toString());
        try (PackagedApplication application = PackagedApplication.process(settings);
                ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            awaitListening(application);
            CountDownLatch together = new CountDownLatch(CALLERS);
            List<Future<String>> answers = new ArrayList<>();
            for (int i = 0; i < CALLERS; i++) {
                answers.add(
                        callers.submit(() -> {
                            together.countDown();
                            together.await();
                            return send(path, type, begin, piece, pieces);
                        }));
            }
            List<String> statuses = new ArrayList<>();
            for (Future<String> answer : answers) {
                statuses.add(answer.get());
            }
            System.out.println(path + ": " + statuses);

            // Whoever had all the room is told that it is too long, or no prompt.
            assertThat(statuses).contains(expected).isSubsetOf("400", "413", "429", "gone");
            assertThat(application.log()).doesNotContain("OutOfMemoryError");
            assertThat(application.ended()).isNotDone();
            assertThat(status("GET /q/health/ready HTTP/1.1\r\nhost: localhost\r\n\r\n"))
                    .isEqualTo("200");
        }
    }

    /// @return the status; "gone" when the connection was closed while this one still sent
    private String send(String path, String type, String begin, String piece, int pieces) {
        try (Socket socket = connect()) {
            OutputStream out = socket.getOutputStream();
            String head =
                    "POST %s HTTP/1.1\r\nhost: localhost\r\ncontent-type: %s\r\ntransfer-encoding: chunked\r\n\r\n";
            out.write(head.formatted(path, type).getBytes(StandardCharsets.US_ASCII));
            try {
                chunk(out, begin);
                for (int i = 0; i < pieces && socket.getInputStream().available() == 0; i++) {
                    chunk(out, piece);
                }
                if (socket.getInputStream().available() == 0) {
                    chunk(out, "0]}");
                    out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                }
            } catch (IOException refused) {
                // It may have answered before.
            }
            return read(socket);
        } catch (IOException closed) {
            return "gone";
        }
    }

    private static void chunk(OutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        out.write((Integer.toHexString(bytes.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
        out.write(bytes);
        out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
    }

    private String status(String request) throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            return read(socket);
        }
    }

    /// The number behind `HTTP/1.1`.
    private static String read(Socket socket) throws IOException {
        byte[] line = socket.getInputStream().readNBytes(12);
        return line.length < 12 ? "gone" : new String(line, StandardCharsets.US_ASCII).substring(9);
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout((int) LIMIT.toMillis());
        return socket;
    }

    private void awaitListening(PackagedApplication application) throws IOException {
        long end = System.nanoTime() + LIMIT.toNanos();
        boolean listening = false;
        while (!listening) {
            assertThat(application.ended()).as(application.log()).isNotDone();
            assertThat(System.nanoTime()).as(application.log()).isLessThan(end);
            try (Socket _ = connect()) {
                listening = true;
            } catch (ConnectException notYet) {
                Thread.onSpinWait();
            }
        }
    }
}
