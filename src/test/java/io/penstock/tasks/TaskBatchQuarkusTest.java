package io.penstock.tasks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import java.net.http.HttpRequest;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The rows of a task as a batch, as their owner and the provider see them.
@QuarkusTest
class TaskBatchQuarkusTest extends PenstockTest {

    private static final int ROWS = 200;
    private static final String FIT = "{\"text\":\"a\",\"language\":\"en\"}\n";

    @Test
    void rowsHaveTypedResultsAndEachItsOneOutcome() {
        StringBuilder rows = new StringBuilder();
        for (int i = 0; i < ROWS; i++) {
            String mark =
                    switch (i % 20) {
                        case 3 -> " [[sim fault=misfit times=1]]";
                        case 7 -> " [[sim fault=misfit]]";
                        case 11 -> " [[sim fault=server_error times=1]]";
                        default -> "";
                    };
            String args = "{\"text\":\"row " + i + mark + "\",\"language\":\"en\"}";
            rows.append(
                            i % 2 == 0
                                    ? args.replace("{\"text", "{\"id\":\"r" + i + "\",\"text")
                                    : "{\"id\":\"r" + i + "\",\"args\":" + args + "}")
                    .append('\n');
        }

        Batch batch = submitted("triage", rows.toString());
        JsonNode status = batch.awaitStatus("completed");

        assertThat(status.path("completed").asInt()).isEqualTo(ROWS - ROWS / 20);
        assertThat(status.path("failed").asInt()).isEqualTo(ROWS / 20);
        assertThat(status.path("task").asText()).isEqualTo("triage");
        assertThat(status.path("results").path(0).path("mood").isTextual()).isTrue();
        List<JsonNode> lines = Batch.lines(batch.get("/results?order=input"));
        assertThat(lines).hasSize(ROWS);
        Set<String> ids = new HashSet<>();
        int attempts = 0;
        int tokens = 0;
        for (JsonNode line : lines) {
            ids.add(line.path("custom_id").asText());
            attempts += line.path("attempts").asInt();
            tokens += line.path("usage").path("total_tokens").asInt();
            if (line.path("index").asInt() % 20 == 7) {
                assertThat(line.path("error").path("code").asText()).isEqualTo("invalid_answer");
                assertThat(line.path("raw").asText()).isEqualTo("{\"unfit\": true}");
            } else {
                assertThat(line.path("result").path("mood").asText())
                        .isIn("ANGRY", "CALM", "HAPPY");
            }
        }
        assertThat(ids).hasSize(ROWS);
        List<JsonNode> log = provider.wholeLog();
        assertThat(log).hasSize(attempts);
        assertThat(tokens).isEqualTo(tokens(log));
        assertThat(status.path("usage").path("total_tokens").asInt()).isEqualTo(tokens);
    }

    @Test
    void rowsThatFailedAreRetriedAsRowsOfTheTask() {
        Batch batch =
                submitted("mood", "{\"text\":\"x [[sim fault=misfit times=2]]\",\"id\":\"x\"}");
        assertThat(batch.awaitStatus("completed").path("failed").asInt()).isEqualTo(1);

        Batch again = Batch.of(caller, batch.post("/retry"));

        assertThat(again.awaitStatus("completed").path("task").asText()).isEqualTo("mood");
        JsonNode line = Batch.lines(again.get("/results")).getFirst();
        assertThat(line.path("result").asText()).isIn("ANGRY", "CALM", "HAPPY");
        assertThat(line.path("custom_id").asText()).isEqualTo("x");
    }

    @Test
    void itemsOfOneObjectAreRowsToo() {
        String fit = "{\"text\":\"a\",\"language\":\"en\"}";
        Answer taken = Batch.submit(caller, "{\"task\":\"triage\",\"items\":[" + fit + "]}");
        assertThat(Batch.of(caller, taken).awaitStatus("completed").path("completed").asInt())
                .isEqualTo(1);

        Answer refused =
                Batch.submit(
                        caller, "{\"task\":\"triage\",\"items\":[" + fit + ",{\"text\":\"a\"}]}");
        assertThat(error(refused).path("param").asText()).isEqualTo("items[1].language");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    {"text":"a"}                                | language      | Line 2: "language" is missing; it must be a string.
                    {"text":"a","language":"en","lang":1}       | lang          | Line 2: "lang" is no argument of task triage; its arguments are text, language.
                    {"args":{"text":1,"language":"en"}}         | args.text     | Line 2: "text" is a number; it must be a string.
                    {"args":{"text":"a","language":"en"},"x":1} | x             | Line 2: "x" is not a field of this request.
                    {"args":7}                                  | args          | Line 2: "args" is a number; it must be an object.
                    {"id":"","text":"a","language":"en"}        | id            | Line 2: "id" must have from 1 to 512 characters.
                    7                                           |               | Line 2: It is a number; send a JSON object.
                    """)
    void aRowThatDoesNotFitIsRefusedWithItsLineAndField(String row, String param, String message) {
        Answer answer = submit("triage", FIT + row + "\n" + FIT);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(error(answer).path("message").asText()).isEqualTo(message);
        assertThat(error(answer).path("param").textValue()).isEqualTo(param);
        assertThat(provider.wholeLog()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "none, task, unknown_task",
        "triage&model=m, model, unknown_field",
        "triage&pipeline=digest, pipeline, unknown_field"
    })
    void optionsThatDoNotGoWithATaskAreRefused(String query, String param, String code) {
        Answer answer = submit(query, FIT);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.code()).isEqualTo(code);
        assertThat(error(answer).path("param").asText()).isEqualTo(param);
    }

    private static JsonNode error(Answer answer) {
        return answer.json().path("error");
    }

    private static int tokens(List<JsonNode> log) {
        return log.stream()
                .filter(call -> call.path("status").asInt() == 200)
                .mapToInt(call ->
                        call.path("prompt_tokens").asInt() + call.path("completion_tokens").asInt())
                .sum();
    }

    private Batch submitted(String task, String rows) {
        Answer answer = submit(task, rows);
        assertThat(answer.status()).as(answer.body()).isEqualTo(202);
        return Batch.of(caller, answer);
    }

    private Answer submit(String query, String rows) {
        return Caller.join(
                caller.send(
                        caller.request("/batch?task=" + query)
                                .header("content-type", "application/jsonl")
                                .POST(HttpRequest.BodyPublishers.ofString(rows))
                                .build()));
    }
}
