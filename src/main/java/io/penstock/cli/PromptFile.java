package io.penstock.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.batch.Csv;
import io.penstock.batch.Estimate;
import io.penstock.batch.Intake;
import io.penstock.batch.Item;
import io.penstock.batch.ItemReader;
import io.penstock.batch.Sha256;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The file of prompts. It is read line by line, so that it may be larger than memory.
///
/// @param name as the user wrote it
/// @param prompt of a row; null where each line is an item already, or a row of a task
/// @param isOfTask whether a table has rows of a task in it
record PromptFile(
        String name, Path path, Format form, @Nullable RowPrompt prompt, boolean isOfTask) {

    /// The name of a whole line of text in a template.
    private static final String LINE = "line";

    private static final String CUSTOM_ID = "custom_id";

    /// How prompts are written.
    enum Format {
        JSONL,
        CSV,
        TSV,
        TEXT;

        private static Format of(String name) {
            String lower = name.toLowerCase(Locale.ROOT);
            if (lower.endsWith(".csv")) {
                return CSV;
            } else if (lower.endsWith(".tsv")) {
                return TSV;
            }
            return lower.endsWith(".txt") || lower.endsWith(".text") || lower.endsWith(".md")
                    ? TEXT
                    : JSONL;
        }
    }

    /// The input of a run. Standard input is read to its end first, into the directory of the run.
    static PromptFile of(RunCommand command) throws IOException {
        Path path = Path.of(command.input);
        String name = command.input;
        Format form = command.format;
        if (command.isStandardInput()) {
            name = "Standard input";
            path = command.directory().resolve("standard-input");
            if (command.dryRun) {
                path = Files.createTempFile("penstock", ".txt");
                path.toFile().deleteOnExit();
            }
            Files.copy(System.in, path, StandardCopyOption.REPLACE_EXISTING);
        }
        if (form == null) {
            form = command.isStandardInput() ? guessed(path) : Format.of(command.input);
        }
        return new PromptFile(name, path, form, prompt(command, form), command.task != null);
    }

    /// Objects are JSON Lines, all else is text.
    private static Format guessed(Path path) throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            int first = in.read();
            while (first >= 0 && Character.isWhitespace(first)) {
                first = in.read();
            }
            return first == '{' ? Format.JSONL : Format.TEXT;
        }
    }

    private static @Nullable RowPrompt prompt(RunCommand command, Format form) {
        if (command.task != null) {
            if (command.prompt != null || command.column != null || form == Format.TEXT) {
                throw new CannotBegin(
                        "--task takes CSV or TSV whose columns are its arguments, or JSON Lines, without"
                                + " --prompt and --column.");
            }
            return null;
        }
        if (command.prompt != null && command.column != null) {
            throw new CannotBegin(
                    "--prompt and --column do not go together; name the column in the template.");
        } else if (command.prompt != null) {
            return new RowPrompt(command.prompt);
        } else if (command.column != null) {
            return RowPrompt.of(command.column);
        }
        return switch (form) {
            case JSONL -> null;
            case CSV, TSV -> RowPrompt.of("prompt");
            case TEXT -> RowPrompt.of(LINE);
        };
    }

    /// What tells this input from any other.
    String digest() throws IOException {
        MessageDigest digest = Sha256.begin();
        try (InputStream in = new DigestInputStream(Files.newInputStream(path), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return Sha256.end(digest);
    }

    /// Takes in all items.
    ///
    /// @throws CannotBegin that names the first line that is none
    void takeIn(ItemReader items, ObjectNode options, Intake intake) throws IOException {
        if (form == Format.JSONL && prompt == null) {
            itemLines(items, options, intake);
        } else {
            takeIn(new Rows(items, options, intake::add));
        }
    }

    private void takeIn(Rows rows) throws IOException {
        if (isTable() && isOfTask) {
            taskRows(rows);
        } else if (isTable()) {
            records(rows, prompt == null ? RowPrompt.of("prompt") : prompt);
        } else {
            lines(rows);
        }
    }

    private boolean isTable() {
        return form == Format.CSV || form == Format.TSV;
    }

    private char separator() {
        return form == Format.TSV ? '\t' : ',';
    }

    private void taskRows(Rows rows) throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            rows.items.readTable(in, separator(), rows.options, _ -> {}, rows.taker::take);
        } catch (InvalidRequest invalid) {
            rows.taker.refuse(new CannotBegin(name + ": " + invalid.text()));
        }
    }

    /// Looks at all items, and at what is none.
    void estimate(ItemReader items, ObjectNode options, Estimate estimate) throws IOException {
        Rows rows =
                new Rows(
                        items,
                        options,
                        new Taker() {
                            @Override
                            public void take(Item item, byte[] line) {
                                estimate.add(item);
                            }

                            @Override
                            public void refuse(CannotBegin why) {
                                estimate.unusable(String.valueOf(why.getMessage()));
                            }
                        });
        takeIn(rows);
    }

    private void itemLines(ItemReader items, ObjectNode options, Intake intake) throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            items.readLines(in, options, intake);
        } catch (InvalidRequest invalid) {
            throw new CannotBegin(name + ": " + invalid.text());
        }
    }

    private void lines(Rows rows) throws IOException {
        try (BufferedReader in = Files.newBufferedReader(path)) {
            long number = 0;
            for (String read = in.readLine(); read != null; read = in.readLine()) {
                String line = read;
                number++;
                if (line.isBlank()) {
                    continue;
                }
                if (prompt == null) {
                    rows.addItem(number, line);
                } else if (form == Format.TEXT) {
                    rows.add(number, prompt, field -> field.equals(LINE) ? line : null);
                } else {
                    rows.add(number, prompt, fields(line));
                }
            }
        }
    }

    /// The fields of an object, which is read when the first is asked for.
    private static Function<String, @Nullable String> fields(String line) {
        return field -> {
            JsonNode value = Fields.of(line).json().path(field);
            return value.isMissingNode() || value.isNull()
                    ? null
                    : value.isValueNode() ? value.asText() : value.toString();
        };
    }

    private void records(Rows rows, RowPrompt template) throws IOException {
        try (Csv csv = new Csv(Files.newInputStream(path), separator())) {
            try {
                records(rows, template, csv);
            } catch (InvalidRequest malformed) {
                throw new CannotBegin(name + ": " + malformed.atLine(csv.line()).text());
            }
        }
    }

    private void records(Rows rows, RowPrompt template, Csv csv) throws IOException {
        List<String> header = csv.next();
        if (header == null) {
            return;
        }
        List<String> columns = header.stream().map(String::strip).toList();
        require(columns, template.names());
        for (List<String> row = csv.next(); row != null; row = csv.next()) {
            List<String> values = row;
            rows.add(
                    csv.line(),
                    template,
                    column -> {
                        int at = columns.indexOf(column);
                        return at < 0 ? null : at < values.size() ? values.get(at) : "";
                    });
        }
    }

    private void require(List<String> columns, Set<String> wanted) {
        for (String column : wanted) {
            if (!columns.contains(column)) {
                throw new CannotBegin(
                        name
                                + " has no column \""
                                + column
                                + "\", but "
                                + String.join(", ", columns)
                                + "; name one with --column, or several in --prompt \"… {"
                                + columns.getFirst()
                                + "}\".");
            }
        }
    }

    /// Takes items, and hears of what is none.
    private interface Taker {

        void take(Item item, byte[] line);

        default void refuse(CannotBegin why) {
            throw why;
        }
    }

    /// Makes an item of each row.
    private final class Rows {

        private final ItemReader items;
        private final ObjectNode options;
        private final Taker taker;

        Rows(ItemReader items, ObjectNode options, Taker taker) {
            this.items = items;
            this.options = options;
            this.taker = taker;
        }

        void addItem(long number, String line) {
            try {
                byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
                taker.take(items.read(bytes, options), bytes);
            } catch (InvalidRequest invalid) {
                taker.refuse(at(number, invalid.text("It")));
            }
        }

        void add(long number, RowPrompt template, Function<String, @Nullable String> values) {
            ObjectNode item = Fields.JSON.createObjectNode();
            try {
                String id = values.apply(CUSTOM_ID);
                if (id != null && !id.isBlank()) {
                    item.put(CUSTOM_ID, id);
                }
                item.put("prompt", template.of(values));
                taker.take(
                        items.read(Fields.of((JsonNode) item), options),
                        item.toString().getBytes(StandardCharsets.UTF_8));
            } catch (InvalidRequest invalid) {
                taker.refuse(at(number, invalid.text("It")));
            } catch (CannotBegin missing) {
                taker.refuse(at(number, missing.getMessage() + "."));
            }
        }

        private CannotBegin at(long number, String why) {
            return new CannotBegin(name + ": Line " + number + ": " + why);
        }
    }
}
