package io.penstock.llm;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.penstock.json.Unicode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// JSON as providers write it: one value or several in a row, each kept with its own text, so that
/// it can be passed on to the last digit. Nothing in a text makes reading throw.
final class ProviderJson {

    static final int NUMBER_MAX = 10_000;

    /// Of objects and arrays in each other: trees are walked by recursion.
    static final int DEPTH = 500;

    /// Answers are bounded before they are parsed. Numbers are read as far as a double goes, since
    /// none may keep an answer from its caller.
    static final JsonMapper JSON =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .recyclerPool(JsonRecyclerPools.sharedBoundedPool())
                                    .streamReadConstraints(
                                            StreamReadConstraints.builder()
                                                    .maxStringLength(Integer.MAX_VALUE)
                                                    .maxNumberLength(NUMBER_MAX)
                                                    .maxNestingDepth(DEPTH)
                                                    .build())
                                    .build())
                    // Costs nothing where no field is there twice.
                    .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
                    .build();

    private static final ObjectMapper LENIENT =
            JSON.rebuild().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

    /// Half a surrogate pair has a form of its own only as an escape.
    private static final ObjectWriter ASCII = JSON.writer().with(JsonWriteFeature.ESCAPE_NON_ASCII);

    /// One value and the characters that it came in.
    ///
    /// @param twice a field of it, however deep, that is there twice with different values, of
    ///   which the node has the last; null for none
    record Value(JsonNode node, String text, @Nullable String twice) {}

    /// The values at the beginning of a text.
    ///
    /// @param rest after the last of them, without white space around it; empty when there is
    ///   nothing else
    record Values(List<Value> list, String rest) {}

    private ProviderJson() {}

    /// Decodes bytes that should be UTF-8.
    ///
    /// @return null when they are not
    static @Nullable String decoded(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        // Java puts U+FFFD where something is none; the character itself may be there too.
        return text.indexOf('\uFFFD') >= 0 && Unicode.firstThatIsNotUtf8(bytes) >= 0 ? null : text;
    }

    static Values values(String text) {
        Values strict = values(text, JSON);
        if (strict.rest.isEmpty()
                || !strict.rest.contains("NaN") && !strict.rest.contains("Infinity")) {
            return strict;
        }
        // Python's way of writing what JSON has no number for; it is passed on as a text.
        Values lenient = values(text, LENIENT);
        return new Values(
                lenient.list.stream()
                        .map(value -> new Value(value.node, written(value.node), null))
                        .toList(),
                lenient.rest);
    }

    private static Values values(String text, ObjectMapper mapper) {
        List<Value> values = new ArrayList<>(1);
        int end = 0;
        try (JsonParser parser = mapper.createParser(text)) {
            while (parser.nextToken() != null) {
                int start = (int) parser.currentTokenLocation().getCharOffset();
                JsonNode node = mapper.readTree(parser);
                end = (int) parser.currentLocation().getCharOffset();
                values.add(new Value(node, text.substring(start, end), null));
            }
        } catch (StreamConstraintsException | MismatchedInputException odd) {
            return ThoroughReading.values(text);
        } catch (IOException | RuntimeException notJson) {
            // The rest tells; Jackson has unchecked exceptions for some numbers.
        }
        return new Values(values, text.substring(Math.min(end, text.length())).strip());
    }

    /// The text of an object without one of its fields, and otherwise to the letter.
    ///
    /// @param object the text of one JSON object
    static String without(String field, String object) {
        StringBuilder kept = new StringBuilder(object.length());
        int from = 0;
        try (JsonParser parser = ThoroughReading.FACTORY.createParser(object)) {
            parser.nextToken();
            int before = (int) parser.currentLocation().getCharOffset();
            boolean isFirst = true;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean isWanted = field.equals(parser.currentName());
                parser.nextToken();
                parser.skipChildren();
                parser.finishToken();
                int end = (int) parser.currentLocation().getCharOffset();
                if (isWanted) {
                    kept.append(object, from, before);
                    from = isFirst ? afterComma(object, end) : end;
                    before = from;
                } else {
                    before = end;
                    isFirst = false;
                }
            }
        } catch (IOException impossible) {
            throw new IllegalStateException("An object that was read before", impossible);
        }
        return from == 0 ? object : kept.append(object, from, object.length()).toString();
    }

    /// Behind the comma that follows, if one does.
    private static int afterComma(String object, int end) {
        int at = end;
        while (Character.isWhitespace(object.charAt(at))) {
            at++;
        }
        return object.charAt(at) == ',' ? at + 1 : end;
    }

    static String written(JsonNode node) {
        try {
            return ASCII.writeValueAsString(node);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("A tree of JSON nodes is always writable", impossible);
        }
    }

    /// A count; zero for what is none, and never too large to be added up.
    static long count(JsonNode node) {
        if (!node.isNumber()) {
            return 0;
        }
        double value = node.doubleValue();
        return node.canConvertToLong() && value < 1e15 ? Math.max(0, node.longValue()) : 0;
    }
}
