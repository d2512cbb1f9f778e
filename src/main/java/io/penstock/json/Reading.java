package io.penstock.json;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BigIntegerNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.ContainerNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The reading of one JSON value into a tree, one value after the other. It knows at every moment
/// what is being read, so that the path is only put into words for a refusal.
final class Reading {

    /// Characters of a number at most.
    static final int NUMBER_MAX = 1_000;

    /// Far beyond what any reader of numbers holds, and near enough that none is slow with it.
    private static final int EXPONENT_MAX = 9_999;

    /// An object or array that has begun.
    private static final class Level {

        private final ContainerNode<?> node;

        /// The field whose value is being read.
        private @Nullable String name;

        Level(ContainerNode<?> node) {
            this.node = node;
        }
    }

    private final JsonParser in;
    private final List<Level> open = new ArrayList<>();
    private JsonNode root = MissingNode.getInstance();

    private Reading(JsonParser in) {
        this.in = in;
    }

    /// @throws InvalidRequest for whatever is not one value that can be used
    static JsonNode whole(JsonParser parser) throws IOException {
        try (parser) {
            Reading reading = new Reading(parser);
            try {
                reading.run();
                return reading.root;
            } catch (InvalidRequest said) {
                throw said;
            } catch (StreamConstraintsException beyond) {
                throw reading.beyondLimits();
            } catch (JsonProcessingException malformed) {
                JsonLocation at = malformed.getLocation();
                throw reading.isOver() && at != null ? trailing(at) : malformed(at);
            } catch (IOException | RuntimeException unforeseen) {
                throw malformed(parser.currentLocation());
            }
        }
    }

    private void run() throws IOException {
        for (JsonToken token = in.nextToken(); token != null; token = in.nextToken()) {
            if (isOver()) {
                throw trailing(in.currentTokenLocation());
            }
            if (token == JsonToken.FIELD_NAME) {
                begin(in.currentName());
            } else if (token.isStructEnd()) {
                open.removeLast();
                ended();
            } else {
                JsonNode value = value(token);
                add(value);
                if (value instanceof ContainerNode<?> container) {
                    open.add(new Level(container));
                } else {
                    ended();
                }
            }
        }
    }

    private boolean isOver() {
        return open.isEmpty() && !root.isMissingNode();
    }

    private void begin(String name) {
        Level level = open.getLast();
        if (Unicode.firstLoneSurrogate(name) >= 0) {
            throw refusal("invalid_json", "has a field whose name has half of a surrogate pair");
        }
        level.name = name;
        if (level.node.has(name)) {
            throw refusal("duplicate_field", "is there twice; send it once");
        }
    }

    private void add(JsonNode value) {
        if (open.isEmpty()) {
            root = value;
            return;
        }
        Level level = open.getLast();
        switch (level.node) {
            case ArrayNode array -> array.add(value);
            case ObjectNode object -> object.set(Objects.requireNonNull(level.name), value);
            default -> throw new IllegalStateException("Neither an object nor an array");
        }
    }

    private void ended() {
        if (!open.isEmpty()) {
            open.getLast().name = null;
        }
    }

    private JsonNode value(JsonToken token) throws IOException {
        return switch (token) {
            case START_OBJECT -> Json.MAPPER.createObjectNode();
            case START_ARRAY -> Json.MAPPER.createArrayNode();
            case VALUE_STRING -> text(in.getText());
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(in.getText(), token);
            case VALUE_TRUE -> BooleanNode.TRUE;
            case VALUE_FALSE -> BooleanNode.FALSE;
            case VALUE_NULL -> NullNode.getInstance();
            default -> throw new IllegalStateException("No JSON has " + token);
        };
    }

    private JsonNode text(String text) {
        int at = Unicode.firstLoneSurrogate(text);
        if (at >= 0) {
            throw refusal(
                    "invalid_json",
                    "has half of a surrogate pair at character "
                            + (at + 1)
                            + ", which is no character; send both halves or neither");
        }
        return TextNode.valueOf(text);
    }

    private JsonNode number(String written, JsonToken token) throws IOException {
        int e = Math.max(written.indexOf('e'), written.indexOf('E'));
        if (written.length() > NUMBER_MAX
                || (e >= 0
                        && Math.abs(Double.parseDouble(written.substring(e + 1))) > EXPONENT_MAX)) {
            throw beyond();
        }
        if (token == JsonToken.VALUE_NUMBER_FLOAT) {
            return DecimalNode.valueOf(new BigDecimal(written));
        }
        return switch (in.getNumberType()) {
            case INT -> IntNode.valueOf(in.getIntValue());
            case LONG -> LongNode.valueOf(in.getLongValue());
            default -> BigIntegerNode.valueOf(in.getBigIntegerValue());
        };
    }

    /// The parser reads a number along with its field's name, before anybody has begun the field.
    private InvalidRequest beyondLimits() throws IOException {
        Level level = open.isEmpty() ? null : open.getLast();
        if (level != null && level.name == null && in.currentToken() == JsonToken.FIELD_NAME) {
            level.name = in.currentName();
        }
        return beyond();
    }

    private InvalidRequest beyond() {
        return refusal(
                "out_of_range",
                "has a number, a name, or a nesting beyond what is read; see"
                        + at(in.currentLocation())
                        + ": numbers have up to "
                        + NUMBER_MAX
                        + " digits and an exponent of up to "
                        + EXPONENT_MAX
                        + ", values are up to "
                        + Json.NESTING_MAX
                        + " deep");
    }

    private static InvalidRequest trailing(JsonLocation location) {
        return InvalidRequest.about(
                null,
                "invalid_json",
                "has something after its JSON value: see" + at(location) + ".");
    }

    static InvalidRequest malformed(@Nullable JsonLocation location) {
        return InvalidRequest.about(
                null,
                "invalid_json",
                location == null
                        ? "is not valid JSON."
                        : "is not valid JSON: see" + at(location) + ".");
    }

    private static String at(JsonLocation location) {
        return " line " + location.getLineNr() + ", column " + location.getColumnNr();
    }

    private InvalidRequest refusal(String code, String fault) {
        String path = path();
        return InvalidRequest.about(path.isEmpty() ? null : path, code, fault + ".");
    }

    /// What is being read, such as `messages[2].content`; of a long path its beginning and its end,
    /// which say where to look.
    private String path() {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < open.size(); i++) {
            Level level = open.get(i);
            if (level.node instanceof ArrayNode array) {
                // A value that has begun is in it already.
                path.append('[').append(array.size() - (i + 1 < open.size() ? 1 : 0)).append(']');
            } else if (level.name != null) {
                path.append(path.isEmpty() ? "" : ".").append(Fields.bounded(level.name));
            }
        }
        return path.length() <= PATH_MAX
                ? path.toString()
                : Unicode.beginning(path, PATH_MAX / 2) + "…" + Unicode.ending(path, PATH_MAX / 2);
    }

    private static final int PATH_MAX = 160;
}
