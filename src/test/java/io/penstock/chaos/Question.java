package io.penstock.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Caller;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/// An item of the batch, which carries its number, so that its answer proves whose it is.
record Question(int number) {

    private static final String BEFORE = "What is item ";

    /// The one that a call in the provider's log was for.
    static Question ofKey(String key) {
        return new Question(Integer.parseInt(key.substring(BEFORE.length(), key.indexOf('?'))));
    }

    /// A line of a batch's input.
    String line() {
        return Caller.JSON
                .createObjectNode()
                .put("custom_id", customId())
                .put("prompt", text() + fault())
                .toString();
    }

    String customId() {
        return "item-" + number;
    }

    /// Whether its call fails however often it is made.
    boolean alwaysFails() {
        return number % 1_000 == 199;
    }

    private String text() {
        return BEFORE + number + "?";
    }

    private String fault() {
        if (alwaysFails()) {
            return " [[sim fault=bad_request]]";
        }
        return switch (number % 100) {
            case 13 -> " [[sim fault=server_error times=1]]";
            case 37 -> " [[sim fault=rate_limit retry_after_ms=200 times=1]]";
            case 61 -> " [[sim fault=close_body times=1]]";
            case 83 -> " [[sim latency=1200ms latency_p99=1200ms]]";
            default -> "";
        };
    }

    /// Whether the line is the outcome of this question and no other's.
    boolean isAnsweredBy(String line) {
        JsonNode outcome = Caller.parse(line);
        if (outcome.path("index").asInt() != number
                || !outcome.path("custom_id").asText().equals(customId())) {
            return false;
        }
        if (alwaysFails()) {
            return code(line).equals("invalid_request")
                    && !outcome.path("error").path("message").asText().isEmpty();
        }
        CRC32 crc = new CRC32();
        crc.update(text().getBytes(StandardCharsets.UTF_8));
        return outcome.path("finish_reason").asText().equals("stop")
                && outcome.path("result")
                        .asText()
                        .equals("Answer %08x: %s".formatted(crc.getValue(), text()));
    }

    /// The error's code; empty for an answer.
    static String code(String line) {
        return Caller.parse(line).path("error").path("code").asText("");
    }

    static int index(String line) {
        return Caller.parse(line).path("index").asInt(-1);
    }
}
