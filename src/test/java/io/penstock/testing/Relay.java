package io.penstock.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/// Stands between callers and the application, passes bytes on as they are, and counts the
/// connections. Thread-safe.
public final class Relay implements AutoCloseable {

    private final ServerSocket listening;
    private final URI target;
    private final AtomicInteger connectionCount = new AtomicInteger();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    public Relay(URI target) {
        this.target = target;
        try {
            listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().name("relay").start(this::listen);
    }

    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + listening.getLocalPort() + "/");
    }

    /// Those that callers have opened until now.
    public int connectionCount() {
        return connectionCount.get();
    }

    private void listen() {
        while (!listening.isClosed()) {
            try {
                Socket caller = listening.accept();
                connectionCount.incrementAndGet();
                Socket server = new Socket(target.getHost(), target.getPort());
                open.add(caller);
                open.add(server);
                Thread.ofVirtual().start(() -> pass(caller, server));
                Thread.ofVirtual().start(() -> pass(server, caller));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private void pass(Socket from, Socket to) {
        try (from;
                to) {
            from.getInputStream().transferTo(to.getOutputStream());
        } catch (IOException over) {
            // Both ends are closed now.
        } finally {
            open.remove(from);
        }
    }

    @Override
    public void close() {
        try {
            listening.close();
            for (Socket socket : open) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
