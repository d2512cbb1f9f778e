package io.penstock.testing;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A provider that answers with any bytes, which no HTTP library would let it. What it answers is a
/// function of the request. Thread-safe.
public final class RawProvider implements AutoCloseable {

    private static final Pattern LENGTH = Pattern.compile("(?im)^content-length: *(\\d+)");

    private static final Pattern MARKER = Pattern.compile("\\[\\[raw ([\\w.-]+)]]");

    /// A request as it came.
    ///
    /// @param connection counts from 1
    /// @param ofConnection how many came on this connection before it
    /// @param ofMarker how many with this marker came before it
    public record Asked(
            int connection,
            int ofConnection,
            int ofMarker,
            long atNanos,
            String marker,
            String head,
            String body) {

        public boolean streams() {
            return body.contains("\"stream\":true");
        }
    }

    /// The value of a marker in a prompt, such as `[[raw two]]`.
    private static String marker(String body) {
        Matcher found = MARKER.matcher(body);
        return found.find() ? found.group(1) : "";
    }

    /// Writes an answer.
    @FunctionalInterface
    public interface Answering {

        /// @return whether the connection stays open; what it throws resets it
        boolean answer(Asked asked, OutputStream out) throws IOException, InterruptedException;

        /// Runs before the body is read, and may write the answer then.
        ///
        /// @return whether it did, so that the body is only read away
        default boolean answersEarly(OutputStream out) throws IOException {
            return false;
        }
    }

    private final ServerSocket server;
    private final Answering answering;
    private final AtomicInteger connections = new AtomicInteger();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final Map<String, BlockingQueue<Asked>> asked = new ConcurrentHashMap<>();

    public RawProvider(Answering answering) {
        this.answering = answering;
        try {
            server = new ServerSocket(0, 1024, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().start(this::accept);
    }

    public String baseUrl() {
        return "http://127.0.0.1:" + server.getLocalPort() + "/v1";
    }

    /// The requests that had this marker; those without any are not kept.
    public List<Asked> asked(String marker) {
        return List.copyOf(asked.getOrDefault(marker, new LinkedBlockingQueue<>()));
    }

    /// An answer with its length.
    public static byte[] http(int status, String contentType, byte[] body, String... headers) {
        String head =
                "HTTP/1.1 "
                        + status
                        + " X\r\ncontent-type: "
                        + contentType
                        + "\r\ncontent-length: "
                        + body.length
                        + "\r\n"
                        + String.join("", List.of(headers).stream().map(h -> h + "\r\n").toList())
                        + "\r\n";
        byte[] start = head.getBytes(StandardCharsets.ISO_8859_1);
        byte[] whole = new byte[start.length + body.length];
        System.arraycopy(start, 0, whole, 0, start.length);
        System.arraycopy(body, 0, whole, start.length, body.length);
        return whole;
    }

    @Override
    public void close() {
        try {
            server.close();
            for (Socket socket : open) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                open.add(socket);
                Thread.ofVirtual().start(() -> serve(socket, connections.incrementAndGet()));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private void serve(Socket socket, int connection) {
        try (socket) {
            socket.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(socket.getInputStream());
            OutputStream out = socket.getOutputStream();
            try {
                for (int i = 0; one(in, out, connection, i); i++) {}
            } catch (IllegalStateException reset) {
                socket.setSoLinger(true, 0);
            }
        } catch (IOException gone) {
            // The client has left.
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            open.remove(socket);
        }
    }

    private boolean one(InputStream in, OutputStream out, int connection, int i)
            throws IOException, InterruptedException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int b = in.read();
            if (b < 0) {
                return false;
            }
            head.append((char) b);
        }
        Matcher length = LENGTH.matcher(head);
        boolean isAnswered = answering.answersEarly(out);
        byte[] body = in.readNBytes(length.find() ? Integer.parseInt(length.group(1)) : 0);
        if (isAnswered) {
            return true;
        }
        String text = new String(body, StandardCharsets.UTF_8);
        String marker = marker(text);
        BlockingQueue<Asked> before =
                marker.isEmpty()
                        ? new LinkedBlockingQueue<>()
                        : asked.computeIfAbsent(marker, _ -> new LinkedBlockingQueue<>());
        Asked request =
                new Asked(
                        connection,
                        i,
                        before.size(),
                        System.nanoTime(),
                        marker,
                        head.toString().toLowerCase(Locale.ROOT),
                        text);
        before.add(request);
        boolean stays = answering.answer(request, out);
        out.flush();
        return stays;
    }
}
