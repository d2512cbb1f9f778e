package io.penstock.http;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// An answer's body on its way to the client. The thread that writes it waits while the client does
/// not read.
///
/// It is in the place of the stream that comes with the server, which closes a connection for the
/// sake of one answer: on HTTP/2 there are others' answers on it too. Confined to one thread.
final class Outflow extends OutputStream {

    private static final Logger LOG = Logger.getLogger(Outflow.class);

    private static final int PIECE_BYTES = 8 * 1024;

    /// How long a client may read nothing; as long as Quarkus keeps an idle connection.
    private static final Duration PATIENCE = Duration.ofMinutes(30);

    /// The same where there is nothing to come but the last word.
    private static final Duration LAST_PATIENCE = Duration.ofSeconds(5);

    private static final Duration LOOK = Duration.ofSeconds(1);

    /// INTERNAL_ERROR (RFC 9113, section 7).
    private static final long CUT_OFF = 2;

    private final HttpServerResponse response;
    private final @Nullable String length;
    private final Semaphore room = new Semaphore(0);
    private final CountDownLatch left = new CountDownLatch(1);
    private Buffer unsent = Buffer.buffer();
    private Duration patience = PATIENCE;
    private boolean stalled;

    /// @param length of the whole body, null where it is not known
    Outflow(RoutingContext exchange, @Nullable String length) {
        this.response = exchange.response();
        this.length = length;
        response.drainHandler(_ -> room.release());
        exchange.addEndHandler(_ -> {
            left.countDown();
            room.release();
        });
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        unsent.appendBytes(bytes, offset, length);
        if (unsent.length() >= PIECE_BYTES) {
            flush();
        }
    }

    @Override
    public void flush() throws IOException {
        if (unsent.length() == 0) {
            return;
        }
        awaitRoom();
        if (!response.headWritten()) {
            frame();
        }
        Buffer piece = unsent;
        unsent = Buffer.buffer();
        // Not with a handler that is null: the connection would be closed for a write that fails.
        response.write(piece);
    }

    private void frame() {
        if (length == null) {
            response.setChunked(true);
        } else {
            response.putHeader("content-length", length);
        }
    }

    private void awaitRoom() throws IOException {
        long nanos = patience.toNanos();
        try {
            while (!isLeft() && response.writeQueueFull()) {
                if (nanos <= 0) {
                    stalled = true;
                    LOG.infof("An answer is cut off: its client has read nothing for %s", patience);
                    throw new IOException("The client does not read.");
                }
                long look = Math.min(nanos, LOOK.toNanos());
                if (room.tryAcquire(look, TimeUnit.NANOSECONDS)) {
                    nanos = patience.toNanos();
                } else {
                    nanos -= look;
                }
            }
        } catch (InterruptedException timeIsUp) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("The time for writing is up.");
        }
        if (isLeft()) {
            throw new IOException("The client has left.");
        }
    }

    /// Says that what is still written is the last: nobody waits long for it to be read.
    void last() {
        patience = LAST_PATIENCE;
    }

    /// Waits.
    ///
    /// @return false when the client has left
    boolean pause(Duration length) throws InterruptedException {
        return !left.await(length.toNanos(), TimeUnit.NANOSECONDS) && !isLeft();
    }

    /// Whether the client has left.
    boolean isLeft() {
        return left.getCount() == 0 || response.closed() || response.ended();
    }

    /// Whether there is nobody who could be told anything.
    boolean isOver() {
        return stalled || isLeft();
    }

    /// Whether it is too late for another status.
    boolean isBegun() {
        return response.headWritten();
    }

    /// Ends a body that is whole.
    void finish() {
        if (!isLeft()) {
            response.end(unsent);
        }
    }

    /// Ends a body so that nobody takes it for whole: on HTTP/1.1 the connection, else the stream.
    void cutOff() {
        if (!isLeft()) {
            response.reset(CUT_OFF);
        }
    }
}
