package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What is sent to a model. Immutable as long as nobody writes to `responseFormat` or `request`.
///
/// @param text the user's message, not blank
/// @param model any name the provider knows, or null for the configured one
/// @param temperature 0 to 2
/// @param maxTokens tokens the answer, or all of them together, may have at most; an answer cut
///   there is a completion, not a failure
/// @param responseFormat OpenAI's `response_format` object, passed on as it is
/// @param request a whole request of OpenAI's chat completions, passed on as it is but for the
///   model and what a stream needs; its answer is passed on as it is too. The other parts are null
///   then, and the text is only what logs and models of LangChain4j see
public record Prompt(
        String text,
        @Nullable String model,
        @Nullable String system,
        @Nullable Double temperature,
        @Nullable Integer maxTokens,
        @Nullable JsonNode responseFormat,
        @Nullable ObjectNode request) {

    private static final Pattern UNPRINTABLE = Pattern.compile("[^\\w.:/@+-]");

    /// Parts of a message whose data a model does not read as text.
    private static final Set<String> MEDIA = Set.of("image_url", "input_audio", "file");

    /// What such a part counts for at most: an image of OpenAI's takes about a thousand tokens
    /// ("Images and vision").
    private static final long MEDIA_BYTES = 4_000;

    /// A prompt with nothing but its text.
    public static Prompt of(String text) {
        return new Prompt(text, null, null, null, null, null, null);
    }

    /// A whole request of OpenAI's chat completions.
    static Prompt of(ObjectNode request) {
        JsonNode limit =
                request.hasNonNull("max_completion_tokens")
                        ? request.get("max_completion_tokens")
                        : request.path("max_tokens");
        return new Prompt(
                "{}",
                request.path("model").textValue(),
                null,
                null,
                limit.isInt() && limit.intValue() > 0
                        ? (int) Math.min(Integer.MAX_VALUE, (long) limit.intValue() * n(request))
                        : null,
                null,
                request);
    }

    private static int n(ObjectNode request) {
        JsonNode n = request.path("n");
        return n.isInt() && n.intValue() > 0 ? n.intValue() : 1;
    }

    /// How many answers it asks for.
    int choices() {
        return request == null ? 1 : n(request);
    }

    /// Whether the caller itself wants a stream to end with its usage.
    boolean wantsUsage() {
        return request != null && request.path("stream_options").path("include_usage").asBoolean();
    }

    Prompt withModel(String other) {
        return new Prompt(text, other, system, temperature, maxTokens, responseFormat, request);
    }

    /// About as many bytes as a model will read, without what a request has around it.
    long bytes() {
        if (request != null) {
            return length(request.path("messages")) + length(request.path("tools"));
        }
        // In UTF-16 code units: what other scripts have more in bytes they have in tokens too.
        return text.length() + (system == null ? 0 : system.length());
    }

    private static long length(JsonNode node) {
        if (node.isTextual()) {
            return node.textValue().length();
        }
        long sum = 0;
        for (JsonNode part : node) {
            sum +=
                    MEDIA.contains(part.path("type").asText())
                            ? Math.min(length(part), MEDIA_BYTES)
                            : length(part);
        }
        return sum;
    }

    Prompt orModel(String fallback) {
        return model != null ? this : withModel(fallback);
    }

    /// The model's name as logs may hold it: callers can put anything into it.
    String printableModel() {
        String name = model == null ? "" : model;
        return UNPRINTABLE
                .matcher(name.length() > 64 ? name.substring(0, 64) : name)
                .replaceAll("?");
    }
}
