package io.penstock.dev;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The provider's JSON dialect: snake_case names, and durations written `250us`, `200ms`, `2s` or
/// `1m`. Thread-safe.
final class WireJson {
    static final ObjectMapper MAPPER =
            JsonMapper.builder()
                    .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                    .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
                    .addModule(durations())
                    .build();

    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(us|ms|s|m)");

    private WireJson() {}

    static String write(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The text as a JSON string, quotes included.
    static String quote(String text) {
        var quoted = new StringBuilder(text.length() + 16).append('"');
        JsonStringEncoder.getInstance().quoteAsString(text, quoted);
        return quoted.append('"').toString();
    }

    /// OpenAI's error body, `{"error":{"message","type","param","code"}}`.
    static ObjectNode error(
            String message, String type, @Nullable String param, @Nullable String code) {
        ObjectNode body = MAPPER.createObjectNode();
        body.putObject("error")
                .put("message", message)
                .put("type", type)
                .put("param", param)
                .put("code", code);
        return body;
    }

    /// The duration as it is read.
    static String written(Duration duration) {
        long micros = duration.toNanos() / 1_000;
        if (micros % 1_000 != 0) {
            return micros + "us";
        }
        return micros % 1_000_000 != 0 || micros == 0
                ? micros / 1_000 + "ms"
                : micros / 1_000_000 + "s";
    }

    /// @throws IllegalArgumentException when the text is no duration
    static Duration duration(String text) {
        Duration duration = read(text);
        if (duration == null) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no duration; write it like 200ms or 2s.");
        }
        return duration;
    }

    private static @Nullable Duration read(String text) {
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            return null;
        }
        ChronoUnit unit =
                switch (matcher.group(2)) {
                    case "us" -> ChronoUnit.MICROS;
                    case "ms" -> ChronoUnit.MILLIS;
                    case "s" -> ChronoUnit.SECONDS;
                    default -> ChronoUnit.MINUTES;
                };
        return Duration.of(Long.parseLong(matcher.group(1)), unit);
    }

    private static SimpleModule durations() {
        return new SimpleModule()
                .addSerializer(
                        new StdSerializer<>(Duration.class) {
                            @Override
                            public void serialize(
                                    Duration value, JsonGenerator out, SerializerProvider provider)
                                    throws IOException {
                                out.writeString(written(value));
                            }
                        })
                .addDeserializer(
                        Duration.class,
                        new StdDeserializer<Duration>(Duration.class) {
                            @Override
                            public Duration deserialize(
                                    JsonParser parser, DeserializationContext context)
                                    throws IOException {
                                String text = parser.getText();
                                Duration duration = read(text);
                                if (duration == null) {
                                    throw context.weirdStringException(
                                            text, Duration.class, "write it like 200ms or 2s");
                                }
                                return duration;
                            }
                        });
    }
}
