package io.penstock.bench;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/// Callers that send one request after the other, each over a connection of its own, with as little
/// work as possible.
final class Load {

    private final int port;
    private final String path;
    private final Function<String, String> body;
    private final AtomicInteger refused = new AtomicInteger();

    /// @param body makes a request's body from a prompt
    Load(int port, String path, Function<String, String> body) {
        this.port = port;
        this.path = path;
        this.body = body;
    }

    static String completeBody(String prompt) {
        return "{\"prompt\":\"" + prompt + "\"}";
    }

    static String chatBody(String prompt) {
        return "{\"model\":\"gpt-4o-mini\",\"messages\":[{\"role\":\"user\",\"content\":\""
                + prompt
                + "\"}]}";
    }

    /// Makes `calls` calls in all.
    ///
    /// @return the time of each, in nanoseconds
    /// @throws IllegalStateException when one was lost
    long[] run(int callers, int calls, String marker) throws InterruptedException {
        long[] nanos = new long[calls];
        AtomicInteger next = new AtomicInteger();
        Thread[] threads = new Thread[callers];
        for (int i = 0; i < callers; i++) {
            threads[i] = Thread.ofPlatform().start(() -> call(nanos, next, marker));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        long lost = Arrays.stream(nanos).filter(took -> took == 0).count();
        if (lost > 0) {
            throw new IllegalStateException(lost + " of " + calls + " calls had no answer");
        }
        return nanos;
    }

    private void call(long[] nanos, AtomicInteger next, String marker) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setTcpNoDelay(true);
            OutputStream out = socket.getOutputStream();
            InputStream in = new BufferedInputStream(socket.getInputStream());
            for (int i = next.getAndIncrement(); i < nanos.length; i = next.getAndIncrement()) {
                byte[] request = request("What does call number " + i + " cost? " + marker);
                long start = System.nanoTime();
                out.write(request);
                read(in);
                nanos[i] = System.nanoTime() - start;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private byte[] request(String prompt) {
        byte[] content = body.apply(prompt).getBytes(StandardCharsets.UTF_8);
        byte[] head =
                ("POST "
                                + path
                                + " HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer bench\r\n"
                                + "content-type: application/json\r\ncontent-length: "
                                + content.length
                                + "\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII);
        byte[] whole = new byte[head.length + content.length];
        System.arraycopy(head, 0, whole, 0, head.length);
        System.arraycopy(content, 0, whole, head.length, content.length);
        return whole;
    }

    /// Answers with 429 so far.
    int refusedCount() {
        return refused.get();
    }

    private void read(InputStream in) throws IOException {
        String status = line(in);
        if (status.startsWith("HTTP/1.1 429")) {
            refused.incrementAndGet();
        } else if (!status.startsWith("HTTP/1.1 200")) {
            throw new IOException("Answered " + status);
        }
        int length = -1;
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
            if (line.regionMatches(true, 0, "content-length:", 0, 15)) {
                length = Integer.parseInt(line.substring(15).trim());
            }
        }
        if (length < 0 || in.readNBytes(length).length < length) {
            throw new IOException("The answer has no length or broke off.");
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder(64);
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new IOException("The connection ended.");
            }
            if (b != '\r') {
                line.append((char) b);
            }
        }
        return line.toString();
    }
}
