package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// An error as a provider's body tells it, in any of the shapes that are about: OpenAI's
/// `{"error":{…}}`, a list of one (Google), a bare object (vLLM, Databricks), `detail` (FastAPI),
/// `error` as a text (Ollama, Hugging Face), or a [VendorError].
///
/// @param json the object that says the most; for [RetryAfter]
/// @param status the error's own number, if it is one of HTTP's; else 0
/// @param code of any kind, a number or a word; empty for none
/// @param type empty for none
/// @param param the field that is wrong; empty for none
/// @param sentence for a person; empty for none
/// @param decides whether the number says more than the status that it came with
record ProviderError(
        JsonNode json,
        int status,
        String code,
        String type,
        String param,
        String sentence,
        boolean decides) {

    private static final List<String> SENTENCES =
            List.of(
                    "message",
                    "detail",
                    "msg",
                    "error_message",
                    "error_msg",
                    "errorMessage",
                    "error_description",
                    "description",
                    "reason",
                    "title",
                    "Message",
                    "error");

    private static final List<String> NUMBERS =
            List.of(
                    "code",
                    "status",
                    "status_code",
                    "statusCode",
                    "http_status",
                    "http_code",
                    "error_code");

    private static final Set<String> NOTHING = Set.of("", "0", "false", "null");

    /// Deeper than this nobody puts a sentence.
    private static final int DEPTH = 4;

    private static final int SENTENCE_MAX = 4_000;

    /// The words of OpenAI, Azure and Groq for a request that no wait makes small enough: "Request
    /// too large for gpt-4o … on tokens per min (TPM): Limit 30000, Requested 36278." (reported
    /// with status 429 in Aider-AI/aider#1880 and vanna-ai/vanna-flask#11, by Groq with 413 in
    /// continuedev/continue#10218; LiteLLM passes it on as it is, agent0ai/agent-zero#711). With
    /// what was used lately in the sum it is an ordinary limit, "Limit 6000, Used 5034, Requested
    /// 1443" (elizaOS/eliza#4040), and so is Anthropic's "would exceed the rate limit", which it
    /// says of both.
    private static final Pattern TOO_LARGE =
            Pattern.compile(
                    "(?i)limit:? ([\\d,]{1,19}),? (?:used:? [\\d,]{1,19},? )?requested:? ([\\d,]{1,19})");

    /// The error that a body tells of.
    ///
    /// @return null where the body has nothing of an error
    static @Nullable ProviderError in(@Nullable JsonNode body) {
        JsonNode node = first(body);
        if (node == null) {
            return null;
        }
        if (!node.isObject()) {
            return node.isTextual() ? ofText(node) : null;
        }
        ProviderError own = VendorError.in(node);
        if (own != null) {
            return own;
        }
        JsonNode inner = first(node.get("error"));
        if (inner == null) {
            inner = first(node.get("errors"));
        }
        if (inner == null) {
            ProviderError bare = of(node);
            return bare.sentence.isEmpty() && bare.type.isEmpty() && bare.status == 0 ? null : bare;
        }
        if (inner.path("error").isObject() && sentence(inner.path("message"), 0).isEmpty()) {
            inner = inner.path("error");
        }
        if (!inner.isObject()) {
            ProviderError around = of(node);
            return new ProviderError(
                    node,
                    around.status,
                    around.code,
                    around.type,
                    around.param,
                    sentence(inner, 0),
                    false);
        }
        return of(inner);
    }

    /// Whether an object that came with status 200 says in its `error` that it is one: not by null,
    /// false, zero, or something empty. Or whether it has a [VendorError].
    static boolean isIn(JsonNode object) {
        JsonNode error = object.path("error");
        boolean isSaid =
                switch (error.getNodeType()) {
                    case OBJECT -> says(error);
                    case ARRAY -> !error.isEmpty();
                    case STRING -> !error.textValue().isBlank();
                    case BOOLEAN -> error.booleanValue();
                    case NUMBER -> error.doubleValue() != 0;
                    default -> false;
                };
        return isSaid || VendorError.in(object) != null;
    }

    private static boolean says(JsonNode error) {
        for (JsonNode value : error) {
            if (value.isContainerNode()
                    ? !value.isEmpty()
                    : !value.isNull() && !NOTHING.contains(value.asText().strip())) {
                return true;
            }
        }
        return false;
    }

    /// Whether OpenAI's rate limiter says that this request is larger than all of a minute's limit.
    boolean isTooLargeForItsLimit() {
        Matcher found = TOO_LARGE.matcher(sentence);
        return found.find() && number(found.group(2)) > number(found.group(1));
    }

    private static long number(String digits) {
        String plain = digits.replace(",", "");
        return plain.isEmpty()
                ? 0
                : Long.parseLong(plain.substring(0, Math.min(18, plain.length())));
    }

    /// Google's `"details":[{"reason":"API_KEY_INVALID"}]`, in lower case; empty for none.
    String reason() {
        return json.path("details").path(0).path("reason").asText().toLowerCase(Locale.ROOT);
    }

    /// Whether OpenRouter says that its moderation has flagged the prompt.
    boolean isFlagged() {
        JsonNode metadata = json.path("metadata");
        return !metadata.path("reasons").isEmpty() || metadata.hasNonNull("flagged_input");
    }

    private static @Nullable JsonNode first(@Nullable JsonNode node) {
        JsonNode one = node != null && node.isArray() ? node.path(0) : node;
        return one == null
                        || one.isMissingNode()
                        || one.isNull()
                        || (one.isContainerNode() && one.isEmpty())
                ? null
                : one;
    }

    private static ProviderError ofText(JsonNode text) {
        return new ProviderError(text, 0, "", "", "", bounded(text.textValue()), false);
    }

    private static ProviderError of(JsonNode error) {
        String code = word(error, "code");
        if (code.isEmpty()) {
            code = word(error, "error_code");
        }
        String type = word(error, "type");
        if (type.isEmpty()) {
            type = word(error, "status");
        }
        String inner = word(error.path("innererror"), "code");
        return new ProviderError(
                error,
                number(error),
                inner.isEmpty() ? code : inner,
                type,
                word(error, "param"),
                sentence(error, 0),
                false);
    }

    private static String word(JsonNode error, String name) {
        JsonNode value = error.path(name);
        return value.isTextual() || value.isNumber()
                ? value.asText().strip().replaceFirst("\\.0$", "")
                : "";
    }

    private static int number(JsonNode error) {
        for (String name : NUMBERS) {
            String text = word(error, name);
            if (text.length() == 3 && text.charAt(0) >= '4' && text.charAt(0) <= '5') {
                try {
                    return Integer.parseInt(text);
                } catch (NumberFormatException notANumber) {
                    // A word of three letters.
                }
            }
        }
        return 0;
    }

    private static String sentence(JsonNode node, int depth) {
        if (node.isTextual()) {
            return bounded(node.textValue().strip());
        }
        if (depth == DEPTH) {
            return "";
        }
        if (node.isArray()) {
            List<String> parts = new ArrayList<>();
            for (int i = 0; i < Math.min(node.size(), 5); i++) {
                String part = sentence(node.get(i), depth + 1);
                if (!part.isEmpty()) {
                    parts.add(place(node.get(i)) + part);
                }
            }
            return bounded(String.join("; ", parts));
        }
        for (String name : SENTENCES) {
            String said = sentence(node.path(name), depth + 1);
            if (!said.isEmpty()) {
                return said;
            }
        }
        return "";
    }

    /// Where FastAPI finds the mistake, `"loc":["body","stream_options"]`.
    private static String place(JsonNode detail) {
        List<String> path = new ArrayList<>();
        detail.path("loc").forEach(step -> path.add(step.asText()));
        path.remove("body");
        return path.isEmpty() ? "" : String.join(".", path) + ": ";
    }

    private static String bounded(String sentence) {
        return sentence.length() > SENTENCE_MAX ? sentence.substring(0, SENTENCE_MAX) : sentence;
    }
}
