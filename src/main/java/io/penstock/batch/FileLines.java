package io.penstock.batch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The lines of a file that OpenAI's batch API was given: all of them are looked at, so that its
/// owner learns of more than the first mistake.
///
/// @param model the one that all lines name; null when they differ
/// @param errors OpenAI's list of `{"code","message","param","line"}`, as JSON; null when there is
///   nothing wrong
/// @param first what is wrong first, in one sentence
record FileLines(@Nullable String model, @Nullable String errors, @Nullable String first) {

    /// Mistakes that are told at most.
    private static final int ERRORS_MAX = 100;

    /// Characters of what is told of them at most: it is kept with the job.
    private static final int TOLD_MAX = 32_768;

    /// Takes in the lines; when something is wrong with one, what was taken in is of no use.
    static FileLines read(InputStream in, ItemReader items, Intake intake) throws IOException {
        Lines lines = new Lines(in, Lines.PROMPT_MAX);
        ArrayNode errors = Fields.JSON.createArrayNode();
        String model = null;
        boolean oneModel = true;
        long count = 0;
        int told = 0;
        try {
            for (byte[] line = lines.next();
                    line != null && errors.size() < ERRORS_MAX && told < TOLD_MAX;
                    line = lines.next()) {
                if (Lines.isBlank(line)) {
                    continue;
                }
                try {
                    Item item = items.readLine(line);
                    oneModel &= count++ == 0 || Objects.equals(model, item.prompt().model());
                    model = item.prompt().model();
                    intake.add(item, line);
                } catch (InvalidRequest invalid) {
                    told += add(errors, invalid, lines.number());
                    if (invalid.code().equals("too_many_items")) {
                        break;
                    }
                }
            }
        } catch (Lines.TooLong tooLong) {
            add(
                    errors,
                    InvalidRequest.of(null, "prompt_too_long", tooLong.text()),
                    lines.number() + 1);
        }
        return errors.isEmpty()
                ? new FileLines(oneModel ? model : null, null, null)
                : failed(errors);
    }

    /// What is wrong with a file as a whole.
    static FileLines wrong(String code, String message) {
        ArrayNode errors = Fields.JSON.createArrayNode();
        errors.addObject()
                .put("code", code)
                .put("message", message)
                .putNull("param")
                .putNull("line");
        return failed(errors);
    }

    private static FileLines failed(ArrayNode errors) {
        JsonNode line = errors.path(0).path("line");
        String message = errors.path(0).path("message").asText();
        return new FileLines(
                null,
                errors.toString(),
                line.isNull() ? message : "Line " + line.asLong() + ": " + message);
    }

    /// @return the characters of the error that was added
    private static int add(ArrayNode errors, InvalidRequest invalid, long line) {
        return errors.addObject()
                .put(
                        "code",
                        invalid.code().equals("invalid_json")
                                ? "invalid_json_line"
                                : invalid.code())
                .put("message", invalid.text("The line"))
                .put("param", invalid.param())
                .put("line", line)
                .toString()
                .length();
    }
}
