package io.penstock.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Reads one JSON value that others wrote. Whatever they wrote, there is a tree all of whose values
/// can be used and written again, or a refusal that says where the fault is: nothing else is
/// thrown.
///
/// A byte order mark before the value is passed over; anything after it is refused. Numbers keep
/// every digit, up to a size at which no reader could hold them.
public final class Json {

    /// Of objects and arrays in each other; what walks a tree by recursion has room for it.
    static final int NESTING_MAX = 500;

    /// A value that is empty takes two bytes of a body and some fifty of memory.
    private static final long TOKENS_MAX = 4_000_000;

    /// Of a value in a tree: an object for it, what it is kept in, and its share of a table.
    private static final int VALUE_BYTES = 48;

    /// For the trees that Penstock makes itself, and for what it wrote before.
    public static final ObjectMapper MAPPER =
            JsonMapper.builder(factory())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    // Numbers are passed on to the last digit.
                    .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                    .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
                    .build();

    private static final JsonFactory FACTORY = factory();

    private static final String BYTE_ORDER_MARK = "\ufeff";

    private Json() {}

    /// @return a missing node where there is nothing but white space
    /// @throws InvalidRequest when the bytes are not one JSON value in UTF-8, with the position, or
    ///   when a value in it, however deep, is none that can be passed on unchanged, with its name
    public static JsonNode read(byte[] json) {
        requireUtf8(json);
        try {
            return Reading.whole(FACTORY.createParser(json));
        } catch (IOException unreadable) {
            throw Reading.malformed(null);
        }
    }

    /// @throws InvalidRequest as [#read(byte\[\])]
    public static JsonNode read(String json) {
        try {
            return Reading.whole(
                    FACTORY.createParser(
                            json.startsWith(BYTE_ORDER_MARK) ? json.substring(1) : json));
        } catch (IOException unreadable) {
            throw Reading.malformed(null);
        }
    }

    /// A text or a number at the top of an object that may be none: for an answer to whoever sent
    /// what cannot be read.
    ///
    /// @return null where none can be found
    public static @Nullable JsonNode label(String json, String field) {
        try (JsonParser parser = FACTORY.createParser(json)) {
            int depth = 0;
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token.isStructStart()) {
                    depth++;
                } else if (token.isStructEnd()) {
                    depth--;
                } else if (depth == 1 && field.equals(parser.currentName())) {
                    if (token == JsonToken.VALUE_STRING) {
                        return read(MAPPER.writeValueAsString(parser.getText()));
                    }
                    if (token.isNumeric()) {
                        return read(parser.getText());
                    }
                }
            }
        } catch (IOException | RuntimeException unreadable) {
            // Then it is not found.
        }
        return null;
    }

    /// About how many bytes of memory the tree takes that is read from JSON, besides its texts: up
    /// to some thirty times the bytes that were sent, where these are empty values.
    public static long treeBytes(byte[] json) {
        long values = 1;
        boolean inText = false;
        for (int i = 0; i < json.length; i++) {
            switch (json[i]) {
                case '"' -> inText = !inText;
                case '\\' -> i++;
                case ',', '[', '{' -> values += inText ? 0 : 1;
                default -> {}
            }
        }
        return values * VALUE_BYTES;
    }

    private static JsonFactory factory() {
        return JsonFactory.builder()
                // Callers' names would stay in the table of the whole process.
                .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                // Jackson's own keeps its buffers with the thread, and virtual threads live for one
                // call.
                .recyclerPool(JsonRecyclerPools.sharedBoundedPool())
                .streamReadConstraints(
                        StreamReadConstraints.builder()
                                // Bodies are bounded before they are parsed.
                                .maxStringLength(Integer.MAX_VALUE)
                                .maxNestingDepth(NESTING_MAX)
                                .maxNumberLength(Reading.NUMBER_MAX)
                                .maxTokenCount(TOKENS_MAX)
                                .build())
                .build();
    }

    private static void requireUtf8(byte[] json) {
        int at = Unicode.firstThatIsNotUtf8(json);
        // JSON in UTF-16 or UTF-32 has a zero here; Jackson would read it, but the lines of JSON
        // Lines would be cut in the middle of characters.
        for (int i = 0; at < 0 && i < Math.min(4, json.length); i++) {
            at = json[i] == 0 ? i : -1;
        }
        if (at < 0) {
            return;
        }
        int line = 1;
        int start = 0;
        for (int i = 0; i < at; i++) {
            if (json[i] == '\n') {
                line++;
                start = i + 1;
            }
        }
        throw InvalidRequest.about(
                null,
                "invalid_json",
                "is not valid UTF-8: see line " + line + ", byte " + (at - start + 1) + ".");
    }
}
