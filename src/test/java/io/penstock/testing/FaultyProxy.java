package io.penstock.testing;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// Stands between the application and an HTTP service on this machine, and spoils requests: a few
/// all the time, or every one while it is told to. Decides request by request, each of which it
/// reads whole before it passes it on, and the answer likewise. Thread-safe.
public final class FaultyProxy implements AutoCloseable {

    /// What may happen to a request.
    public enum Fault {
        /// The connection is reset, and nothing is passed on.
        REFUSED,
        /// The request is carried out, and the connection is reset instead of the answer.
        LOST_ANSWER,
        /// Answered 503 without being passed on.
        SLOW_DOWN,
        /// Answered 500 without being passed on.
        BROKEN,
        /// Passed on, up to [#LATE_MILLIS] late.
        LATE,
        /// Neither passed on nor answered until the fault is over, when the connection is reset.
        SILENT
    }

    private static final int LATE_MILLIS = 400;

    /// Those that end by themselves.
    private static final List<Fault> SINGLE =
            List.of(Fault.REFUSED, Fault.LOST_ANSWER, Fault.SLOW_DOWN, Fault.BROKEN, Fault.LATE);

    /// Shorter than any server here keeps a connection that is not used.
    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final int DRAIN_MILLIS = 1_000;

    private final ServerSocket listening;
    private final URI target;
    private final Random random;
    private final double rate;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final Map<Fault, Integer> counts = new EnumMap<>(Fault.class);
    private final AtomicReference<Spell> spell = new AtomicReference<>(Spell.none());
    private volatile @Nullable BiConsumer<String, String> watcher;

    /// A time in which some of the requests have one of the faults.
    ///
    /// @param text which the requests contain
    /// @param over opened at its end
    private record Spell(List<Fault> faults, double rate, String text, CountDownLatch over) {

        static Spell none() {
            return new Spell(List.of(), 0, "", new CountDownLatch(1));
        }
    }

    /// @param rate which part of the requests has a single fault at all times, from 0 to 1
    public FaultyProxy(URI target, long seed, double rate) {
        this.target = target;
        this.random = new Random(seed);
        this.rate = rate;
        try {
            listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().name("proxy").start(this::listen);
    }

    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + listening.getLocalPort());
    }

    /// Tells of every request from now on.
    ///
    /// @param told of head and body
    public void watch(BiConsumer<String, String> told) {
        watcher = told;
    }

    /// From now on every request has this fault; with [Fault#REFUSED] and [Fault#SILENT] those that
    /// wait for their answer do not get it either, and the service is away.
    public void begin(Fault fault) {
        begin(List.of(fault), 1, "");
        if (fault == Fault.REFUSED) {
            connections.forEach(Connection::reset);
        }
    }

    /// From now on every request that contains the text has this fault.
    public void begin(Fault fault, String text) {
        begin(List.of(fault), 1, text);
    }

    /// From now on about every second request has one of the faults that end by themselves.
    public void beginMix() {
        begin(SINGLE, 0.5, "");
    }

    /// Ends what was begun.
    public void end() {
        begin(List.of(), 0, "");
    }

    private void begin(List<Fault> faults, double part, String text) {
        spell.getAndSet(new Spell(faults, part, text, new CountDownLatch(1))).over.countDown();
    }

    /// How many requests had which fault.
    public String counts() {
        synchronized (counts) {
            return counts.toString();
        }
    }

    @Override
    public void close() {
        try {
            listening.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        end();
        connections.forEach(Connection::reset);
    }

    private void listen() {
        while (true) {
            Socket socket;
            try {
                socket = listening.accept();
                socket.setTcpNoDelay(true);
            } catch (IOException closed) {
                return;
            }
            Connection connection = new Connection(socket);
            connections.add(connection);
            Thread.ofVirtual().name("proxied").start(connection::serve);
        }
    }

    private @Nullable Fault next(Spell now, Message request) {
        synchronized (counts) {
            Fault fault = null;
            if (!now.faults.isEmpty()
                    && request.contains(now.text)
                    && random.nextDouble() < now.rate) {
                fault = now.faults.get(random.nextInt(now.faults.size()));
            } else if (random.nextDouble() < rate) {
                fault = SINGLE.get(random.nextInt(SINGLE.size()));
            }
            if (fault != null) {
                counts.merge(fault, 1, Integer::sum);
            }
            return fault;
        }
    }

    private int delayMillis() {
        synchronized (counts) {
            return random.nextInt(LATE_MILLIS);
        }
    }

    /// A client's connection, and the one to the server behind it.
    private final class Connection {

        private final Socket client;
        private @Nullable Socket server;
        private @Nullable InputStream answers;
        private long usedNanos;

        Connection(Socket client) {
            this.client = client;
        }

        void serve() {
            try {
                InputStream requests = new BufferedInputStream(client.getInputStream());
                Message request;
                do {
                    request = Message.request(requests, client.getOutputStream());
                } while (request != null && goesOn(request));
            } catch (IOException broken) {
                // By one of the two, or by a reset from here.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                connections.remove(this);
                reset();
            }
        }

        /// @return whether another request may follow
        private boolean goesOn(Message request) throws IOException, InterruptedException {
            Spell now = spell.get();
            BiConsumer<String, String> told = watcher;
            if (told != null) {
                told.accept(request.head(), new String(request.body(), StandardCharsets.UTF_8));
            }
            return switch (next(now, request)) {
                case null -> answer(passOn(request));
                case REFUSED -> false;
                case LOST_ANSWER -> {
                    passOn(request);
                    yield false;
                }
                case SLOW_DOWN -> answer(Message.answer("503 Slow Down"));
                case BROKEN -> answer(Message.answer("500 Internal Server Error"));
                case LATE -> {
                    now.over.await(delayMillis(), TimeUnit.MILLISECONDS);
                    yield answer(passOn(request));
                }
                case SILENT -> {
                    now.over.await();
                    yield false;
                }
            };
        }

        private boolean answer(Message answer) throws IOException {
            answer.write(client.getOutputStream());
            if (answer.closes()) {
                // A reset could overtake the answer.
                client.shutdownOutput();
                client.setSoTimeout(DRAIN_MILLIS);
                client.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
                return false;
            }
            return true;
        }

        private Message passOn(Message request) throws IOException {
            Socket open = server;
            InputStream in = answers;
            if (open == null || in == null || System.nanoTime() - usedNanos > IDLE_NANOS) {
                if (open != null) {
                    open.close();
                }
                open = new Socket(target.getHost(), target.getPort());
                open.setTcpNoDelay(true);
                in = new BufferedInputStream(open.getInputStream());
                server = open;
                answers = in;
            }
            request.write(open.getOutputStream());
            Message answer = Message.answer(in, request);
            usedNanos = System.nanoTime();
            return answer;
        }

        private void reset() {
            try {
                if (!client.isClosed()) {
                    client.setSoLinger(true, 0);
                    client.close();
                }
                Socket open = server;
                if (open != null) {
                    open.close();
                }
            } catch (IOException gone) {
                // It is what was wanted.
            }
        }
    }
}
