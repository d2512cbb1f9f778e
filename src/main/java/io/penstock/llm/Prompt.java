package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What is sent to a model. Immutable as long as nobody writes to its JSON.
public sealed interface Prompt {

    /// Any name the provider knows, or null for the configured one.
    @Nullable String model();

    /// Tokens the answer, or all of them together, may have at most; an answer cut there is a
    /// completion, not a failure.
    @Nullable Integer maxTokens();

    /// About as many bytes as a model will read, without what a request has around it.
    long bytes();

    /// The same for another model.
    Prompt withModel(String other);

    /// A prompt with nothing but its text.
    static Text of(String text) {
        return new Text(text, null, null, null, null, null);
    }

    /// A whole request of OpenAI's chat completions.
    static PassedOn of(ObjectNode request) {
        return new PassedOn(request, request.path("model").textValue());
    }

    /// With a model, if it has none.
    default Prompt orModel(String fallback) {
        return model() != null ? this : withModel(fallback);
    }

    /// The model's name as logs may hold it: callers can put anything into it.
    default String printableModel() {
        String name = model() == null ? "" : model();
        return PassedOn.UNPRINTABLE
                .matcher(name.length() > 64 ? name.substring(0, 64) : name)
                .replaceAll("?");
    }

    /// A prompt of Penstock's own form; its answer is one text.
    ///
    /// @param text the user's message, not blank
    /// @param temperature 0 to 2
    /// @param responseFormat OpenAI's `response_format` object, passed on as it is
    record Text(
            String text,
            @Nullable String model,
            @Nullable String system,
            @Nullable Double temperature,
            @Nullable Integer maxTokens,
            @Nullable JsonNode responseFormat)
            implements Prompt {

        @Override
        public long bytes() {
            // In UTF-16 code units: what other scripts have more in bytes they have in tokens too.
            return text.length() + (system == null ? 0 : system.length());
        }

        @Override
        public Text withModel(String other) {
            return new Text(text, other, system, temperature, maxTokens, responseFormat);
        }
    }

    /// A whole request of OpenAI's chat completions, passed on as it is but for the model and what
    /// a stream needs; its answer is passed on as it is too.
    ///
    /// @param request as it came
    /// @param model the model that it goes to
    record PassedOn(ObjectNode request, @Nullable String model) implements Prompt {

        private static final Pattern UNPRINTABLE = Pattern.compile("[^\\w.:/@+-]");

        /// Parts of a message whose data a model does not read as text.
        private static final Set<String> MEDIA = Set.of("image_url", "input_audio", "file");

        /// What such a part counts for at most: an image of OpenAI's takes about a thousand tokens
        /// ("Images and vision").
        private static final long MEDIA_BYTES = 4_000;

        @Override
        public @Nullable Integer maxTokens() {
            JsonNode limit =
                    request.hasNonNull("max_completion_tokens")
                            ? request.get("max_completion_tokens")
                            : request.path("max_tokens");
            return limit.isInt() && limit.intValue() > 0
                    ? (int) Math.min(Integer.MAX_VALUE, (long) limit.intValue() * choices())
                    : null;
        }

        @Override
        public long bytes() {
            return length(request.path("messages")) + length(request.path("tools"));
        }

        @Override
        public PassedOn withModel(String other) {
            return new PassedOn(request, other);
        }

        /// How many answers it asks for.
        int choices() {
            JsonNode n = request.path("n");
            return n.isInt() && n.intValue() > 0 ? n.intValue() : 1;
        }

        /// Whether the caller itself wants a stream to end with its usage.
        boolean wantsUsage() {
            return request.path("stream_options").path("include_usage").asBoolean();
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
    }
}
