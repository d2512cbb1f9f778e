package io.penstock.dev;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The script of one HTTP answer: what is written, when, and how it ends. Immutable.
///
/// @param status 0: no head at all
/// @param length bytes of body that the head promises; negative: chunked
/// @param retryAfterMs when the head asks to try again, in milliseconds from now
record Reply(
        int status,
        String contentType,
        Map<String, String> headers,
        long length,
        List<Piece> pieces,
        Ending ending,
        @Nullable Long retryAfterMs) {
    private static final String JSON = "application/json";
    private static final String EVENTS = "text/event-stream; charset=utf-8";
    private static final String PAGE =
            "<html><head><title>%1$s</title></head><body><h1>%1$s</h1></body></html>\n";

    /// What is written at once.
    ///
    /// @param pause before it
    /// @param tokens of the answer that are through once it is written
    record Piece(Buffer bytes, Duration pause, int tokens) {
        Piece(String text, Duration pause, int tokens) {
            this(Buffer.buffer(text), pause, tokens);
        }
    }

    /// What follows the last piece.
    enum Ending {
        /// The answer is whole.
        WHOLE,
        /// The body ends as HTTP wants it, but something is missing.
        CUT,
        /// The connection ends in order.
        CLOSE,
        /// The connection is reset.
        RESET,
        /// Nothing, until the client leaves.
        SILENCE
    }

    static Reply json(int status, ObjectNode body) {
        return whole(status, JSON, WireJson.write(body), 0);
    }

    static Reply refused(Refusal refusal) {
        return json(refusal.status(), refusal.body());
    }

    static Reply over(Limits.Excess excess, WaitNotice.Place place) {
        var notice = WaitNotice.of(place, excess.retryAfter());
        String message = excess.message() + notice.sentence();
        return json(429, WireJson.error(message, excess.type(), null, "rate_limit_exceeded"))
                .asking(notice);
    }

    /// An answer of the model as JSON, of which so many tokens are through.
    static Reply json(String body, int tokens) {
        return whole(200, JSON, body, tokens);
    }

    /// An answer of the model as events.
    static Reply events(List<Piece> pieces, Ending ending) {
        return new Reply(200, EVENTS, Map.of(), -1, List.copyOf(pieces), ending, null);
    }

    /// The reply to an admitted prompt.
    static Reply to(
            ReceivedPrompt prompt,
            SimulatedAnswer answer,
            Fault fault,
            Behaviour behaviour,
            String id) {
        if (fault.status() >= 300) {
            return failed(fault).asking(WaitNotice.of(behaviour));
        }
        return switch (fault) {
            case RESET -> nothing(Ending.RESET);
            case HANG -> nothing(Ending.SILENCE);
            case HTML -> whole(200, "text/html", PAGE.formatted("Service"), 0);
            case ERROR_OBJECT ->
                    json(200, WireJson.error(fault.message(), fault.type(), null, fault.code()));
            default ->
                    prompt.stream()
                            ? StreamReply.of(prompt, answer, fault, behaviour, id)
                            : PlainReply.of(prompt, answer, fault, behaviour, id);
        };
    }

    private static Reply failed(Fault fault) {
        return switch (fault) {
            case BAD_GATEWAY -> whole(502, "text/html", PAGE.formatted("502 Bad Gateway"), 0);
            case FIREWALL -> whole(403, "text/html", PAGE.formatted("403 Forbidden"), 0);
            case NO_ROUTE -> whole(404, "text/plain", fault.message(), 0);
            case REDIRECT -> elsewhere(whole(307, "text/plain", "Moved.", 0));
            default -> json(fault.status(), error(fault));
        };
    }

    private static Reply elsewhere(Reply moved) {
        return new Reply(
                moved.status,
                moved.contentType,
                Map.of("location", "/v1/chat/completions?again"),
                moved.length,
                moved.pieces,
                moved.ending,
                null);
    }

    private static ObjectNode error(Fault fault) {
        ObjectNode body = WireJson.error(fault.message(), fault.type(), null, fault.code());
        if (fault == Fault.FLAGGED) {
            ObjectNode error = (ObjectNode) body.path("error");
            error.putObject("metadata").putArray("reasons").add("violence");
        }
        return body;
    }

    private static Reply whole(int status, String contentType, String body, int tokens) {
        var piece = new Piece(body, Duration.ZERO, tokens);
        return new Reply(
                status,
                contentType,
                Map.of(),
                piece.bytes().length(),
                List.of(piece),
                Ending.WHOLE,
                null);
    }

    private static Reply nothing(Ending ending) {
        return new Reply(0, "", Map.of(), 0, List.of(), ending, null);
    }

    Reply ending(Ending other) {
        return new Reply(status, contentType, headers, length, pieces, other, retryAfterMs);
    }

    private Reply pieces(List<Piece> other, Ending otherEnding) {
        return new Reply(status, contentType, headers, length, other, otherEnding, retryAfterMs);
    }

    /// The first half of a body of one piece.
    Reply halved(Ending other) {
        Buffer body = pieces.getFirst().bytes();
        return pieces(
                List.of(new Piece(body.getBuffer(0, body.length() / 2), Duration.ZERO, 0)), other);
    }

    Reply dripping(Duration pause) {
        var drops = new ArrayList<Piece>();
        for (Piece piece : pieces) {
            int last = piece.bytes().length() - 1;
            for (int i = 0; i <= last; i++) {
                Buffer drop = piece.bytes().getBuffer(i, i + 1);
                drops.add(new Piece(drop, pause, i == last ? piece.tokens() : 0));
            }
        }
        return pieces(drops, ending);
    }

    /// With the wish to try again later, where the status has one.
    private Reply asking(WaitNotice notice) {
        if (status != 429 && status != 503 && status != 529) {
            return this;
        }
        return new Reply(
                status, contentType, notice.headers(), length, pieces, ending, notice.millis());
    }
}
