package io.penstock.dev;

import static io.penstock.dev.AnswerJson.call;
import static io.penstock.dev.AnswerJson.logprobs;
import static io.penstock.dev.AnswerJson.served;
import static io.penstock.dev.AnswerJson.usage;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;

/// Writes an answer as one JSON object, whole or broken by a fault.
final class PlainReply {
    private PlainReply() {}

    static Reply of(
            ReceivedPrompt prompt,
            SimulatedAnswer answer,
            Fault fault,
            Behaviour behaviour,
            String id) {
        String body = WireJson.write(completion(prompt, answer, id));
        Reply reply = Reply.json(body, answer.completionTokens());
        if (fault.streamOnly()) {
            return reply.halved(Reply.Ending.RESET);
        }
        return switch (fault) {
            case RESET_BODY -> reply.halved(Reply.Ending.RESET);
            case CLOSE_BODY -> reply.halved(Reply.Ending.CLOSE);
            case HANG_BODY -> reply.halved(Reply.Ending.SILENCE);
            case DRIP -> reply.dripping(behaviour.dripDelay());
            case TRUNCATED_JSON ->
                    Reply.json(body.substring(0, body.length() / 2), 0).ending(Reply.Ending.CUT);
            default -> reply;
        };
    }

    private static ObjectNode completion(ReceivedPrompt prompt, SimulatedAnswer answer, String id) {
        ObjectNode body = WireJson.MAPPER.createObjectNode();
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
}
