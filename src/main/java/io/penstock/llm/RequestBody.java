package io.penstock.llm;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.vertx.core.buffer.Buffer;
import java.util.EnumSet;
import java.util.Set;

/// A request of OpenAI's chat completions (API reference, "Create chat completion").
///
/// @param added the fields in it that nobody has asked for
record RequestBody(Buffer json, Set<Dialects.Field> added) {

    /// @param refused fields to leave out
    static RequestBody of(
            Prompt prompt,
            boolean streams,
            LlmConfig.MaxTokensField maxTokensField,
            Set<Dialects.Field> refused) {
        Set<Dialects.Field> added = EnumSet.noneOf(Dialects.Field.class);
        ObjectNode body =
                switch (prompt) {
                    case Prompt.PassedOn whole -> passedOn(whole);
                    case Prompt.Text text -> written(text, maxTokensField, refused, added);
                };
        if (streams) {
            body.put("stream", true);
            boolean isWanted = prompt instanceof Prompt.PassedOn whole && whole.wantsUsage();
            if (!isWanted && !refused.contains(Dialects.Field.STREAM_OPTIONS)) {
                // What a stream has used is counted like everything else.
                added.add(Dialects.Field.STREAM_OPTIONS);
                ObjectNode options = Fields.JSON.createObjectNode();
                if (body.get("stream_options") instanceof ObjectNode asked) {
                    options.setAll(asked);
                }
                body.set("stream_options", options.put("include_usage", true));
            }
        }
        return new RequestBody(bytes(body), added);
    }

    /// The caller's own request with the model that it goes to.
    private static ObjectNode passedOn(Prompt.PassedOn prompt) {
        ObjectNode body = Fields.JSON.createObjectNode();
        body.setAll(prompt.request());
        return body.put("model", prompt.model());
    }

    private static ObjectNode written(
            Prompt.Text prompt,
            LlmConfig.MaxTokensField maxTokensField,
            Set<Dialects.Field> refused,
            Set<Dialects.Field> added) {
        ObjectNode body = Fields.JSON.createObjectNode().put("model", prompt.model());
        ArrayNode all = body.putArray("messages");
        if (prompt.system() != null) {
            message(all, "system", prompt.system());
        }
        message(all, "user", prompt.text());
        if (prompt.temperature() != null) {
            body.put("temperature", prompt.temperature());
        }
        if (prompt.maxTokens() != null) {
            boolean isRefused = refused.contains(Dialects.Field.MAX_TOKENS);
            if (!isRefused) {
                added.add(Dialects.Field.MAX_TOKENS);
            }
            LlmConfig.MaxTokensField field = isRefused ? maxTokensField.other() : maxTokensField;
            body.put(field.wireName(), prompt.maxTokens());
        }
        if (prompt.responseFormat() != null) {
            body.set("response_format", prompt.responseFormat());
        }
        return body;
    }

    private static void message(ArrayNode messages, String role, String content) {
        messages.addObject().put("role", role).put("content", content);
    }

    private static Buffer bytes(ObjectNode body) {
        try {
            return Buffer.buffer(Fields.JSON.writeValueAsBytes(body));
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("A tree of JSON nodes is always writable", impossible);
        }
    }
}
