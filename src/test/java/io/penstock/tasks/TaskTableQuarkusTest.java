package io.penstock.tasks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import java.net.http.HttpRequest;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The rows of a task as comma-separated values, as their owner and the provider see them.
@QuarkusTest
class TaskTableQuarkusTest extends PenstockTest {

    @Test
    void columnsAreArgumentsAndQuotedTextIsKept() {
        Answer submitted =
                submit(
                        "triage",
                        "\ufefflanguage,id,text\r\n"
                                + "en,one,\"Broken, \"\"again\"\"\nsince May\"\r\n"
                                + "\r\n"
                                + "de,,Gut\r\n");
        assertThat(submitted.status()).as(submitted.body()).isEqualTo(202);
        Batch batch = Batch.of(caller, submitted);
        assertThat(batch.awaitStatus("completed").path("completed").asInt()).isEqualTo(2);

        List<JsonNode> lines = Batch.lines(batch.get("/results?order=input"));
        assertThat(lines.get(0).path("custom_id").asText()).isEqualTo("one");
        assertThat(lines.get(1).path("custom_id").isNull()).isTrue();
        assertThat(lines.get(1).path("result").path("mood").isTextual()).isTrue();
        assertThat(provider.log("Language: en. Review: Broken, \"again\"\nsince May")).hasSize(1);
        assertThat(provider.log("Language: de. Review: Gut")).hasSize(1);
    }

    @Test
    void cellsAreWhatTheirArgumentIs() {
        Batch batch =
                Batch.of(
                        caller,
                        submit(
                                "greeting",
                                """
                                person,mood,times,tags,loud
                                "{""name"":""Ada"",""age"":36}",CALM,2,"[""a"",""b""]",
                                "{""name"":""Bo"",""age"":7}",HAPPY,3,[],TRUE
                                """));
        assertThat(batch.awaitStatus("completed").path("completed").asInt()).isEqualTo(2);

        assertThat(provider.log("Greet Ada, 36, in CALM mood, 2 times: [a, b]")).hasSize(1);
        assertThat(provider.log("Greet Bo, 7, in HAPPY mood, 3 times: []")).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            textBlock =
                    """
                    triage | text,lang;a,en | lang | Line 1: "lang" is no argument of task triage; its arguments are text, language.
                    triage | text;a | language | Line 1: "language" is missing; it must be a string.
                    triage | text,text;a,b | text | Line 1: "text" names two columns; leave one of them out.
                    triage | text,language;a,en;b | | Line 3: It has 1 fields, and the first line names 2; put a field that holds a separator into quotation marks.
                    triage | text,language;a,"en | | Line 2: It has a quotation mark that is never closed, or text behind one that is; double those that belong to a field's text.
                    greeting | person,mood,times,tags;{},SAD,1,[] | person.name | Line 2: "person.name" is missing; it must be a string.
                    greeting | person,mood,times,tags;,CALM,1,[] | person | Line 2: "person" is missing; it must be an object.
                    mood | text,id;a,x;b,x | custom_id | Line 3: "custom_id" is that of an earlier item; each needs its own.
                    """)
    void whatDoesNotFitIsNamedWithItsLine(String task, String table, String param, String message) {
        Answer answer = submit(task, table.replace(';', '\n'));

        JsonNode error = answer.json().path("error");
        assertThat(error.path("message").asText()).isEqualTo(message);
        assertThat(error.path("param").textValue()).isEqualTo(param);
        assertThat(answer.status()).isEqualTo(400);
        assertThat(provider.wholeLog()).isEmpty();
    }

    @Test
    void aTableNeedsATask() {
        Answer answer = Caller.join(caller.send(table("/batch", "prompt\nWhat is a penstock?\n")));

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().path("error").path("param").asText()).isEqualTo("task");
    }

    private Answer submit(String task, String table) {
        return Caller.join(caller.send(table("/batch?task=" + task, table)));
    }

    private HttpRequest table(String path, String table) {
        return caller.request(path)
                .header("content-type", "text/csv")
                .POST(HttpRequest.BodyPublishers.ofString(table))
                .build();
    }
}
