package io.penstock.llm;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ContainerNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The reading of JSON that is odd, slower than [ProviderJson] reads the usual: it knows which
/// field is there twice, how to go on where values are nested too deep, and what was said before a
/// text was cut off. Not thread-safe.
final class ThoroughReading {

    /// For texts that are read before they are known to be sound; nothing here recurses.
    static final JsonFactory FACTORY =
            JsonFactory.builder()
                    .recyclerPool(JsonRecyclerPools.sharedBoundedPool())
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxStringLength(Integer.MAX_VALUE)
                                    .maxNumberLength(ProviderJson.NUMBER_MAX)
                                    .maxNestingDepth(Integer.MAX_VALUE)
                                    .build())
                    .build();

    /// An escape that was cut off.
    private static final Pattern CUT_ESCAPE = Pattern.compile("\\\\(u[0-9a-fA-F]{0,3})?$");

    /// A value that has begun; its name is the field that is read now.
    private static final class Level {

        private final ContainerNode<?> node;
        private String name = "";

        Level(ContainerNode<?> node) {
            this.node = node;
        }
    }

    private record Twice(String name, JsonNode before, JsonNode after) {}

    private final List<Level> open = new ArrayList<>();
    private final List<Twice> twice = new ArrayList<>();
    private @Nullable JsonNode root;

    private ThoroughReading() {}

    /// As [ProviderJson#values], but that values nested deeper than [ProviderJson#DEPTH] are null
    /// in the tree. In the text they are as they came.
    static ProviderJson.Values values(String text) {
        List<ProviderJson.Value> values = new ArrayList<>(1);
        int end = 0;
        try (JsonParser parser = FACTORY.createParser(text)) {
            while (parser.nextToken() != null) {
                int start = (int) parser.currentTokenLocation().getCharOffset();
                ThoroughReading reading = new ThoroughReading();
                reading.run(parser);
                end = (int) parser.currentLocation().getCharOffset();
                values.add(
                        new ProviderJson.Value(
                                Objects.requireNonNull(reading.root),
                                text.substring(start, end),
                                reading.contradiction()));
            }
        } catch (IOException | RuntimeException notJson) {
            // The rest tells.
        }
        return new ProviderJson.Values(
                values, text.substring(Math.min(end, text.length())).strip());
    }

    /// As much as a text says before it breaks off.
    ///
    /// @return null where it says nothing
    static @Nullable JsonNode beginning(String text) {
        ThoroughReading reading = new ThoroughReading();
        // Ends a string; elsewhere it breaks the text where it breaks off anyway.
        String ended = CUT_ESCAPE.matcher(text).replaceFirst("") + '"';
        try (JsonParser parser = FACTORY.createParser(ended)) {
            if (parser.nextToken() != null) {
                reading.run(parser);
            }
        } catch (IOException | RuntimeException cut) {
            // What was read before counts.
        }
        return reading.root;
    }

    /// Reads the value whose first token the parser is at, to its end.
    private void run(JsonParser in) throws IOException {
        do {
            JsonToken token = in.currentToken();
            if (token == JsonToken.FIELD_NAME) {
                open.getLast().name = in.currentName();
            } else if (token.isStructEnd()) {
                open.removeLast();
            } else if (!token.isStructStart()) {
                add(ProviderJson.JSON.readTree(in));
            } else if (open.size() == ProviderJson.DEPTH) {
                in.skipChildren();
                add(NullNode.getInstance());
            } else {
                ContainerNode<?> begun =
                        token == JsonToken.START_ARRAY
                                ? ProviderJson.JSON.createArrayNode()
                                : ProviderJson.JSON.createObjectNode();
                add(begun);
                open.add(new Level(begun));
            }
        } while (!open.isEmpty() && in.nextToken() != null);
        if (!open.isEmpty()) {
            throw new IOException("The text ends within a value");
        }
    }

    private void add(JsonNode value) {
        if (open.isEmpty()) {
            root = value;
            return;
        }
        Level level = open.getLast();
        if (level.node instanceof ArrayNode array) {
            array.add(value);
        } else if (level.node instanceof ObjectNode object) {
            JsonNode before = object.replace(level.name, value);
            if (before != null) {
                twice.add(new Twice(level.name, before, value));
            }
        }
    }

    /// The first field that is there twice with different values.
    private @Nullable String contradiction() {
        for (Twice field : twice) {
            if (!field.before.equals(field.after)) {
                return field.name;
            }
        }
        return null;
    }
}
