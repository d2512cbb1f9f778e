package io.penstock.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The answers of `answers.jsonl`: bytes that providers and the gateways before them send with
/// status 200, and what has to come of each.
public final class RawAnswers {

    private RawAnswers() {}

    /// One answer.
    ///
    /// @param own what it is for a prompt of Penstock's own form
    /// @param v1 what it is for a whole request of OpenAI's
    /// @param says words of the error's message
    /// @param maxTokens what the caller allows
    /// @param isBegun whether a stream of it has begun when it fails
    public record RawAnswer(
            String name,
            byte[] body,
            String contentType,
            Expected own,
            Expected v1,
            String says,
            @Nullable Integer maxTokens,
            boolean isBegun) {

        @Override
        public String toString() {
            return name;
        }

        /// As a provider that does not say how long it is.
        public byte[] http() {
            return RawProvider.http(200, contentType, body, "x-request-id: req_" + name);
        }

        /// A request whose answer this is, for `/complete`.
        public ObjectNode prompt() {
            ObjectNode prompt = Caller.prompt("[[raw " + name + "]]").put("model", "raw-" + name);
            return maxTokens == null ? prompt : prompt.put("max_tokens", maxTokens);
        }

        /// The same for `/v1/chat/completions`.
        public ObjectNode chat(boolean streams) {
            ObjectNode chat = Caller.JSON.createObjectNode().put("model", "raw-v1-" + name);
            chat.putArray("messages")
                    .addObject()
                    .put("role", "user")
                    .put("content", "[[raw " + name + "]]");
            return streams ? chat.put("stream", true) : chat;
        }
    }

    /// A text, or the code of a failure.
    public record Expected(@Nullable String text, @Nullable String code) {

        static Expected of(String written) {
            return written.startsWith("!")
                    ? new Expected(null, written.substring(1))
                    : new Expected(written, null);
        }
    }

    public static List<RawAnswer> all() {
        try (InputStream in =
                Objects.requireNonNull(RawAnswers.class.getResourceAsStream("answers.jsonl"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(Caller::parse)
                    .map(RawAnswers::read)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static RawAnswer read(JsonNode line) {
        return new RawAnswer(
                line.path("name").asText(),
                line.path("body")
                        .asText()
                        .getBytes(Charset.forName(line.path("encoding").asText("UTF-8"))),
                line.path("type").asText("application/json"),
                Expected.of(line.path("own").asText()),
                Expected.of(line.path("v1").asText()),
                line.path("says").asText(),
                line.has("max_tokens") ? line.path("max_tokens").asInt() : null,
                line.path("streamed").asBoolean());
    }
}
