package io.penstock.batch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.llm.Prompt;
import io.penstock.tasks.TaskMethod;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads the rows of a batch that runs a task: `{"id"?,"args":{…}}`, or an object whose fields are
/// the arguments, with `id` or `custom_id` beside them where the task has no such argument.
final class TaskRows {

    private static final String ARGS = "args";
    static final List<String> IDS = List.of("custom_id", "id");
    private static final Set<String> WRAPPED = Set.of("custom_id", "id", ARGS);

    private TaskRows() {}

    /// @param limit of each row; null for the configured one
    /// @throws InvalidRequest that names the row's field
    static Item read(Fields fields, TaskMethod task, @Nullable Duration limit) {
        ObjectNode row = fields.json();
        boolean wrapped = row.has(ARGS) && !task.takes(ARGS);
        JsonNode arguments = wrapped ? fields.only(WRAPPED).object(ARGS) : row.deepCopy();
        String customId = null;
        for (String name : IDS) {
            if (row.has(name) && (wrapped || !task.takes(name))) {
                if (customId != null) {
                    throw InvalidRequest.about(
                            name, "unknown_field", "does not go with custom_id; leave one out.");
                }
                customId = ItemReader.customId(fields, name);
                if (!wrapped && arguments instanceof ObjectNode own) {
                    own.remove(name);
                }
            }
        }
        if (!(arguments instanceof ObjectNode given)) {
            throw InvalidRequest.of(ARGS, "missing_field", "\"args\" is missing.");
        }
        task.check(given, wrapped ? ARGS : "");
        return new Item(customId, Prompt.of(given.toString()), limit, given);
    }
}
