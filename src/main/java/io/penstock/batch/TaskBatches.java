package io.penstock.batch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.json.Json;
import io.penstock.store.Job;
import io.penstock.store.StoreException;
import io.penstock.tasks.Tasks;
import jakarta.enterprise.context.ApplicationScoped;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Batches of a task's rows for the application's own code: inject it, submit rows, and take their
/// typed outcomes as they come. Thread-safe; all methods block and are meant for virtual threads.
@ApplicationScoped
public class TaskBatches {

    private static final Duration TICK = Duration.ofMillis(250);
    private static final int PAGE = 1_000;

    private final Submissions submissions;
    private final Batches batches;
    private final ItemReader items;
    private final Tasks tasks;

    TaskBatches(Submissions submissions, Batches batches, ItemReader items, Tasks tasks) {
        this.submissions = submissions;
        this.batches = batches;
        this.items = items;
        this.tasks = tasks;
    }

    /// A row.
    ///
    /// @param id the application's own name for it, one each; null for none
    /// @param arguments of the task's method by their names: what its parameters take, or the same
    ///   as maps and lists
    public record Row(@Nullable String id, Map<String, ?> arguments) {}

    /// What holds for all rows.
    ///
    /// @param idempotencyKey under which the same submission makes no second batch; null for none
    /// @param maxCost at which the batch is paused, in the prices' currency; null for no bound
    /// @param limit for all attempts of a row; null for the configured one
    public record Options(
            @Nullable String idempotencyKey,
            @Nullable BigDecimal maxCost,
            @Nullable Duration limit) {

        public static final Options NONE = new Options(null, null, null);
    }

    /// Makes a batch of rows, which are taken in one after the other. When this returns, it is
    /// durable and runs, whatever becomes of this process.
    ///
    /// @return the batch's id
    /// @throws InvalidRequest that names the row, when one does not fit the task; or when the key
    ///   was used for other rows
    /// @throws StoreException when the store cannot be reached
    public String submit(String task, Stream<Row> rows, Options options) {
        ObjectNode all = Fields.JSON.createObjectNode().put("task", task);
        if (options.maxCost != null) {
            all.put("max_cost", options.maxCost);
        }
        if (options.limit != null) {
            all.put("timeout_ms", options.limit.toMillis());
        }
        items.check(all);
        MessageDigest digest = Sha256.begin();
        digest.update(all.toString().getBytes(StandardCharsets.UTF_8));
        try (Intake intake = submissions.intake()) {
            long[] number = {0};
            rows.forEach(row -> {
                byte[] line = line(row);
                try {
                    intake.add(items.read(line, all), line);
                } catch (InvalidRequest invalid) {
                    throw InvalidRequest.of(
                            invalid.param(),
                            invalid.code(),
                            "Row " + number[0] + ": " + invalid.text("It"));
                }
                digest.update(line);
                number[0]++;
            });
            Submissions.Request request =
                    new Submissions.Request(
                            all, options.idempotencyKey, Sha256.end(digest), null, null);
            return switch (submissions.submit(intake, request)) {
                case Submissions.Submitted.Accepted(Job job) -> job.id();
                case Submissions.Submitted.Known(Job job) -> job.id();
                case Submissions.Submitted.Conflict _ ->
                        throw InvalidRequest.of(
                                null,
                                "idempotency_conflict",
                                "The idempotency key was used for other rows; take another.");
            };
        }
    }

    private byte[] line(Row row) {
        ObjectNode line = Fields.JSON.createObjectNode();
        if (row.id != null) {
            line.put("id", row.id);
        }
        line.set("args", tasks.arguments(row.arguments));
        return line.toString().getBytes(StandardCharsets.UTF_8);
    }

    /// Follows a batch to its end: takes the outcomes in the order of the rows, each as soon as it
    /// and all before it are there. It may begin anew at any time, in any process.
    ///
    /// @param returns what the task returns
    /// @param each is called in this thread
    /// @throws IllegalArgumentException when the task returns something else
    /// @throws InvalidRequest when there is no such batch, or it was deleted meanwhile
    /// @throws StoreException when the store cannot be reached
    public <T> void follow(String id, Class<T> returns, Consumer<RowOutcome<T>> each)
            throws InterruptedException {
        String cursor = null;
        while (true) {
            Job job =
                    batches.find(id)
                            .orElseThrow(() ->
                                    InvalidRequest.of(
                                            null,
                                            "not_found",
                                            "There is no batch of this id; it may be past its"
                                                    + " retention."));
            Results.Page page = batches.results(job).page(Results.Order.INPUT, cursor, PAGE);
            cursor = page.cursor();
            new String(page.lines(), StandardCharsets.UTF_8)
                    .lines()
                    .forEach(line -> each.accept(outcome(Json.read(line), returns)));
            if (page.lines().length == 0) {
                if (job.status().isTerminal()) {
                    return;
                }
                Thread.sleep(TICK);
            }
        }
    }

    private <T> RowOutcome<T> outcome(JsonNode line, Class<T> returns) {
        long index = line.path("index").asLong();
        String id = line.path("custom_id").textValue();
        int attempts = line.path("attempts").asInt();
        JsonNode error = line.path("error");
        if (error.isObject()) {
            return new RowOutcome.Failed<>(
                    index,
                    id,
                    attempts,
                    error.path("code").asText(),
                    error.path("message").asText(),
                    line.path("raw").textValue());
        }
        return new RowOutcome.Returned<>(
                index,
                id,
                attempts,
                tasks.value(line.path("result"), returns),
                line.path("fallback").asBoolean());
    }
}
