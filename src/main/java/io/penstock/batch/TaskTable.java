package io.penstock.batch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.tasks.TaskMethod;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/// Reads the rows of a task from comma-separated values, whose first line names the parameters, and
/// `id` or `custom_id` where the task has no such parameter. Not thread-safe.
final class TaskTable {

    private final TaskMethod task;
    private final Csv csv;

    TaskTable(TaskMethod task, Csv csv) {
        this.task = task;
        this.csv = csv;
    }

    /// @param rows takes each as the line of JSON that it stands for
    /// @throws InvalidRequest that names the line
    static void read(InputStream in, char separator, TaskMethod task, Consumer<byte[]> rows)
            throws IOException {
        try (Csv csv = new Csv(in, separator)) {
            try {
                new TaskTable(task, csv).read(rows);
            } catch (InvalidRequest invalid) {
                throw invalid.atLine(csv.line());
            }
        }
    }

    private void read(Consumer<byte[]> rows) throws IOException {
        List<String> header = csv.next();
        if (header == null) {
            return;
        }
        List<String> columns = header.stream().map(String::strip).toList();
        check(columns);
        for (List<String> row = csv.next(); row != null; row = csv.next()) {
            rows.accept(row(columns, row).toString().getBytes(StandardCharsets.UTF_8));
        }
    }

    private void check(List<String> columns) {
        Set<String> arguments = new HashSet<>();
        for (String column : columns) {
            if (!arguments.add(column)) {
                throw InvalidRequest.about(
                        column, "duplicate_field", "names two columns; leave one of them out.");
            }
        }
        TaskRows.IDS.stream().filter(id -> !task.takes(id)).forEach(arguments::remove);
        task.checkNames(arguments);
    }

    private ObjectNode row(List<String> columns, List<String> cells) {
        if (cells.size() != columns.size()) {
            throw InvalidRequest.about(
                    null,
                    "wrong_length",
                    "has "
                            + cells.size()
                            + " fields, and the first line names "
                            + columns.size()
                            + "; put a field that holds a separator into quotation marks.");
        }
        ObjectNode row = Fields.JSON.createObjectNode();
        for (int i = 0; i < cells.size(); i++) {
            String column = columns.get(i);
            String cell = cells.get(i);
            if (task.takes(column)) {
                JsonNode value = task.cell(column, cell);
                if (!value.isMissingNode()) {
                    row.set(column, value);
                }
            } else if (!cell.isBlank()) {
                row.put(column, cell);
            }
        }
        return row;
    }
}
