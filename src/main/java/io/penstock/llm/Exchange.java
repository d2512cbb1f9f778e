package io.penstock.llm;

import io.netty.channel.Channel;
import io.netty.channel.nio.AbstractNioChannel;
import io.vertx.core.Context;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.http.impl.HttpClientConnection;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// One HTTP request and its answer, read by one blocking thread.
///
/// The network side lives on one event loop and hands signals to the reader through a queue; the
/// reader asks for as many pieces as it has taken, so that at most [Provider#WINDOW] pieces wait in
/// memory and a slow reader slows the provider.
///
/// [#close] ends the request at the provider unless its answer was read to the end. An interrupted
/// or timed-out reader only has to close.
final class Exchange implements AutoCloseable {

    /// The answer's status line and headers.
    record Head(int status, MultiMap headers) {

        boolean isSuccess() {
            return status >= 200 && status <= 299;
        }

        Coding coding() {
            return Coding.of(headers);
        }

        private static final List<String> REQUEST_ID =
                List.of("x-request-id", "request-id", "apim-request-id", "x-amzn-requestid");

        private static final Pattern FIT = Pattern.compile("[\\w.:/+=-]{1,128}");

        /// The provider's id of the request, for its support; null where it names none that is fit
        /// to be passed on.
        @Nullable String requestId() {
            for (String name : REQUEST_ID) {
                String id = headers.get(name);
                if (id != null && FIT.matcher(id).matches()) {
                    return id;
                }
            }
            return null;
        }
    }

    private sealed interface Signal {
        record Began(Head head) implements Signal {}

        record Piece(Buffer bytes) implements Signal {}

        record Ended() implements Signal {}

        record Broke(Throwable cause) implements Signal {}
    }

    /// Of an error's body at most; longer ones are cut.
    static final int ERROR_BYTES = 64 * 1024;

    private static final Duration ERROR_WAIT = Duration.ofSeconds(1);

    private final Context context;
    private final BlockingQueue<Signal> signals = new LinkedBlockingQueue<>();
    private final LongConsumer waited;
    private int taken;
    private boolean isRead;
    private @Nullable Inflation inflation;

    // Confined to the context.
    private boolean inOwnTurn = true;
    private @Nullable HttpClientRequest request;
    private @Nullable HttpClientResponse response;
    private boolean ended;
    private boolean closed;

    /// @param waited is told of the time spent waiting, in nanoseconds
    Exchange(Context context, LongConsumer waited) {
        this.context = context;
        this.waited = waited;
    }

    /// Begins the request, on the event loop: the JDK's blocking client needs no hop to one, but
    /// took several times the CPU for each request.
    Exchange send(HttpClient client, RequestOptions options, Buffer body) {
        context.runOnContext(_ -> {
            client.request(options)
                    .onSuccess(connected -> {
                        // The response's future tells of the same failures; without a handler each
                        // is logged as an error.
                        connected.exceptionHandler(_ -> {});
                        if (inOwnTurn) {
                            connected(client, options, body, connected);
                        } else {
                            // A socket may be in the middle of a read, in which none is read again.
                            context.runOnContext(_ -> connected(client, options, body, connected));
                        }
                    })
                    .onFailure(this::broke);
            inOwnTurn = false;
        });
        return this;
    }

    private void connected(
            HttpClient client, RequestOptions options, Buffer body, HttpClientRequest connected) {
        if (isUsable(connected)) {
            connected(connected, body);
        } else {
            connected.reset();
            inOwnTurn = true;
            send(client, options, body);
        }
    }

    /// Whether a connection that has served before lies there open and silent. Bytes that nobody
    /// asked for may have come, and not have been read yet: after the request is sent they would be
    /// taken for its answer. So they are read now, and end the connection.
    private static boolean isUsable(HttpClientRequest connected) {
        boolean isNew = connected.streamId() == 1;
        if (isNew) {
            return true;
        }
        Channel channel = ((HttpClientConnection) connected.connection()).channel();
        if (channel.unsafe() instanceof AbstractNioChannel.NioUnsafe socket) {
            socket.read();
        }
        return channel.isActive();
    }

    /// Waits for the head of the answer.
    ///
    /// @return null when the deadline came first
    /// @throws IOException when there is no answer, for the reason it tells
    @Nullable Head head(Deadline deadline) throws IOException, InterruptedException {
        return switch (take(deadline)) {
            case Signal.Began(Head head) -> {
                Coding coding = head.coding();
                if (coding == Coding.GZIP || coding == Coding.DEFLATE) {
                    inflation = new Inflation(coding, this::piece);
                }
                yield head;
            }
            case Signal.Broke(Throwable cause) -> throw new IOException(cause);
            case null -> null;
            case Signal other -> throw new IllegalStateException("No head before " + other);
        };
    }

    /// Waits for the next piece of the body, unpacked, unless its end was read before.
    ///
    /// @return an empty buffer at the end of the body, null when the deadline came first
    /// @throws IOException when the body broke off; a [java.util.zip.ZipException] when it is
    ///   damaged
    @Nullable Buffer next(Deadline deadline) throws IOException, InterruptedException {
        return inflation == null ? piece(deadline) : inflation.next(deadline);
    }

    private @Nullable Buffer piece(Deadline deadline) throws IOException, InterruptedException {
        if (isRead) {
            return Buffer.buffer();
        }
        return switch (take(deadline)) {
            case Signal.Piece(Buffer bytes) -> {
                askForMore();
                yield bytes;
            }
            case Signal.Ended _ -> {
                isRead = true;
                yield Buffer.buffer();
            }
            case Signal.Broke(Throwable cause) -> throw new IOException(cause);
            case null -> null;
            case Signal.Began began -> throw new IllegalStateException("A second " + began);
        };
    }

    /// The body of an error, as far as it comes soon: status and headers say enough to go on.
    byte[] error(Deadline deadline) throws InterruptedException {
        Deadline latest = Deadline.in(ERROR_WAIT).or(deadline);
        Buffer whole = Buffer.buffer();
        try {
            for (Buffer piece = next(latest);
                    piece != null && piece.length() > 0 && whole.length() < ERROR_BYTES;
                    piece = next(latest)) {
                whole.appendBuffer(piece);
            }
        } catch (IOException broken) {
            // The status says enough.
        }
        return whole.getBytes();
    }

    @Override
    public void close() {
        if (inflation != null) {
            inflation.close();
        }
        context.runOnContext(_ -> {
            closed = true;
            if (response != null && !ended) {
                // The answer may have come whole and wait here unread. Its connection then serves
                // another call already, and a reset would end that one: let the rest through first.
                response.fetch(Long.MAX_VALUE);
            }
            context.runOnContext(_ -> reset());
        });
    }

    private void reset() {
        if (request != null && !ended) {
            request.reset();
        }
    }

    private @Nullable Signal take(Deadline deadline) throws InterruptedException {
        long start = System.nanoTime();
        try {
            long left = deadline.left().toMillis();
            // Not even what is there already is taken after the deadline: a slow reader would never
            // notice it.
            return left > 0 ? signals.poll(left, TimeUnit.MILLISECONDS) : null;
        } finally {
            waited.accept(System.nanoTime() - start);
        }
    }

    private void askForMore() {
        taken++;
        if (taken == Provider.WINDOW / 2) {
            int more = taken;
            taken = 0;
            context.runOnContext(_ -> {
                if (response != null && !ended) {
                    response.fetch(more);
                }
            });
        }
    }

    private void connected(HttpClientRequest connected, Buffer body) {
        request = connected;
        if (closed) {
            // The reader gave up while the connection was being made.
            connected.reset();
            return;
        }
        connected.send(body).onSuccess(this::began).onFailure(this::broke);
    }

    private void began(HttpClientResponse answer) {
        response = answer;
        answer.pause();
        answer.handler(bytes -> {
            if (!closed) {
                signals.add(new Signal.Piece(bytes));
            }
        });
        answer.endHandler(_ -> {
            ended = true;
            signals.add(new Signal.Ended());
        });
        answer.exceptionHandler(this::broke);
        signals.add(new Signal.Began(new Head(answer.statusCode(), answer.headers())));
        answer.fetch(Provider.WINDOW);
    }

    private void broke(Throwable cause) {
        ended = true;
        signals.add(new Signal.Broke(cause));
    }
}
