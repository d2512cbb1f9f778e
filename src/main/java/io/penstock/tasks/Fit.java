package io.penstock.tasks;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.json.Json;
import io.penstock.tasks.Shape.Misfit;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Holds what a model has answered against what its task returns, before LangChain4j's parsers read
/// it: they take an object without half of its fields.
final class Fit {

    private Fit() {}

    /// What is wrong with an answer, in a sentence without anything of it; null for nothing.
    ///
    /// As the parsers do, it takes JSON out of what a model has put around it, and of a server that
    /// knows no schemas the value alone.
    static @Nullable String misfit(Signature signature, String text) {
        if (text.isBlank()) {
            return "it is empty.";
        }
        if (signature.isText()) {
            return null;
        }
        int from = text.indexOf('{');
        int to = text.lastIndexOf('}');
        if (from < 0 || to < from) {
            return plain(signature.result(), text.strip());
        }
        try {
            Misfit misfit = signature.answer().misfit(Json.read(text.substring(from, to + 1)));
            return misfit == null
                    ? null
                    : misfit.at().isEmpty()
                            ? "it " + misfit.sentence()
                            : "\"" + misfit.at() + "\" " + misfit.sentence();
        } catch (InvalidRequest broken) {
            return "it is no JSON.";
        }
    }

    private static @Nullable String plain(Shape shape, String text) {
        boolean fits =
                switch (shape) {
                    case Shape.OneOf(var names) ->
                            names.stream().anyMatch(name -> name.equalsIgnoreCase(text));
                    case Shape.Truth() ->
                            text.equalsIgnoreCase("true") || text.equalsIgnoreCase("false");
                    case Shape.Whole whole -> whole.misfit(number(text)) == null;
                    case Shape.Decimal decimal -> decimal.misfit(number(text)) == null;
                    case Shape.Sequence(Shape.Text()) -> true;
                    case Shape.Sequence(Shape of) ->
                            text.lines()
                                    .filter(line -> !line.isBlank())
                                    .allMatch(line -> plain(of, line.strip()) == null);
                    case Shape.Text _ -> true;
                    case Shape.Structure _ -> false;
                };
        return fits ? null : "it is not " + shape.words() + ".";
    }

    private static JsonNode number(String text) {
        try {
            return Json.read(text.toLowerCase(Locale.ROOT));
        } catch (InvalidRequest none) {
            return Fields.JSON.nullNode();
        }
    }
}
