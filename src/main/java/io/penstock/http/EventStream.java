package io.penstock.http;

import io.penstock.llm.Call;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.Llm;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.Function;

/// Server-sent events, written by the thread that makes them: while the client does not read, that
/// thread waits, and so does what it reads from.
///
/// As long as there is no event, a [ProblemException] is still an ordinary answer with its status.
final class EventStream {

    private final Outflow out;
    private boolean begun;

    private EventStream(Outflow out) {
        this.out = out;
    }

    /// Makes the events of one answer.
    @FunctionalInterface
    interface Source {
        void write(EventStream events) throws IOException, InterruptedException;
    }

    /// The answer whose events `source` makes.
    static Response of(Source source) {
        Pieces events =
                new Pieces(out -> {
                    try {
                        source.write(new EventStream(out));
                    } catch (InterruptedException stopping) {
                        Thread.currentThread().interrupt();
                        throw new InterruptedIOException("The server stops.");
                    }
                });
        return Response.ok(events, MediaType.SERVER_SENT_EVENTS_TYPE)
                .header("cache-control", "no-cache")
                .build();
    }

    /// Runs a call whose pieces are events.
    ///
    /// @param last what a whole answer ends with
    /// @param refusal how this door tells of a failure
    void run(
            Llm llm,
            Call call,
            Function<Completion, String> last,
            Function<Failure, Problem> refusal)
            throws IOException {
        switch (llm.complete(call)) {
            case Completion completion -> event(last.apply(completion));
            case Failure failure when !begun -> throw refusal.apply(failure).exception();
            case Failure failure -> {
                if (!call.isCancelled()) {
                    out.last();
                    event(refusal.apply(failure).toJson().toString());
                }
            }
        }
    }

    /// An event in the middle of a call, which ends when there is nobody to take it.
    void piece(String data) {
        try {
            event(data);
        } catch (InterruptedIOException timeIsUp) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(timeIsUp);
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
    }

    void event(String data) throws IOException {
        begun = true;
        out.write(("data: " + data + "\n\n").getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    /// Waits.
    ///
    /// @return false when the client has left
    boolean pause(Duration length) throws InterruptedException {
        return out.pause(length);
    }
}
