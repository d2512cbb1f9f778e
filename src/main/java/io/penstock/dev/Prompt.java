package io.penstock.dev;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
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
/// @param conversation model and all messages as sent, kept only when a marker counts `times`
/// @param tokens of all messages as sent: a quarter of their characters, rounded up
record Prompt(
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
        @Nullable String conversation,
        int tokens) {
    private static final int KEY_CHARS = 200;
    private static final int ECHO_CHARS = 160;

    private static final Pattern MARKER = Pattern.compile("[ \t]?\\[\\[sim\\s([^\\]]*)\\]\\]");
    private static final Pattern SENTIMENT = Pattern.compile("sentiment", Pattern.CASE_INSENSITIVE);
    private static final Pattern WORD = Pattern.compile("[^\\p{Alpha}]+");
    private static final Set<String> GOOD =
            words(
                    "good great love loved loves excellent happy wonderful amazing awesome best"
                            + " fantastic perfect pleased delighted enjoyed brilliant nice");
    private static final Set<String> BAD =
            words(
                    "bad terrible hate hated hates broken angry awful worst horrible poor sad rude"
                            + " disappointed disappointing useless annoying unhappy");
    private static final Set<String> ROLES = words("developer system user assistant tool function");
    private static final Set<String> FORMATS = Set.of("text", "json_object", "json_schema");

    static Prompt parse(Buffer body) throws Refusal {
        JsonNode root;
        try {
            root = Json.MAPPER.readTree(body.getBytes());
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

    private static Prompt of(ObjectNode root) throws Refusal {
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

        var conversation = new Conversation();
        for (JsonNode message : messages(root)) {
            conversation.add(message);
        }
        String answer = conversation.answer();
        boolean counts = conversation.marker.has("times");
        return new Prompt(
                model.textValue(),
                stream,
                streamOptions != null && flag(streamOptions, "include_usage"),
                choices,
                json ? "{\"answer\": " + Json.quote(answer) + "}" : answer,
                maxTokens,
                conversation.toolAsked || (conversation.toolsOpen && chosen(root)) ? tool : null,
                arguments(root.path("tools").path(0).path("function").path("parameters")),
                flag(root, "logprobs"),
                conversation.marker,
                head(conversation.lastUserRaw, KEY_CHARS),
                counts ? model.textValue() + '\n' + String.join("\n", conversation.texts) : null,
                Math.ceilDiv(conversation.chars, 4));
    }

    /// The messages read one after the other; confined to one parse.
    private static final class Conversation {
        private final ObjectNode marker = Json.MAPPER.createObjectNode();
        private final List<String> texts = new ArrayList<>();
        private final CRC32 hash = new CRC32();
        private String lastUserRaw = "";
        private String lastUser = "";
        private boolean sentimentAsked;
        private boolean toolAsked;

        /// No tool has answered since the last user's message.
        private boolean toolsOpen;

        private int chars;

        void add(JsonNode message) throws Refusal {
            int index = texts.size();
            String at = "messages[" + index + "]";
            expect(message, JsonNodeType.OBJECT, at, "an object");
            JsonNode role = message.path("role");
            if (!ROLES.contains(role.asText())) {
                throw role.isMissingNode()
                        ? missing(at + ".role")
                        : invalid(
                                at + ".role",
                                role,
                                "'system', 'developer', 'assistant', 'user',"
                                        + " 'function', and 'tool'");
            }
            String raw = content(message, at);
            texts.add(raw);
            chars += raw.codePointCount(0, raw.length());

            Matcher markers = raw.contains("[[sim") ? MARKER.matcher(raw) : null;
            boolean marked = false;
            boolean tool = false;
            while (markers != null && markers.find()) {
                marked = true;
                ObjectNode settings = Behaviour.settings(markers.group(1));
                tool |= settings.remove("tool") != null;
                marker.setAll(settings);
            }
            String text = marked && markers != null ? markers.replaceAll("").strip() : raw;

            switch (role.textValue()) {
                case "user" -> {
                    lastUserRaw = raw;
                    lastUser = text;
                    toolAsked = tool;
                    toolsOpen = true;
                    instruct(text);
                }
                case "system", "developer" -> instruct(text);
                // A tool has answered, so the model does not ask for it again.
                case "tool", "function" -> {
                    toolAsked = false;
                    toolsOpen = false;
                }
                default -> {}
            }
        }

        private void instruct(String text) {
            hash.update(text.getBytes(StandardCharsets.UTF_8));
            sentimentAsked |= SENTIMENT.matcher(text).find();
        }

        String answer() {
            if (sentimentAsked) {
                return sentiment(lastUser);
            }
            return "Answer %08x: %s".formatted(hash.getValue(), echo(lastUser)).strip();
        }
    }

    private static Set<String> words(String list) {
        return Set.of(list.split(" "));
    }

    private static String content(JsonNode message, String at) throws Refusal {
        JsonNode content = present(message, "content");
        if (content == null) {
            if ("assistant".equals(message.path("role").textValue())) {
                return "";
            }
            throw missing(at + ".content");
        }
        if (content.isTextual()) {
            return content.textValue();
        }
        if (!content.isArray()) {
            throw mistyped(at + ".content", "a string or an array of objects", content);
        }
        var text = new StringBuilder();
        for (JsonNode part : content) {
            expect(part, JsonNodeType.OBJECT, at + ".content", "an array of objects");
            if (part.path("type").asText().equals("text")) {
                text.append(part.path("text").asText());
            }
        }
        return text.toString();
    }

    private static String sentiment(String text) {
        int balance = 0;
        for (String word : WORD.split(text.toLowerCase(Locale.ROOT), 0)) {
            balance += GOOD.contains(word) ? 1 : BAD.contains(word) ? -1 : 0;
        }
        return balance > 0 ? "positive" : balance < 0 ? "negative" : "neutral";
    }

    /// The first characters of the text on one line.
    private static String echo(String text) {
        var line = new StringBuilder();
        int i = 0;
        while (i < text.length() && line.length() < ECHO_CHARS) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            if (!Character.isWhitespace(c)) {
                line.appendCodePoint(c);
            } else if (!line.isEmpty() && line.charAt(line.length() - 1) != ' ') {
                line.append(' ');
            }
        }
        return head(line.toString(), ECHO_CHARS).strip();
    }

    /// The first characters, without half of a surrogate pair at the end.
    private static String head(String text, int chars) {
        if (text.length() <= chars) {
            return text;
        }
        return text.substring(
                0, Character.isHighSurrogate(text.charAt(chars - 1)) ? chars - 1 : chars);
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
        ObjectNode arguments = Json.MAPPER.createObjectNode();
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
        return Json.write(arguments).replace("\":", "\": ");
    }

    private static @Nullable JsonNode present(JsonNode object, String field) {
        JsonNode value = object.get(field);
        return value == null || value.isNull() ? null : value;
    }

    private static boolean flag(JsonNode object, String field) throws Refusal {
        JsonNode value = present(object, field);
        if (value == null) {
            return false;
        }
        expect(value, JsonNodeType.BOOLEAN, field, "a boolean");
        return value.booleanValue();
    }

    private static int integer(ObjectNode root, String field, int min, int max, int unset)
            throws Refusal {
        JsonNode value = present(root, field);
        if (value == null) {
            return unset;
        }
        if (!value.isIntegralNumber()) {
            throw mistyped(field, "an integer", value);
        }
        checkRange(field, "integer", value, min, max);
        return value.intValue();
    }

    private static void decimal(ObjectNode root, String field, int min, int max) throws Refusal {
        JsonNode value = present(root, field);
        if (value != null) {
            expect(value, JsonNodeType.NUMBER, field, "a decimal");
            checkRange(field, "decimal", value, min, max);
        }
    }

    private static void checkRange(String field, String kind, JsonNode value, int min, int max)
            throws Refusal {
        boolean below = value.doubleValue() < min;
        if (below || value.doubleValue() > max) {
            throw new Refusal(
                    400,
                    field,
                    kind + (below ? "_below_min_value" : "_above_max_value"),
                    "Invalid '%s': %s %s value. Expected a value %s %d, but got %s instead."
                            .formatted(
                                    field,
                                    kind,
                                    below ? "below minimum" : "above maximum",
                                    below ? ">=" : "<=",
                                    below ? min : max,
                                    value));
        }
    }

    private static void expect(JsonNode value, JsonNodeType type, String param, String expected)
            throws Refusal {
        if (value.getNodeType() != type) {
            throw mistyped(param, expected, value);
        }
    }

    private static Refusal unreadable() {
        return new Refusal(
                400,
                null,
                null,
                "We could not parse the JSON body of your request. The API expects a JSON object.");
    }

    private static Refusal missing(String param) {
        return new Refusal(
                400,
                param,
                "missing_required_parameter",
                "Missing required parameter: '" + param + "'.");
    }

    private static Refusal mistyped(String param, String expected, JsonNode value) {
        return new Refusal(
                400,
                param,
                "invalid_type",
                "Invalid type for '%s': expected %s, but got %s instead."
                        .formatted(
                                param,
                                expected,
                                value.getNodeType().name().toLowerCase(Locale.ROOT)));
    }

    private static Refusal invalid(String param, JsonNode value, String supported) {
        return new Refusal(
                400,
                param,
                "invalid_value",
                "Invalid value: '%s'. Supported values are: %s."
                        .formatted(value.asText(), supported));
    }
}
