package io.penstock.http;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A request's body as it comes: one piece is taken from the connection at a time, and the thread
/// that reads waits for it.
///
/// It is in the place of the stream that comes with the server, which closes a connection when one
/// of the bodies on it stands still. Confined to one thread.
final class Inflow extends InputStream {

    private sealed interface Event {}

    private record Piece(Buffer bytes) implements Event {}

    private record End() implements Event {}

    private record Broken() implements Event {}

    private final RoutingContext exchange;
    private final Duration patience;

    /// As many as were asked for, and an end.
    private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();

    private Buffer piece = Buffer.buffer();
    private int taken;
    private boolean begun;
    private boolean ended;

    /// @param patience how long to wait for the next piece
    Inflow(RoutingContext exchange, Duration patience) {
        this.exchange = exchange;
        this.patience = patience;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        if (length == 0) {
            return 0;
        }
        while (taken == piece.length() && !ended) {
            next();
        }
        int count = Math.min(length, piece.length() - taken);
        if (count == 0) {
            return -1;
        }
        piece.getBytes(taken, taken + count, bytes, offset);
        taken += count;
        return count;
    }

    private void next() throws IOException {
        begin();
        if (!ended) {
            switch (await()) {
                case Piece(Buffer bytes) -> {
                    piece = bytes;
                    taken = 0;
                }
                case End _ -> ended = true;
                case Broken _ -> throw new EOFException("The client has left.");
                case null -> throw new IOException("Nothing came for " + patience + ".");
            }
        }
    }

    private @Nullable Event await() throws IOException {
        Event come = events.poll();
        if (come != null) {
            return come;
        }
        try {
            exchange.request().fetch(1);
        } catch (IllegalStateException over) {
            events.add(new Broken());
        }
        try {
            return events.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("The server stops.");
        }
    }

    private void begin() throws IOException {
        if (begun) {
            return;
        }
        begun = true;
        HttpServerRequest request = exchange.request();
        if ("100-continue".equalsIgnoreCase(request.getHeader("expect"))) {
            exchange.response().writeContinue();
        }
        if (request.isEnded()) {
            ended = true;
            return;
        }
        try {
            request.pause();
            request.exceptionHandler(_ -> events.add(new Broken()));
            request.endHandler(_ -> events.add(new End()));
            request.handler(bytes -> {
                // What still comes after the answer is passed to nowhere.
                if (!exchange.response().ended()) {
                    events.add(new Piece(bytes));
                }
            });
        } catch (IllegalStateException left) {
            throw new IOException("The client has left.", left);
        }
        if (exchange.response().closed()) {
            throw new EOFException("The client has left.");
        }
    }
}
