package io.penstock.dev;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.net.impl.ConnectionBase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One logged request from arrival to end: waits at its gate, waits its latency, and plays its
/// [Reply]. Once the client leaves, nothing more is computed or written. Confined to the event loop
/// of its connection.
final class LoggedRequest {
    private final Vertx vertx;
    private final Context context;
    private final Gates gates;
    private final Ledger ledger;
    private final Limits limits;
    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final LogEntry entry;
    private final long arrived = System.nanoTime();

    private final Runnable gateOpened = this::gateOpened;
    private @Nullable String gate;
    private @Nullable Runnable afterGate;
    private long timer = -1;
    private long due;
    private int tokensSent;
    private boolean ended;

    LoggedRequest(
            Vertx vertx,
            Gates gates,
            Ledger ledger,
            Limits limits,
            HttpServerRequest request,
            LogEntry entry) {
        this.vertx = vertx;
        this.context = vertx.getOrCreateContext();
        this.gates = gates;
        this.ledger = ledger;
        this.limits = limits;
        this.request = request;
        this.response = request.response();
        this.entry = entry;
        response.exceptionHandler(_ -> end(LogEntry.End.ABORTED));
        response.closeHandler(_ -> end(LogEntry.End.ABORTED));
    }

    /// Replies after gate and latency, with headers as they were at arrival. The reply is made only
    /// then, so that a client which has left costs nothing.
    void reply(
            @Nullable String gate,
            Duration latency,
            Map<String, String> headers,
            Supplier<Reply> reply) {
        Runnable replying =
                () -> {
                    due = System.nanoTime() + latency.toNanos();
                    whenDue(() -> play(reply.get(), headers));
                };
        if (gate == null) {
            replying.run();
            return;
        }
        this.gate = gate;
        this.afterGate = replying;
        gates.hold(gate, gateOpened);
    }

    private void gateOpened() {
        context.runOnContext(_ -> {
            Runnable next = afterGate;
            afterGate = null;
            if (next != null) {
                next.run();
            }
        });
    }

    private void whenDue(Runnable task) {
        long left = due - System.nanoTime();
        if (left <= 0) {
            task.run();
        } else {
            timer = vertx.setTimer(Math.ceilDiv(left, 1_000_000L), _ -> task.run());
        }
    }

    private void play(Reply reply, Map<String, String> headers) {
        if (reply.status() == 0) {
            finish(reply.ending(), Buffer.buffer());
            return;
        }
        response.setStatusCode(reply.status()).putHeader("content-type", reply.contentType());
        headers.forEach(response::putHeader);
        reply.headers().forEach(response::putHeader);
        long millis = (System.nanoTime() - arrived) / 1_000_000;
        response.putHeader("openai-processing-ms", Long.toString(millis));
        if (reply.length() < 0) {
            response.setChunked(true);
        } else {
            response.putHeader("content-length", Long.toString(reply.length()));
        }
        due = System.nanoTime();
        ledger.headSent(entry, reply.status(), reply.retryAfterMs(), due);
        write(reply, 0);
    }

    /// Writes the pieces from this one on, as many at once as are due.
    private void write(Reply reply, int from) {
        List<Reply.Piece> pieces = reply.pieces();
        var bytes = Buffer.buffer();
        int next = from;
        do {
            Reply.Piece piece = pieces.get(next++);
            bytes.appendBuffer(piece.bytes());
            tokensSent += piece.tokens();
            due += next < pieces.size() ? pieces.get(next).pause().toNanos() : 0;
        } while (next < pieces.size() && due <= System.nanoTime());
        entry.tokensSent(tokensSent);
        if (next == pieces.size()) {
            finish(reply.ending(), bytes);
            return;
        }
        response.write(bytes);
        int later = next;
        whenDue(() -> write(reply, later));
    }

    private void finish(Reply.Ending ending, Buffer last) {
        // Recorded before the last bytes leave: who has read them finds the log and limits settled.
        switch (ending) {
            case WHOLE -> {
                end(LogEntry.End.COMPLETED);
                response.end(last);
            }
            case CUT -> {
                end(LogEntry.End.FAULTED);
                response.end(last);
            }
            case CLOSE -> {
                end(LogEntry.End.FAULTED);
                response.write(last).onComplete(_ -> request.connection().close());
            }
            case RESET -> {
                end(LogEntry.End.FAULTED);
                if (last.length() == 0) {
                    reset();
                } else {
                    response.write(last).onComplete(_ -> reset());
                }
            }
            case SILENCE -> {
                if (last.length() > 0) {
                    response.write(last);
                }
            }
        }
    }

    private void reset() {
        // Closing with SO_LINGER 0 discards what is unsent and sends RST: socket(7), tcp(7).
        Channel channel = ((ConnectionBase) request.connection()).channel();
        channel.config().setOption(ChannelOption.SO_LINGER, 0);
        var _ = channel.close();
    }

    private void end(LogEntry.End end) {
        if (ended) {
            return;
        }
        ended = true;
        vertx.cancelTimer(timer);
        if (gate != null) {
            afterGate = null;
            gates.abandon(gate, gateOpened);
        }
        ledger.close(entry, end, System.nanoTime());
        if (entry.admitted()) {
            limits.release();
        }
    }
}
