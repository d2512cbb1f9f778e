package io.penstock.dev;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;

/// The parts of an answer's JSON that a whole answer and a stream have in common.
final class AnswerJson {
    private static final Pattern DATED = Pattern.compile(".*-\\d{4}-\\d{2}-\\d{2}");

    private AnswerJson() {}

    /// Fills in the call and gives its function, whose arguments are still to be set.
    static ObjectNode call(ObjectNode call, ReceivedPrompt prompt, String id, int choice) {
        call.put("id", id.replace("chatcmpl-", "call_") + choice).put("type", "function");
        return call.putObject("function").put("name", prompt.tool());
    }

    /// Each token as likely as the others.
    static ObjectNode logprobs(List<String> tokens) {
        ObjectNode logprobs = WireJson.MAPPER.createObjectNode();
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

    static ObjectNode usage(ReceivedPrompt prompt, SimulatedAnswer answer) {
        ObjectNode usage = WireJson.MAPPER.createObjectNode();
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

    /// The model that answers, by its dated name.
    static String served(String model) {
        return DATED.matcher(model).matches() ? model : model + "-2026-01-01";
    }
}
