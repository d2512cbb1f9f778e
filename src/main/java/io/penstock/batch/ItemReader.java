package io.penstock.batch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.json.Json;
import io.penstock.llm.Prices;
import io.penstock.llm.PromptReader;
import io.penstock.pipeline.Pipelines;
import io.penstock.tasks.Tasks;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Reads items and the options that hold for all items of a job, the same when they are taken in
/// and when they are run. Thread-safe.
///
/// An item is `{"custom_id"?, "prompt", …}` with the fields of a prompt, or OpenAI's
/// `{"custom_id","method":"POST","url":"/v1/chat/completions","body":{…}}` (API reference, "The
/// request input object"). In a job with a pipeline, the prompt is the pipeline's input. In a job
/// with a task, an item is a row of it ([TaskRows]).
@ApplicationScoped
public class ItemReader {

    private static final Logger LOG = Logger.getLogger(ItemReader.class);

    /// The options that hold for all items that do not say otherwise.
    public static final Set<String> OPTIONS =
            PromptReader.FIELDS.stream()
                    .filter(name -> !name.equals("prompt"))
                    .collect(Collectors.toUnmodifiableSet());

    /// The options of a submission: those for all items, and those of the job.
    public static final Set<String> SUBMITTED =
            Stream.concat(OPTIONS.stream(), JobOptions.NAMES.stream())
                    .collect(Collectors.toUnmodifiableSet());

    private static final Set<String> FIELDS =
            Stream.concat(Stream.of("custom_id"), PromptReader.FIELDS.stream())
                    .collect(Collectors.toUnmodifiableSet());

    private static final String PIPELINE = "pipeline";
    private static final String TASK = "task";
    private static final String LIMIT = "timeout_ms";

    private static final List<String> LEFT_TO_PIPELINES =
            OPTIONS.stream().filter(name -> !name.equals(LIMIT)).sorted().toList();

    private static final List<String> LEFT_TO_TASKS =
            Stream.concat(Stream.of(PIPELINE), LEFT_TO_PIPELINES.stream()).toList();

    private static final Set<String> OPENAI_FIELDS = Set.of("custom_id", "method", "url", "body");
    private static final Set<String> CREDENTIALS =
            Set.of("api_key", "apikey", "authorization", "openai_api_key");

    /// The one endpoint whose requests batches run.
    public static final String CHAT = "/v1/chat/completions";

    private static final int CUSTOM_ID_MAX = 512;

    private final PromptReader prompts;
    private final Prices prices;
    private final Pipelines pipelines;
    private final Tasks tasks;

    ItemReader(PromptReader prompts, Prices prices, Pipelines pipelines, Tasks tasks) {
        this.prompts = prompts;
        this.prices = prices;
        this.pipelines = pipelines;
        this.tasks = tasks;
    }

    /// Checks a job's options.
    ///
    /// @throws InvalidRequest that names the field
    public void check(ObjectNode options) {
        Fields fields = Fields.of(options.deepCopy().put("prompt", "-"));
        JobOptions.check(fields, prices.areKnown());
        String pipeline = fields.text(PIPELINE);
        if (pipeline != null) {
            pipelines.named(pipeline).stages().forEach(stage -> checkPrice(stage.model(), options));
            leftToThePipeline(fields);
        }
        String task = fields.text(TASK);
        if (task != null) {
            tasks.named(task);
            leftToTheTask(fields);
        }
        prompts.read(fields);
        int length = options.toString().length();
        if (length > JobOptions.MAX) {
            throw InvalidRequest.of(
                    null,
                    "prompt_too_long",
                    "The options for all items have "
                            + length
                            + " characters; at most "
                            + JobOptions.MAX
                            + " are taken. Put what is long into the items.");
        }
    }

    /// @throws InvalidRequest that names the item's field
    public Item read(byte[] line, ObjectNode options) {
        return total(() -> item(Fields.of(line), options));
    }

    /// Takes in items from JSON Lines; blank lines are passed over.
    ///
    /// @throws InvalidRequest that names the line
    public void readLines(InputStream in, ObjectNode options, Intake intake) throws IOException {
        readLines(in, options, intake, _ -> {});
    }

    /// Takes in items from JSON Lines as they come from somebody who may be slow.
    ///
    /// @param room is told how many bytes of memory the line takes that is being read, and throws
    ///   when there is no room for them
    /// @throws InvalidRequest that names the line
    public void readLines(InputStream in, ObjectNode options, Intake intake, LongConsumer room)
            throws IOException {
        Lines lines = new Lines(in, Lines.PROMPT_MAX, room);
        try {
            for (byte[] line = lines.next(); line != null; line = lines.next()) {
                if (!Lines.isBlank(line)) {
                    room.accept(line.length + Json.treeBytes(line));
                    Item item = read(line, options);
                    checkPrice(item, options);
                    intake.add(item, line);
                }
            }
        } catch (Lines.TooLong tooLong) {
            throw InvalidRequest.of(null, "prompt_too_long", tooLong.text());
        } catch (InvalidRequest invalid) {
            throw invalid.atLine(lines.number());
        }
    }

    /// Checks that an item which is taken in has a price where its job's cost is bounded.
    ///
    /// @throws InvalidRequest that names the model
    public void checkPrice(Item item, ObjectNode options) {
        if (!options.hasNonNull(PIPELINE)) {
            checkPrice(item.prompt().model(), options);
        }
    }

    private void checkPrice(@Nullable String model, ObjectNode options) {
        String unpriced = options.hasNonNull("max_cost") ? prices.unpriced(model) : null;
        if (unpriced != null) {
            throw InvalidRequest.of(
                    null,
                    "out_of_range",
                    "max_cost cannot be kept: model \""
                            + unpriced
                            + "\" has no price. Set penstock.llm.prices.\""
                            + unpriced
                            + "\".input and .output, or leave max_cost out.");
        }
    }

    /// Takes in the rows of a task from comma-separated values, whose first line names its
    /// parameters.
    ///
    /// @param room told how many bytes a record may take before the first is read
    /// @param rows takes each, and the line of JSON that it is kept as
    /// @throws InvalidRequest that names the line
    public void readTable(
            InputStream in,
            char separator,
            ObjectNode options,
            LongConsumer room,
            BiConsumer<Item, byte[]> rows)
            throws IOException {
        room.accept(Csv.RECORD_MAX);
        String task = options.path(TASK).textValue();
        if (task == null) {
            throw InvalidRequest.about(
                    TASK,
                    "missing_field",
                    "is missing: say in the query whose rows these are, or send JSON Lines.");
        }
        TaskTable.read(
                in, separator, tasks.named(task), line -> rows.accept(read(line, options), line));
    }

    /// A line of a file for OpenAI's batch API, which has its form and no other.
    ///
    /// @throws InvalidRequest that names the line's field
    Item readLine(byte[] line) {
        return total(() ->
                readOpenAi(Fields.of(line).only(OPENAI_FIELDS), Fields.JSON.createObjectNode()));
    }

    /// @throws InvalidRequest that names the item's field
    public Item read(Fields fields, ObjectNode options) {
        return total(() -> item(fields, options));
    }

    /// Turns an unforeseen exception into a refusal of the one item: thrown on, it would end the
    /// whole batch, or keep it from ever ending.
    static Item total(Supplier<Item> reading) {
        try {
            return reading.get();
        } catch (InvalidRequest said) {
            throw said;
        } catch (RuntimeException | StackOverflowError unforeseen) {
            LOG.error("An item could not be read in a way that nobody foresaw", unforeseen);
            throw InvalidRequest.of(
                    null,
                    "unreadable_item",
                    "Penstock failed on this item while it read it; its log says why.");
        }
    }

    private Item item(Fields fields, ObjectNode options) {
        if (options.hasNonNull(TASK)) {
            JsonNode limit = options.path(LIMIT);
            return TaskRows.read(
                    fields,
                    tasks.named(options.path(TASK).asText()),
                    limit.isNumber() ? Duration.ofMillis(limit.longValue()) : null);
        }
        boolean inPipeline = options.hasNonNull(PIPELINE);
        if (fields.has("body") || fields.has("url") || fields.has("method")) {
            if (inPipeline) {
                throw InvalidRequest.of(
                        fields.has("body") ? "body" : null,
                        "unknown_field",
                        "A pipeline has messages and models of its own; send items of the form"
                                + " {\"custom_id\", \"prompt\"}, the prompt being its input.");
            }
            return readOpenAi(fields.only(OPENAI_FIELDS), options);
        }
        fields.only(FIELDS);
        String customId = customId(fields);
        ObjectNode merged = fields.json();
        if (inPipeline) {
            leftToThePipeline(fields);
            merged = Fields.JSON.createObjectNode().set(LIMIT, options.get(LIMIT));
            merged.setAll(fields.json());
        } else if (!options.isEmpty()) {
            merged = options.deepCopy();
            merged.setAll(fields.json());
        }
        PromptReader.Asked asked = prompts.read(Fields.of((JsonNode) merged));
        return new Item(customId, asked.prompt(), asked.limit());
    }

    private static void leftToTheTask(Fields fields) {
        for (String name : LEFT_TO_TASKS) {
            if (fields.has(name)) {
                throw InvalidRequest.about(
                        name,
                        "unknown_field",
                        "is no option of a batch that runs a task; leave it out.");
            }
        }
    }

    private static void leftToThePipeline(Fields fields) {
        for (String name : LEFT_TO_PIPELINES) {
            if (fields.has(name)) {
                throw InvalidRequest.about(
                        name,
                        "unknown_field",
                        "is the pipeline's to set for each stage; leave it out.");
            }
        }
    }

    private Item readOpenAi(Fields fields, ObjectNode options) {
        String customId = customId(fields);
        if (customId == null) {
            throw InvalidRequest.about("custom_id", "missing_field", "is missing.");
        }
        if (!"POST".equals(fields.requiredText("method"))) {
            throw InvalidRequest.about("method", "out_of_range", "must be POST.");
        }
        if (!CHAT.equals(fields.requiredText("url"))) {
            throw InvalidRequest.about("url", "out_of_range", "must be " + CHAT + ".");
        }
        if (!(fields.object("body") instanceof ObjectNode body)) {
            throw InvalidRequest.about("body", "missing_field", "is missing.");
        }
        checkOpenAi(body);
        if (!body.hasNonNull("model") && options.hasNonNull("model")) {
            body.set("model", options.get("model"));
        }
        try {
            return new Item(customId, prompts.whole(Fields.of((JsonNode) body)), null);
        } catch (InvalidRequest invalid) {
            throw invalid.within("body");
        }
    }

    private static void checkOpenAi(ObjectNode body) {
        if (body.path("stream").asBoolean()) {
            throw InvalidRequest.of(
                    "body.stream", "out_of_range", "A batch does not stream; leave it out.");
        }
        body.fieldNames()
                .forEachRemaining(name -> {
                    if (CREDENTIALS.contains(name.toLowerCase(Locale.ROOT))) {
                        throw InvalidRequest.of(
                                "body." + name,
                                "unknown_field",
                                "A batch holds no credentials; leave \"" + name + "\" out.");
                    }
                });
    }

    private static @Nullable String customId(Fields fields) {
        return customId(fields, "custom_id");
    }

    static @Nullable String customId(Fields fields, String name) {
        String customId = fields.text(name);
        if (customId != null && (customId.isBlank() || customId.length() > CUSTOM_ID_MAX)) {
            throw InvalidRequest.about(
                    name, "out_of_range", "must have from 1 to " + CUSTOM_ID_MAX + " characters.");
        }
        return customId;
    }
}
