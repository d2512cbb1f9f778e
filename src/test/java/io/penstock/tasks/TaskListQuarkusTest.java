package io.penstock.tasks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Caller;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import org.junit.jupiter.api.Test;

/// The tasks that an application has, as its callers see them.
@QuarkusTest
class TaskListQuarkusTest extends PenstockTest {

    @Test
    void tasksAreListedWithTheirSchemas() {
        JsonNode list = Caller.join(caller.send(caller.request("/tasks").build())).json();

        assertThat(list.path("data").findValuesAsText("name"))
                .contains("triage", "order", "headline", "mood", "grade", "judged");
        assertThat(task(list, "triage").path("method").asText()).isEqualTo("Samples.triage");
        assertThat(task(list, "triage").path("arguments").toString())
                .isEqualTo(
                        """
                        {"type":"object","properties":{"text":{"type":"string"},\
                        "language":{"type":"string"}},"required":["text","language"],\
                        "additionalProperties":false}\
                        """);
        assertThat(task(list, "triage").path("result").toString())
                .isEqualTo(
                        """
                        {"type":"object","properties":{"mood":{"type":"string",\
                        "enum":["ANGRY","CALM","HAPPY"]},\
                        "confidence":{"type":"number","description":"0 to 1"},\
                        "reason":{"type":["string","null"]}},"required":["mood","confidence"],\
                        "additionalProperties":false}\
                        """);
        assertThat(task(list, "order").path("result").path("properties").path("lines").toString())
                .isEqualTo(
                        """
                        {"type":"array","items":{"type":"object","properties":{\
                        "article":{"type":"string"},\
                        "count":{"type":"integer","format":"int32"},\
                        "unit_price":{"type":"number"}},\
                        "required":["article","count","unit_price"],\
                        "additionalProperties":false}}\
                        """);
        assertThat(task(list, "judged").path("result").path("enum")).hasSize(3);
        assertThat(task(list, "greeting").path("arguments").path("required").toString())
                .isEqualTo("[\"person\",\"mood\",\"times\",\"tags\"]");
    }

    private static JsonNode task(JsonNode list, String name) {
        for (JsonNode one : list.path("data")) {
            if (one.path("name").asText().equals(name)) {
                return one;
            }
        }
        throw new AssertionError("No task " + name + " in " + list);
    }
}
