package io.penstock.llm;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/// The fields that Penstock adds to requests of its own accord, and the models whose servers refuse
/// them: such a field is taken back after the first refusal and not sent to that model again.
/// Thread-safe.
@ApplicationScoped
class Dialects {

    /// Callers may name any model.
    private static final int MODELS_MAX = 1_000;

    /// What a server says of a field that it does not know, rather than of its value.
    private static final Pattern UNKNOWN =
            Pattern.compile(
                    "(?i)not supported|should not exist|unsupported|not permitted|not allowed|unrecognized|unknown|unexpected|extra"
                            + "|additional|does not support|invalid (?:field|parameter|argument)");

    /// A field that no caller has asked for by this name.
    enum Field {
        /// `stream_options.include_usage`, which lets a stream end with its usage (OpenAI API
        /// reference, "Create chat completion"); Mistral's and older servers refuse it.
        STREAM_OPTIONS("stream_options", "streamOptions", "include_usage"),
        /// The configured one of the two names of the limit: OpenAI's newer models take only
        /// `max_completion_tokens`, many compatible servers only `max_tokens`.
        MAX_TOKENS("max_tokens", "max_completion_tokens");

        private final List<String> names;

        Field(String... names) {
            this.names = List.of(names);
        }

        private boolean isIn(String error) {
            return names.stream().anyMatch(error::contains);
        }
    }

    private final ConcurrentHashMap<String, Set<Field>> refused = new ConcurrentHashMap<>();

    /// The fields that a model is known to refuse.
    Set<Field> refusedBy(String model) {
        return refused.getOrDefault(model, Set.of());
    }

    /// Learns from a refusal.
    ///
    /// @param sent the fields that were added to the refused request
    /// @param status of the refusal, or its own number; some servers refuse `stream_options` with a
    ///   server's error or inside of an answer
    /// @param said what the provider said
    /// @return whether it was for one of these, so that the request is worth another try without
    boolean learn(String model, Set<Field> sent, int status, String said) {
        if (sent.isEmpty() || !UNKNOWN.matcher(said).find()) {
            return false;
        }
        boolean isRefusal = status == 400 || status == 422;
        Set<Field> found = EnumSet.noneOf(Field.class);
        for (Field field : sent) {
            if ((isRefusal || field == Field.STREAM_OPTIONS) && field.isIn(said)) {
                found.add(field);
            }
        }
        if (found.isEmpty()) {
            return false;
        }
        if (refused.size() >= MODELS_MAX) {
            refused.clear();
        }
        refused.merge(
                model,
                found,
                (before, more) -> {
                    Set<Field> both = EnumSet.copyOf(before);
                    both.addAll(more);
                    return both;
                });
        return true;
    }
}
