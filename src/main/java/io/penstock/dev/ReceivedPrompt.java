package io.penstock.dev;

import static io.penstock.dev.Expect.decimal;
import static io.penstock.dev.Expect.expect;
import static io.penstock.dev.Expect.flag;
import static io.penstock.dev.Expect.integer;
import static io.penstock.dev.Expect.invalid;
import static io.penstock.dev.Expect.missing;
import static io.penstock.dev.Expect.present;
import static io.penstock.dev.Expect.unreadable;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a request asks for, checked as OpenAI does, and reduced to what the answer depends on: the
/// messages themselves are not kept. Immutable.
///
/// @param model the requested one
/// @param usage whether a stream ends with its usage
/// @param choices how many answers
/// @param answer the whole answer, before any limit on its length
/// @param maxTokens most tokens of the answer
/// @param tool name of the tool to call instead of answering: the first, where a marker or
///   `tool_choice` asks for a call
/// @param arguments of that call: a value for each property of the tool's schema
/// @param logprobs whether each token comes with its probability
/// @param marker settings given by `[[sim …]]` markers in the messages, later ones first
/// @param key the last user message as sent, at most 200 characters
/// @param fingerprint of model and all messages as sent
/// @param tokens of all messages as sent: a quarter of their characters, rounded up
record ReceivedPrompt(
        String model,
        boolean stream,
        boolean usage,
        int choices,
        String answer,
        int maxTokens,
        @Nullable String tool,
        String arguments,
        boolean logprobs,
        ObjectNode marker,
        String key,
        long fingerprint,
        int tokens) {
    private static final Set<String> FORMATS = Set.of("text", "json_object", "json_schema");

    static ReceivedPrompt parse(Buffer body) throws Refusal {
        JsonNode root;
        try {
            root = WireJson.MAPPER.readTree(body.getBytes());
        } catch (JsonProcessingException e) {
            throw unreadable();
        } catch (IOException e) {
            throw new IllegalStateException("An array in memory cannot fail", e);
        }
        if (!root.isObject()) {
            throw unreadable();
        }
        return of((ObjectNode) root);
    }

    private static ReceivedPrompt of(ObjectNode root) throws Refusal {
        JsonNode model = present(root, "model");
        if (model == null) {
            throw new Refusal(400, null, null, "you must provide a model parameter");
        }
        expect(model, JsonNodeType.STRING, "model", "a string");
        if (model.textValue().isBlank()) {
            throw new Refusal(400, null, null, "you must provide a model parameter");
        }
        boolean stream = flag(root, "stream");
        JsonNode streamOptions = present(root, "stream_options");
        if (streamOptions != null) {
            expect(streamOptions, JsonNodeType.OBJECT, "stream_options", "an object");
            if (!stream) {
                throw new Refusal(
                        400,
                        "stream_options",
                        null,
                        "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
            }
        }
        int choices = integer(root, "n", 1, 128, 1);
        int maxTokens = integer(root, "max_tokens", 1, Integer.MAX_VALUE, Integer.MAX_VALUE);
        maxTokens = integer(root, "max_completion_tokens", 1, Integer.MAX_VALUE, maxTokens);
        decimal(root, "temperature", 0, 2);
        decimal(root, "top_p", 0, 1);
        decimal(root, "presence_penalty", -2, 2);
        decimal(root, "frequency_penalty", -2, 2);
        boolean json = json(root);
        String tool = firstTool(root);

        var conversation = new Conversation(model.textValue());
        for (JsonNode message : messages(root)) {
            conversation.add(message);
        }
        String answer = conversation.answer();
        return new ReceivedPrompt(
                model.textValue(),
                stream,
                streamOptions != null && flag(streamOptions, "include_usage"),
                choices,
                json ? structured(root, answer) : answer,
                maxTokens,
                conversation.callsTool(chosen(root)) ? tool : null,
                arguments(root.path("tools").path(0).path("function").path("parameters")),
                flag(root, "logprobs"),
                conversation.marker(),
                conversation.key(),
                conversation.fingerprint(),
                conversation.tokens());
    }

    private static JsonNode messages(ObjectNode root) throws Refusal {
        JsonNode messages = present(root, "messages");
        if (messages == null) {
            throw missing("messages");
        }
        expect(messages, JsonNodeType.ARRAY, "messages", "an array of objects");
        if (messages.isEmpty()) {
            throw new Refusal(
                    400,
                    "messages",
                    "empty_array",
                    "Invalid 'messages': empty array. Expected an array with minimum length 1, but"
                            + " got an empty array instead.");
        }
        return messages;
    }

    /// What a request is answered that wants JSON.
    private static String structured(ObjectNode root, String answer) {
        JsonNode schema = root.path("response_format").path("json_schema").path("schema");
        return schema.path("properties").isObject()
                ? SchemaAnswer.of(schema, answer)
                : "{\"answer\": " + WireJson.quote(answer) + "}";
    }

    private static boolean json(ObjectNode root) throws Refusal {
        JsonNode format = present(root, "response_format");
        if (format == null) {
            return false;
        }
        expect(format, JsonNodeType.OBJECT, "response_format", "an object");
        JsonNode type = format.path("type");
        if (!FORMATS.contains(type.asText())) {
            throw type.isMissingNode()
                    ? missing("response_format.type")
                    : invalid(
                            "response_format.type",
                            type,
                            "'json_object', 'json_schema', and 'text'");
        }
        if (type.textValue().equals("json_schema") && !format.path("json_schema").isObject()) {
            throw missing("response_format.json_schema");
        }
        return !type.textValue().equals("text");
    }

    private static @Nullable String firstTool(ObjectNode root) throws Refusal {
        JsonNode tools = present(root, "tools");
        if (tools == null) {
            return null;
        }
        expect(tools, JsonNodeType.ARRAY, "tools", "an array of objects");
        if (tools.isEmpty()) {
            return null;
        }
        String name = tools.path(0).path("function").path("name").textValue();
        if (name == null) {
            throw missing("tools[0].function.name");
        }
        return name;
    }

    private static boolean chosen(ObjectNode root) {
        JsonNode choice = root.path("tool_choice");
        return choice.isObject() || choice.asText().equals("required");
    }

    private static String arguments(JsonNode schema) {
        ObjectNode arguments = WireJson.MAPPER.createObjectNode();
        for (var property : schema.path("properties").properties()) {
            JsonNode type = property.getValue();
            switch (type.path("type").asText()) {
                case "string" ->
                        arguments.put(property.getKey(), type.path("enum").path(0).asText("text"));
                case "integer", "number" -> arguments.put(property.getKey(), 1);
                case "boolean" -> arguments.put(property.getKey(), true);
                default -> arguments.putNull(property.getKey());
            }
        }
        // A space, so that a stream has more than one piece of it.
        return WireJson.write(arguments).replace("\":", "\": ");
    }
}
