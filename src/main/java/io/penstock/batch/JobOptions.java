package io.penstock.batch;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.store.Job;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The options of a job: those of all its items, and those of the job as a whole.
///
/// Short ones are kept in the job's document. Long ones, such as a text that all items begin with,
/// are a payload, since the document is read often and engines bound it; what concerns the job as a
/// whole is in the document in any case.
///
/// @param json all of them, as they are stored
/// @param priority how its calls stand to those of other jobs
/// @param maxCost what it may cost, in the currency of the configured prices
public record JobOptions(ObjectNode json, Priority priority, @Nullable BigDecimal maxCost) {

    /// Characters of what is kept in the document.
    private static final int IN_DOCUMENT_MAX = 4096;

    /// Characters of all options: every worker has them in memory, and every request to the
    /// provider repeats them.
    static final int MAX = 1 << 20;

    private static final String TASK = "task";
    private static final String FILE = "options.json";

    /// Says in the document that the options are in the file.
    private static final String IN_FILE = "in_file";

    /// The names of the options.
    public static final Set<String> NAMES = Set.of("priority", "max_cost", "pipeline", TASK);

    /// How many calls of a job start for one of a job with low priority.
    enum Priority {
        LOW(1),
        NORMAL(2),
        HIGH(6);

        private final int weight;

        Priority(int weight) {
            this.weight = weight;
        }
    }

    int weight() {
        return priority.weight;
    }

    /// Keeps the options of a job that is to be made.
    ///
    /// @return what its document says of them
    static String keep(ObjectNode options, String area, Payloads payloads) {
        String whole = options.toString();
        if (whole.length() <= IN_DOCUMENT_MAX) {
            return whole;
        }
        payloads.put(key(area), whole.getBytes(StandardCharsets.UTF_8));
        ObjectNode brief = Fields.JSON.createObjectNode().put(IN_FILE, true);
        for (String name : List.of("priority", "max_cost")) {
            if (options.has(name)) {
                brief.set(name, options.get(name));
            }
        }
        if (options.hasNonNull("pipeline")) {
            brief.putObject("pipeline").set("name", options.get("pipeline").path("name"));
        }
        return brief.toString();
    }

    /// Copies the stored options of a job into the area to which it moves.
    static void follow(Job job, String area, Payloads payloads) {
        if (!area.equals(job.area()) && inDocument(job).has(IN_FILE)) {
            payloads.put(key(area), payloads.read(key(job.area())));
        }
    }

    /// Removes the stored options of a job that was not made after all, or has moved to another
    /// area.
    static void forget(Job job, Payloads payloads) {
        if (inDocument(job).has(IN_FILE)) {
            payloads.discard(job.prefix());
        }
    }

    /// Reads the options of a stored job.
    static JobOptions of(Job job, Payloads payloads) {
        ObjectNode kept = inDocument(job);
        if (!kept.has(IN_FILE)) {
            return of(kept);
        }
        ObjectNode whole =
                parse(job, new String(payloads.read(key(job.area())), StandardCharsets.UTF_8));
        if (kept.has("max_cost")) {
            whole.set("max_cost", kept.get("max_cost"));
        }
        return of(whole);
    }

    /// What a job's document says of its options with another bound of the cost.
    static String costing(Job job, BigDecimal most) {
        return inDocument(job).put("max_cost", most).toString();
    }

    private static String key(String area) {
        return "jobs/" + area + "/" + FILE;
    }

    private static ObjectNode inDocument(Job job) {
        return parse(job, job.options());
    }

    private static ObjectNode parse(Job job, String options) {
        try {
            return (ObjectNode) Fields.JSON.readTree(options);
        } catch (JsonProcessingException damaged) {
            throw damaged(job, damaged);
        }
    }

    static JobOptions of(ObjectNode options) {
        JsonNode most = options.path("max_cost");
        return new JobOptions(
                options,
                switch (options.path("priority").asText("normal")) {
                    case "low" -> Priority.LOW;
                    case "high" -> Priority.HIGH;
                    default -> Priority.NORMAL;
                },
                most.isNumber() ? most.decimalValue() : null);
    }

    /// The pipeline that the items go through, as the job has kept it; null for none.
    @Nullable JsonNode pipeline() {
        return json.get("pipeline");
    }

    /// The name of the task that the items are rows of; null for none.
    @Nullable String task() {
        return json.path(TASK).textValue();
    }

    /// The name of the pipeline that a job's items go through; null for none. Reads no more of the
    /// options than it has to: a kept pipeline is long, and a list of jobs asks for many.
    public static @Nullable String pipelineName(Job job) {
        try (JsonParser options = Fields.JSON.createParser(job.options())) {
            return options.nextToken() == JsonToken.START_OBJECT
                            && isAt("pipeline", options)
                            && options.currentToken() == JsonToken.START_OBJECT
                            && isAt("name", options)
                    ? options.getValueAsString()
                    : null;
        } catch (IOException damaged) {
            throw damaged(job, damaged);
        }
    }

    /// The name of the task that a job's items are rows of; null for none.
    public static @Nullable String taskName(Job job) {
        try (JsonParser options = Fields.JSON.createParser(job.options())) {
            return options.nextToken() == JsonToken.START_OBJECT && isAt(TASK, options)
                    ? options.getValueAsString()
                    : null;
        } catch (IOException damaged) {
            throw damaged(job, damaged);
        }
    }

    /// Goes to the value of a field of the object that has just begun.
    private static boolean isAt(String name, JsonParser object) throws IOException {
        for (String field = object.nextFieldName(); field != null; field = object.nextFieldName()) {
            object.nextToken();
            if (field.equals(name)) {
                return true;
            }
            object.skipChildren();
        }
        return false;
    }

    private static StoreException damaged(Job job, IOException why) {
        return new StoreException("The options of job " + job.id() + " are not JSON", why);
    }

    /// Checks options that were sent.
    ///
    /// @throws InvalidRequest that names the field
    static void check(Fields options, boolean pricesAreKnown) {
        String priority = options.text("priority");
        if (priority != null && !Set.of("low", "normal", "high").contains(priority)) {
            throw InvalidRequest.about("priority", "out_of_range", "must be low, normal or high.");
        }
        Double most = options.number("max_cost", 0, 1e9);
        if (most != null && !pricesAreKnown) {
            throw InvalidRequest.about(
                    "max_cost",
                    "out_of_range",
                    "cannot be kept: no model has a price (penstock.llm.prices).");
        }
    }
}
