package io.penstock.access;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.store.Grant;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What an operator asks for with a new key, by HTTP or on the command line. Immutable.
///
/// @param endsAt null for a key that does not end by itself
public record KeyRequest(
        String name, Grant grant, boolean seesOthers, boolean admin, @Nullable Instant endsAt) {

    private static final Set<String> FIELDS =
            Set.of(
                    "name",
                    "models",
                    "requests_per_minute",
                    "tokens_per_minute",
                    "calls_at_once",
                    "spend_per_day",
                    "spend_per_month",
                    "sees_others",
                    "admin",
                    "ends_at");

    private static final int NAME_MAX = 64;
    private static final int MODELS_MAX = 100;
    private static final long COUNT_MAX = 1_000_000_000_000L;
    private static final double SPEND_MAX = 1e9;

    /// @throws InvalidRequest that names the first field that is not as it should be
    public static KeyRequest of(Fields fields) {
        fields.only(FIELDS);
        String name = fields.requiredText("name").strip();
        // It goes into headers of answers, metrics and the log.
        if (!name.matches("[ -~]{1," + NAME_MAX + "}")) {
            throw InvalidRequest.about(
                    "name",
                    "out_of_range",
                    "must have from 1 to " + NAME_MAX + " characters of ASCII.");
        }
        return new KeyRequest(
                name,
                new Grant(
                        models(fields),
                        fields.integer("requests_per_minute", 1, COUNT_MAX),
                        fields.integer("tokens_per_minute", 1, COUNT_MAX),
                        fields.integer("calls_at_once", 1, COUNT_MAX),
                        amount(fields, "spend_per_day"),
                        amount(fields, "spend_per_month")),
                Boolean.TRUE.equals(fields.flag("sees_others")),
                Boolean.TRUE.equals(fields.flag("admin")),
                endsAt(fields));
    }

    private static List<String> models(Fields fields) {
        ArrayNode array = fields.array("models");
        List<String> models = new ArrayList<>();
        if (array != null) {
            for (JsonNode one : array) {
                int star = one.asText().indexOf('*');
                if (!one.isTextual()
                        || one.asText().isBlank()
                        || (star >= 0 && star < one.asText().length() - 1)) {
                    throw InvalidRequest.about(
                            "models",
                            "out_of_range",
                            "must be names of models, or beginnings of names with a * after"
                                    + " them, such as gpt-4o*.");
                }
                models.add(one.asText());
            }
        }
        if (models.size() > MODELS_MAX) {
            throw InvalidRequest.about(
                    "models",
                    "out_of_range",
                    "may have " + MODELS_MAX + " entries; use beginnings with a *.");
        }
        return models;
    }

    private static @Nullable BigDecimal amount(Fields fields, String name) {
        Double amount = fields.number(name, 0, SPEND_MAX);
        return amount == null ? null : fields.json().get(name).decimalValue();
    }

    private static @Nullable Instant endsAt(Fields fields) {
        String text = fields.text("ends_at");
        try {
            return text == null ? null : Instant.parse(text);
        } catch (DateTimeParseException noTime) {
            throw InvalidRequest.about(
                    "ends_at", "out_of_range", "must be a moment such as 2027-01-31T00:00:00Z.");
        }
    }
}
