package io.penstock.dev;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
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
    private static final Pattern DATED = Pattern.compile(".*-\\d{4}-\\d{2}-\\d{2}");
    private static final DateTimeFormatter HTTP_DATE =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH)
                    .withZone(ZoneOffset.UTC);
    private static final int DELTAS_BEFORE_FAULT = 2;

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
        return whole(status, JSON, Json.write(body), 0);
    }

    static Reply refused(Refusal refusal) {
        return json(refusal.status(), refusal.body());
    }

    static Reply over(Limits.Excess excess) {
        long millis = Math.ceilDiv(excess.retryAfter().toNanos(), 1_000_000L);
        Reply reply =
                json(429, Json.error(excess.message(), excess.type(), null, "rate_limit_exceeded"));
        return reply.asking(
                millis,
                Map.of(
                        "retry-after",
                        Long.toString(Math.ceilDiv(millis, 1_000L)),
                        "retry-after-ms",
                        Long.toString(millis)));
    }

    /// The reply to an admitted prompt.
    static Reply to(Prompt prompt, Answer answer, Fault fault, Behaviour behaviour, String id) {
        if (fault.status() >= 300) {
            return failed(fault).asking(behaviour);
        }
        return switch (fault) {
            case RESET -> nothing(Ending.RESET);
            case HANG -> nothing(Ending.SILENCE);
            case HTML -> whole(200, "text/html", PAGE.formatted("Service"), 0);
            case ERROR_OBJECT ->
                    json(200, Json.error(fault.message(), fault.type(), null, fault.code()));
            default ->
                    prompt.stream()
                            ? streamed(prompt, answer, fault, behaviour, id)
                            : plain(prompt, answer, fault, behaviour, id);
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
        ObjectNode body = Json.error(fault.message(), fault.type(), null, fault.code());
        if (fault == Fault.FLAGGED) {
            ObjectNode error = (ObjectNode) body.path("error");
            error.putObject("metadata").putArray("reasons").add("violence");
        }
        return body;
    }

    private static Reply plain(
            Prompt prompt, Answer answer, Fault fault, Behaviour behaviour, String id) {
        String body = Json.write(completion(prompt, answer, id));
        Reply reply = whole(200, JSON, body, answer.completionTokens());
        if (fault.streamOnly()) {
            return reply.halved(Ending.RESET);
        }
        return switch (fault) {
            case RESET_BODY -> reply.halved(Ending.RESET);
            case CLOSE_BODY -> reply.halved(Ending.CLOSE);
            case HANG_BODY -> reply.halved(Ending.SILENCE);
            case DRIP -> reply.dripping(behaviour.dripDelay());
            case TRUNCATED_JSON ->
                    whole(200, JSON, body.substring(0, body.length() / 2), 0).ending(Ending.CUT);
            default -> reply;
        };
    }

    private static ObjectNode completion(Prompt prompt, Answer answer, String id) {
        ObjectNode body = Json.MAPPER.createObjectNode();
        body.put("id", id)
                .put("object", "chat.completion")
                .put("created", Instant.now().getEpochSecond())
                .put("model", served(prompt.model()));
        ArrayNode choices = body.putArray("choices");
        for (int index = 0; index < answer.choices(); index++) {
            ObjectNode choice = choices.addObject().put("index", index);
            ObjectNode message = choice.putObject("message").put("role", "assistant");
            message.putNull("content").putNull("refusal");
            switch (answer.form()) {
                case CONTENT -> message.put("content", answer.text());
                case REFUSAL -> message.put("refusal", answer.text());
                case TOOL_CALL ->
                        call(message.putArray("tool_calls").addObject(), prompt, id, index)
                                .put("arguments", answer.text());
                case NOTHING -> {}
            }
            message.putArray("annotations");
            choice.set("logprobs", prompt.logprobs() ? logprobs(answer.tokens()) : null);
            choice.put("finish_reason", answer.finishReason());
        }
        body.set("usage", usage(prompt, answer));
        return body.put("service_tier", "default").put("system_fingerprint", "fp_simulated");
    }

    /// Fills in the call and gives its function, whose arguments are still to be set.
    private static ObjectNode call(ObjectNode call, Prompt prompt, String id, int choice) {
        call.put("id", id.replace("chatcmpl-", "call_") + choice).put("type", "function");
        return call.putObject("function").put("name", prompt.tool());
    }

    /// Each token as likely as the others.
    private static ObjectNode logprobs(List<String> tokens) {
        ObjectNode logprobs = Json.MAPPER.createObjectNode();
        ArrayNode content = logprobs.putArray("content");
        for (String token : tokens) {
            ObjectNode one = content.addObject().put("token", token).put("logprob", -0.25);
            ArrayNode bytes = one.putArray("bytes");
            for (byte b : token.getBytes(StandardCharsets.UTF_8)) {
                bytes.add(b & 0xff);
            }
            one.putArray("top_logprobs");
        }
        return logprobs.putNull("refusal");
    }

    private static ObjectNode usage(Prompt prompt, Answer answer) {
        ObjectNode usage = Json.MAPPER.createObjectNode();
        usage.put("prompt_tokens", prompt.tokens())
                .put("completion_tokens", answer.completionTokens())
                .put("total_tokens", prompt.tokens() + answer.completionTokens());
        usage.putObject("prompt_tokens_details").put("cached_tokens", 0).put("audio_tokens", 0);
        usage.putObject("completion_tokens_details")
                .put("reasoning_tokens", 0)
                .put("audio_tokens", 0)
                .put("accepted_prediction_tokens", 0)
                .put("rejected_prediction_tokens", 0);
        return usage;
    }

    private static Reply streamed(
            Prompt prompt, Answer answer, Fault fault, Behaviour behaviour, String id) {
        var events = new Events(prompt, id, behaviour.tokenDelay());
        events.begin(answer);
        int begun = events.pieces.size();
        events.speak(answer);
        int spoken = events.pieces.size();
        events.finish(answer);
        List<Piece> all = events.pieces;
        List<Piece> first = all.subList(0, Math.min(begun + DELTAS_BEFORE_FAULT, spoken));
        return switch (fault) {
            case RESET_BODY -> events(first, Ending.RESET);
            case CLOSE_BODY -> events(first, Ending.CLOSE);
            case HANG_BODY -> events(all.subList(0, Math.max(1, spoken / 2)), Ending.SILENCE);
            case DRIP -> events(all, Ending.WHOLE).dripping(behaviour.dripDelay());
            case CUT_BEFORE_FIRST -> events(all.subList(0, begun), Ending.CUT);
            case CUT_AFTER_FIRST -> events(first, Ending.CUT);
            case NO_DONE -> events(all.subList(0, all.size() - 1), Ending.CUT);
            case ERROR_EVENT ->
                    events(
                            plus(
                                    first,
                                    Json.write(
                                            Json.error(
                                                    fault.message(),
                                                    fault.type(),
                                                    null,
                                                    fault.code()))),
                            Ending.CUT);
            case MALFORMED_EVENT, TRUNCATED_JSON ->
                    events(plus(first, "{\"id\":\"" + id + "\",\"choices\":[{\"ind"), Ending.CUT);
            default -> events(all, Ending.WHOLE);
        };
    }

    private static List<Piece> plus(List<Piece> pieces, String data) {
        var more = new ArrayList<>(pieces);
        more.add(new Piece("data: " + data + "\n\n", Duration.ZERO, 0));
        return more;
    }

    /// Writes the events of one stream; confined to one call.
    private static final class Events {
        private final List<Piece> pieces = new ArrayList<>();
        private final Prompt prompt;
        private final String id;
        private final Duration tokenDelay;
        private final String head;

        Events(Prompt prompt, String id, Duration tokenDelay) {
            this.prompt = prompt;
            this.id = id;
            this.tokenDelay = tokenDelay;
            this.head =
                    "data: {\"id\":"
                            + Json.quote(id)
                            + ",\"object\":\"chat.completion.chunk\",\"created\":"
                            + Instant.now().getEpochSecond()
                            + ",\"model\":"
                            + Json.quote(served(prompt.model()))
                            + ",\"service_tier\":\"default\""
                            + ",\"system_fingerprint\":\"fp_simulated\",\"choices\":[";
        }

        void begin(Answer answer) {
            for (int choice = 0; choice < answer.choices(); choice++) {
                ObjectNode delta = Json.MAPPER.createObjectNode().put("role", "assistant");
                switch (answer.form()) {
                    case CONTENT, REFUSAL -> delta.put("content", "").putNull("refusal");
                    case NOTHING -> delta.putNull("content").putNull("refusal");
                    case TOOL_CALL -> {
                        delta.putNull("content");
                        ObjectNode call = delta.putArray("tool_calls").addObject().put("index", 0);
                        call(call, prompt, id, choice).put("arguments", "");
                    }
                }
                event(choice, Json.write(delta), "null", null, Duration.ZERO, 0);
            }
            if (answer.choices() == 0) {
                add("", Duration.ZERO, 0);
            }
        }

        void speak(Answer answer) {
            String before =
                    switch (answer.form()) {
                        case CONTENT, NOTHING -> "{\"content\":";
                        case REFUSAL -> "{\"refusal\":";
                        case TOOL_CALL ->
                                "{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":";
                    };
            String after = answer.form() == Answer.Form.TOOL_CALL ? "}}]}" : "}";
            for (String token : answer.tokens()) {
                String delta = before + Json.quote(token) + after;
                String logprobs = prompt.logprobs() ? Json.write(logprobs(List.of(token))) : "null";
                for (int choice = 0; choice < answer.choices(); choice++) {
                    Duration pause = choice == 0 ? tokenDelay : Duration.ZERO;
                    event(choice, delta, logprobs, null, pause, 1);
                }
            }
        }

        void finish(Answer answer) {
            for (int choice = 0; choice < answer.choices(); choice++) {
                event(choice, "{}", "null", answer.finishReason(), Duration.ZERO, 0);
            }
            if (prompt.usage()) {
                String usage = Json.write(usage(prompt, answer));
                pieces.add(new Piece(head + "],\"usage\":" + usage + "}\n\n", Duration.ZERO, 0));
            }
            pieces.add(new Piece("data: [DONE]\n\n", Duration.ZERO, 0));
        }

        private void event(
                int choice,
                String delta,
                String logprobs,
                @Nullable String reason,
                Duration pause,
                int tokens) {
            String quoted = reason == null ? "null" : Json.quote(reason);
            add(
                    "{\"index\":"
                            + choice
                            + ",\"delta\":"
                            + delta
                            + ",\"logprobs\":"
                            + logprobs
                            + ",\"finish_reason\":"
                            + quoted
                            + "}",
                    pause,
                    tokens);
        }

        private void add(String choice, Duration pause, int tokens) {
            String end = prompt.usage() ? "],\"usage\":null}\n\n" : "]}\n\n";
            pieces.add(new Piece(head + choice + end, pause, tokens));
        }
    }

    private static String served(String model) {
        return DATED.matcher(model).matches() ? model : model + "-2026-01-01";
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

    private static Reply events(List<Piece> pieces, Ending ending) {
        return new Reply(200, EVENTS, Map.of(), -1, List.copyOf(pieces), ending, null);
    }

    private static Reply nothing(Ending ending) {
        return new Reply(0, "", Map.of(), 0, List.of(), ending, null);
    }

    private Reply ending(Ending other) {
        return new Reply(status, contentType, headers, length, pieces, other, retryAfterMs);
    }

    private Reply pieces(List<Piece> other, Ending otherEnding) {
        return new Reply(status, contentType, headers, length, other, otherEnding, retryAfterMs);
    }

    /// The first half of a body of one piece.
    private Reply halved(Ending other) {
        Buffer body = pieces.getFirst().bytes();
        return pieces(
                List.of(new Piece(body.getBuffer(0, body.length() / 2), Duration.ZERO, 0)), other);
    }

    private Reply dripping(Duration pause) {
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

    private Reply asking(long millis, Map<String, String> more) {
        return new Reply(status, contentType, more, length, pieces, ending, millis);
    }

    /// With the wish to try again later; `retry-after-ms` is the one that counts when both are set.
    private Reply asking(Behaviour behaviour) {
        if (status != 429 && status != 503 && status != 529) {
            return this;
        }
        Long millis = null;
        var more = new LinkedHashMap<String, String>();
        if (behaviour.retryAfterDate() != null) {
            Instant now = Instant.now();
            // An HTTP date has whole seconds: the next one, so as not to ask for less.
            Instant date =
                    now.plusSeconds(behaviour.retryAfterDate())
                            .plusNanos(999_999_999)
                            .truncatedTo(ChronoUnit.SECONDS);
            millis = Duration.between(now, date).toMillis();
            more.put("retry-after", HTTP_DATE.format(date));
        }
        if (behaviour.retryAfter() != null) {
            millis = behaviour.retryAfter() * 1_000L;
            more.put("retry-after", behaviour.retryAfter().toString());
        }
        if (behaviour.retryAfterMs() != null) {
            millis = behaviour.retryAfterMs().longValue();
            more.put("retry-after-ms", behaviour.retryAfterMs().toString());
        }
        return millis == null ? this : asking(millis, more);
    }
}
