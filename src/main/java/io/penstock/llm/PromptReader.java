package io.penstock.llm;

import com.fasterxml.jackson.databind.node.ArrayNode;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads a prompt with its options, the same at every door that takes one. Thread-safe.
///
/// Shape: `{"prompt": string, "model"?: string, "system"?: string, "temperature"?: 0..2,
/// "max_tokens"?: int ≥ 1, "response_format"?: {…}, "timeout_ms"?: int ≥ 1}`.
@ApplicationScoped
public class PromptReader {

    /// The names of a prompt's fields.
    public static final Set<String> FIELDS =
            Set.of(
                    "prompt",
                    "model",
                    "system",
                    "temperature",
                    "max_tokens",
                    "response_format",
                    "timeout_ms");

    private static final int MODEL_MAX = 256;

    private final long maxPrompt;
    private final Duration maxDeadline;

    PromptReader(LlmConfig config) {
        this.maxPrompt = config.maxPrompt().asLongValue();
        this.maxDeadline = config.maxDeadline();
    }

    /// What a caller asks for.
    ///
    /// @param limit null when the caller names none
    public record Asked(Prompt.Text prompt, @Nullable Duration limit) {}

    /// Takes the prompt's fields; the door has refused unknown ones by [Fields#only].
    ///
    /// @throws InvalidRequest that names the field to change
    public Asked read(Fields fields) {
        return read(fields, "prompt");
    }

    /// The same where the text has another name.
    ///
    /// @throws InvalidRequest that names the field to change
    public Asked read(Fields fields, String textField) {
        String text = fields.requiredText(textField);
        String model = fit(fields.text("model"));
        String system = fields.text("system");
        long size = bytes(text) + (system == null ? 0 : bytes(system));
        if (size > maxPrompt) {
            throw InvalidRequest.of(
                    textField,
                    "prompt_too_long",
                    "The "
                            + textField
                            + " with its system message has "
                            + size
                            + " bytes; at most "
                            + maxPrompt
                            + " are taken.");
        }
        Double temperature = fields.number("temperature", 0, 2);
        Long maxTokens = fields.integer("max_tokens", 1, Integer.MAX_VALUE);
        var responseFormat = fields.object("response_format");
        Long timeoutMillis = fields.integer("timeout_ms", 1, maxDeadline.toMillis());
        return new Asked(
                new Prompt.Text(
                        text,
                        model,
                        system == null || system.isBlank() ? null : system,
                        temperature,
                        maxTokens == null ? null : maxTokens.intValue(),
                        responseFormat),
                timeoutMillis == null ? null : Duration.ofMillis(timeoutMillis));
    }

    /// Takes a whole request of OpenAI's chat completions (API reference, "Create chat
    /// completion"). Only what Penstock itself goes by is checked; all else is passed on for the
    /// provider to judge.
    ///
    /// @throws InvalidRequest that names the field to change
    public Prompt.PassedOn whole(Fields fields) {
        ArrayNode messages = fields.array("messages");
        if (messages == null || messages.isEmpty()) {
            throw InvalidRequest.about(
                    "messages", "missing_field", "must be an array with at least one message.");
        }
        fit(fields.text("model"));
        fields.flag("stream");
        fields.object("stream_options");
        return Prompt.of(fields.json());
    }

    private static @Nullable String fit(@Nullable String model) {
        if (model != null && (model.isBlank() || model.length() > MODEL_MAX)) {
            throw InvalidRequest.about(
                    "model", "out_of_range", "must have from 1 to " + MODEL_MAX + " characters.");
        }
        return model;
    }

    private static long bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
