package io.penstock.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.batch.Intake;
import io.penstock.batch.Item;
import io.penstock.batch.ItemReader;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Reads the JSON bodies in which a batch is submitted: `{"prompts":[string…], …}`,
/// `{"items":[{"custom_id"?, "prompt", …}…], …}` or `{"input":"s3://bucket/key", …}`, each with the
/// options for all items. Thread-safe.
@ApplicationScoped
class BatchRequests {

    /// Of a number in a query.
    private static final int DIGITS_MAX = 18;

    private static final Set<String> FORMS = Set.of("prompts", "items", "input");

    private static final Set<String> FIELDS =
            Stream.concat(FORMS.stream(), ItemReader.SUBMITTED.stream())
                    .collect(Collectors.toUnmodifiableSet());

    /// What the query of JSON Lines may name.
    static final Set<String> IN_QUERY =
            ItemReader.SUBMITTED.stream()
                    .filter(name -> !name.equals("response_format"))
                    .collect(Collectors.toUnmodifiableSet());

    private final ItemReader items;

    BatchRequests(ItemReader items) {
        this.items = items;
    }

    /// The body's fields, one form and known options.
    Fields read(byte[] json) {
        Fields fields = Fields.of(json).only(FIELDS);
        List<String> forms = FORMS.stream().filter(fields::has).sorted().toList();
        if (forms.isEmpty()) {
            throw InvalidRequest.of(
                    "prompts",
                    "missing_field",
                    "\"prompts\", \"items\" or \"input\" is missing: say what the batch is to run.");
        }
        if (forms.size() > 1) {
            throw InvalidRequest.of(
                    forms.getLast(),
                    "unknown_field",
                    "\""
                            + String.join("\" and \"", forms)
                            + "\" do not go together; send one of them.");
        }
        return fields;
    }

    /// The options for all items, checked.
    ObjectNode options(Fields fields) {
        ObjectNode options = Fields.JSON.createObjectNode();
        for (String name : ItemReader.SUBMITTED) {
            if (fields.has(name)) {
                options.set(name, fields.json().get(name));
            }
        }
        items.check(options);
        return options;
    }

    /// The options for all items from the query of a request whose body is JSON Lines.
    ObjectNode options(Query query) {
        ObjectNode options = Fields.JSON.createObjectNode();
        query.options().forEach((name, value) -> put(options, name, value));
        items.check(options);
        return options;
    }

    /// What a job may cost from now on; null when the query does not say.
    static @Nullable BigDecimal maxCost(Query query) {
        String text = query.text("max_cost");
        if (text == null) {
            return null;
        }
        try {
            BigDecimal most = decimal("max_cost", text);
            if (most.signum() > 0) {
                return most;
            }
        } catch (NumberFormatException notANumber) {
            // Said below, in the same words as for a number that makes no sense.
        }
        throw InvalidRequest.about("max_cost", "out_of_range", "must be a number above zero.");
    }

    private static void put(ObjectNode options, String name, String value) {
        try {
            switch (name) {
                case "temperature", "max_cost" -> options.put(name, decimal(name, value));
                case "max_tokens", "timeout_ms" -> options.put(name, Long.parseLong(value));
                default -> options.put(name, value);
            }
        } catch (NumberFormatException notANumber) {
            throw InvalidRequest.about(name, "wrong_type", "must be a number.");
        }
    }

    /// A number that is as short when it is written out.
    private static BigDecimal decimal(String name, String text) {
        BigDecimal number = new BigDecimal(text);
        if (number.precision() > DIGITS_MAX || Math.abs(number.scale()) > DIGITS_MAX) {
            throw InvalidRequest.about(name, "out_of_range", "has more than 18 digits.");
        }
        return number;
    }

    /// Takes in items from JSON Lines.
    ///
    /// @param line counts the line that is being read against what all callers may send
    void takeIn(InputStream lines, ObjectNode options, Intake intake, Bodies.Hold line)
            throws IOException {
        items.readLines(lines, options, intake, line::resize);
    }

    /// Takes in the rows of a task from comma-separated values.
    void takeInTable(InputStream table, ObjectNode options, Intake intake, Bodies.Hold line)
            throws IOException {
        items.readTable(table, ',', options, line::resize, intake::add);
    }

    /// Takes in the items of the short form or of the form with items.
    void takeIn(Fields fields, ObjectNode options, Intake intake) {
        boolean isShort = fields.has("prompts");
        String form = isShort ? "prompts" : "items";
        ArrayNode array = fields.array(form);
        if (array == null) {
            return;
        }
        for (int i = 0; i < array.size(); i++) {
            JsonNode node = array.get(i);
            try {
                if (isShort) {
                    if (!node.isTextual()) {
                        throw InvalidRequest.of(
                                null,
                                "wrong_type",
                                "It is " + Fields.named(node) + "; it must be a string.");
                    }
                    node = Fields.JSON.createObjectNode().set("prompt", node);
                } else if (!node.isObject()) {
                    throw InvalidRequest.of(
                            null,
                            "wrong_type",
                            "It is " + Fields.named(node) + "; it must be an object.");
                }
                Item item = items.read(Fields.of(node), options);
                items.checkPrice(item, options);
                intake.add(item, node.toString().getBytes(StandardCharsets.UTF_8));
            } catch (InvalidRequest invalid) {
                String at = form + "[" + i + "]";
                throw InvalidRequest.of(
                        isShort || invalid.param() == null ? at : at + "." + invalid.param(),
                        invalid.code(),
                        at + ": " + invalid.text());
            }
        }
    }
}
