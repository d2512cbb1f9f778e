package io.penstock.dev;

import static io.penstock.dev.AnswerJson.call;
import static io.penstock.dev.AnswerJson.logprobs;
import static io.penstock.dev.AnswerJson.served;
import static io.penstock.dev.AnswerJson.usage;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.dev.Reply.Ending;
import io.penstock.dev.Reply.Piece;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Writes an answer as server-sent events, whole or broken by a fault. Confined to one call.
final class StreamReply {
    private static final int DELTAS_BEFORE_FAULT = 2;

    private final List<Piece> pieces = new ArrayList<>();
    private final ReceivedPrompt prompt;
    private final String id;
    private final Duration tokenDelay;
    private final String head;

    static Reply of(
            ReceivedPrompt prompt,
            SimulatedAnswer answer,
            Fault fault,
            Behaviour behaviour,
            String id) {
        var events = new StreamReply(prompt, id, behaviour.tokenDelay());
        events.begin(answer);
        int begun = events.pieces.size();
        events.speak(answer);
        int spoken = events.pieces.size();
        events.finish(answer);
        List<Piece> all = events.pieces;
        List<Piece> first = all.subList(0, Math.min(begun + DELTAS_BEFORE_FAULT, spoken));
        return switch (fault) {
            case RESET_BODY -> Reply.events(first, Ending.RESET);
            case CLOSE_BODY -> Reply.events(first, Ending.CLOSE);
            case HANG_BODY -> Reply.events(all.subList(0, Math.max(1, spoken / 2)), Ending.SILENCE);
            case DRIP -> Reply.events(all, Ending.WHOLE).dripping(behaviour.dripDelay());
            case CUT_BEFORE_FIRST -> Reply.events(all.subList(0, begun), Ending.CUT);
            case CUT_AFTER_FIRST -> Reply.events(first, Ending.CUT);
            case NO_DONE -> Reply.events(all.subList(0, all.size() - 1), Ending.CUT);
            case ERROR_EVENT ->
                    Reply.events(
                            plus(
                                    first,
                                    WireJson.write(
                                            WireJson.error(
                                                    fault.message(),
                                                    fault.type(),
                                                    null,
                                                    fault.code()))),
                            Ending.CUT);
            case MALFORMED_EVENT, TRUNCATED_JSON ->
                    Reply.events(
                            plus(first, "{\"id\":\"" + id + "\",\"choices\":[{\"ind"), Ending.CUT);
            default -> Reply.events(all, Ending.WHOLE);
        };
    }

    private static List<Piece> plus(List<Piece> pieces, String data) {
        var more = new ArrayList<>(pieces);
        more.add(new Piece("data: " + data + "\n\n", Duration.ZERO, 0));
        return more;
    }

    private StreamReply(ReceivedPrompt prompt, String id, Duration tokenDelay) {
        this.prompt = prompt;
        this.id = id;
        this.tokenDelay = tokenDelay;
        this.head =
                "data: {\"id\":"
                        + WireJson.quote(id)
                        + ",\"object\":\"chat.completion.chunk\",\"created\":"
                        + Instant.now().getEpochSecond()
                        + ",\"model\":"
                        + WireJson.quote(served(prompt.model()))
                        + ",\"service_tier\":\"default\""
                        + ",\"system_fingerprint\":\"fp_simulated\",\"choices\":[";
    }

    private void begin(SimulatedAnswer answer) {
        for (int choice = 0; choice < answer.choices(); choice++) {
            ObjectNode delta = WireJson.MAPPER.createObjectNode().put("role", "assistant");
            switch (answer.form()) {
                case CONTENT, REFUSAL -> delta.put("content", "").putNull("refusal");
                case NOTHING -> delta.putNull("content").putNull("refusal");
                case TOOL_CALL -> {
                    delta.putNull("content");
                    ObjectNode call = delta.putArray("tool_calls").addObject().put("index", 0);
                    call(call, prompt, id, choice).put("arguments", "");
                }
            }
            event(choice, WireJson.write(delta), "null", null, Duration.ZERO, 0);
        }
        if (answer.choices() == 0) {
            add("", Duration.ZERO, 0);
        }
    }

    private void speak(SimulatedAnswer answer) {
        String before =
                switch (answer.form()) {
                    case CONTENT, NOTHING -> "{\"content\":";
                    case REFUSAL -> "{\"refusal\":";
                    case TOOL_CALL -> "{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":";
                };
        String after = answer.form() == SimulatedAnswer.Carrier.TOOL_CALL ? "}}]}" : "}";
        for (String token : answer.tokens()) {
            String delta = before + WireJson.quote(token) + after;
            String logprobs = prompt.logprobs() ? WireJson.write(logprobs(List.of(token))) : "null";
            for (int choice = 0; choice < answer.choices(); choice++) {
                Duration pause = choice == 0 ? tokenDelay : Duration.ZERO;
                event(choice, delta, logprobs, null, pause, 1);
            }
        }
    }

    private void finish(SimulatedAnswer answer) {
        for (int choice = 0; choice < answer.choices(); choice++) {
            event(choice, "{}", "null", answer.finishReason(), Duration.ZERO, 0);
        }
        if (prompt.usage()) {
            String usage = WireJson.write(usage(prompt, answer));
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
        String quoted = reason == null ? "null" : WireJson.quote(reason);
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
