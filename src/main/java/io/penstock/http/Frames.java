package io.penstock.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.llm.Completion;
import io.penstock.llm.Usage;
import org.jspecify.annotations.Nullable;

/// The JSON of answers, whole and in pieces.
final class Frames {

    private Frames() {}

    /// `{"result","id","model","finish_reason","usage","provider_request_id","attempts"}`
    static ObjectNode whole(Completion completion, int attempts) {
        ObjectNode json =
                Fields.JSON
                        .createObjectNode()
                        .put("result", completion.text())
                        .put("id", completion.id())
                        .put("model", completion.model())
                        .put("finish_reason", completion.finishReason());
        json.set("usage", usage(completion.usage()));
        return json.put("provider_request_id", completion.providerRequestId())
                .put("attempts", attempts);
    }

    /// `{"token"}`
    static ObjectNode token(String delta) {
        return Fields.JSON.createObjectNode().put("token", delta);
    }

    /// `{"done":true,"finish_reason","usage"}`
    static ObjectNode done(Completion completion) {
        ObjectNode json =
                Fields.JSON
                        .createObjectNode()
                        .put("done", true)
                        .put("finish_reason", completion.finishReason());
        json.set("usage", usage(completion.usage()));
        return json;
    }

    private static @Nullable ObjectNode usage(@Nullable Usage usage) {
        return usage == null ? null : usage.toJson();
    }
}
