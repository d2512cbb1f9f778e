package io.penstock.tasks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import java.net.http.HttpRequest;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// One run of a task, as its caller and the provider see it.
@QuarkusTest
class TaskQuarkusTest extends PenstockTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @Test
    void aRecordIsAskedForByItsSchemaAndComesBackTyped() {
        Answer answer = run("triage", Map.of("text", "It broke at once.", "language", "en"));

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        JsonNode json = answer.json();
        assertThat(json.path("result").path("mood").asText()).isIn("ANGRY", "CALM", "HAPPY");
        assertThat(json.path("result").path("confidence").isNumber()).isTrue();
        assertThat(json.path("result").path("reason").asText()).startsWith("Answer");
        assertThat(json.path("attempts").asInt()).isEqualTo(1);
        assertThat(json.path("usage").path("total_tokens").asInt()).isPositive();
        assertThat(answer.header("x-penstock-attempts")).isEqualTo("1");
        assertThat(provider.wholeLog()).hasSize(1);
        assertThat(provider.log("Language: en. Review: It broke at once.")).hasSize(1);
    }

    @Test
    void eachKindOfResultComesBackAsWhatItIs() {
        assertThat(result("headline").isTextual()).isTrue();
        assertThat(result("mood").asText()).isIn("ANGRY", "CALM", "HAPPY");
        assertThat(result("grade").isInt()).isTrue();
        assertThat(result("share").isNumber()).isTrue();
        assertThat(result("spam").isBoolean()).isTrue();
        assertThat(result("words").path(0).isTextual()).isTrue();
        assertThat(result("moods").path(0).asText()).isIn("ANGRY", "CALM", "HAPPY");
        assertThat(result("judged").asText()).isIn("ANGRY", "CALM", "HAPPY");
        JsonNode order = run("order", Map.of("mail", "Two pumps, please.")).json().path("result");
        assertThat(order.path("lines").path(0).path("unit_price").isNumber())
                .as(order.toString())
                .isTrue();
        assertThat(order.path("urgent").isBoolean()).isTrue();
    }

    @Test
    void argumentsOfEveryKindReachThePrompt() {
        Answer answer =
                run(
                        "greeting",
                        Map.of(
                                "person",
                                Map.of("name", "Ada", "age", 36),
                                "mood",
                                "CALM",
                                "times",
                                2,
                                "tags",
                                List.of("a", "b")));

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(provider.log("Greet Ada, 36, in CALM mood, 2 times: [a, b]")).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    {"text":"a"} | language | missing_field | "language" is missing; it must be a string.
                    {"text":"a","language":"en","lang":1} | lang | unknown_field | "lang" is no argument of task triage; its arguments are text, language.
                    {"text":"a","language":7} | language | wrong_type | "language" is a number; it must be a string.
                    """)
    void argumentsThatDoNotFitAreNamedWithTheirRemedy(
            String body, String param, String code, String message) {
        Answer answer = send("triage", body);

        assertThat(answer.status()).isEqualTo(400);
        JsonNode error = answer.json().path("error");
        assertThat(error.path("param").asText()).isEqualTo(param);
        assertThat(error.path("code").asText()).isEqualTo(code);
        assertThat(error.path("message").asText()).isEqualTo(message);
        assertThat(provider.wholeLog()).isEmpty();
    }

    @Test
    void argumentsAreCheckedDownToTheirFields() {
        Answer answer =
                send(
                        "greeting",
                        """
                        {"person":{"name":"Ada","age":"36"},"mood":"CALM","times":1,"tags":[]}\
                        """);

        assertThat(answer.json().path("error").path("message").asText())
                .isEqualTo("\"person.age\" is a string; it must be a whole number of 32 bits.");
    }

    @Test
    void anAnswerThatDoesNotFitIsAskedForAgainOnce() {
        Answer cured = run("mood", Map.of("text", "one [[sim fault=misfit times=1]]"));
        assertThat(cured.status()).as(cured.body()).isEqualTo(200);
        assertThat(cured.json().path("attempts").asInt()).isEqualTo(2);
        int tokens = 0;
        for (JsonNode call : provider.wholeLog()) {
            tokens += call.path("prompt_tokens").asInt() + call.path("completion_tokens").asInt();
        }
        assertThat(cured.json().path("usage").path("total_tokens").asInt()).isEqualTo(tokens);

        provider.reset();
        Answer never = run("mood", Map.of("text", "two [[sim fault=misfit]]"));
        assertThat(never.status()).isEqualTo(502);
        assertThat(never.code()).isEqualTo("invalid_answer");
        assertThat(never.json().path("raw").asText()).isEqualTo("{\"unfit\": true}");
        assertThat(never.header("x-penstock-attempts")).isEqualTo("2");
        assertThat(provider.wholeLog()).hasSize(2);
    }

    @Test
    void aProvidersFaultsAreRetriedBelowTheTask() {
        Answer answer =
                run("mood", Map.of("text", "[[sim fault=rate_limit retry_after_ms=20 times=1]]"));

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().path("attempts").asInt()).isEqualTo(2);
        assertThat(run("mood", Map.of("text", "[[sim fault=unauthorized]]")).code())
                .isEqualTo("provider_authentication");
    }

    @Test
    void aTaskThatIsNoneIsNotFound() {
        Answer answer = run("none", Map.of());

        assertThat(answer.status()).isEqualTo(404);
        assertThat(answer.json().path("error").path("message").asText())
                .startsWith("There is no task \"none\"; there are: ");
    }

    private JsonNode result(String task) {
        Answer answer = run(task, Map.of("text", "The weather is fine."));
        assertThat(answer.status()).as(task + ": " + answer.body()).isEqualTo(200);
        return answer.json().path("result");
    }

    private Answer run(String task, Map<String, ?> arguments) {
        return send(task, JSON.valueToTree(arguments).toString());
    }

    private Answer send(String task, String body) {
        return Caller.join(
                caller.send(
                        caller.request("/tasks/" + task)
                                .header("content-type", "application/json")
                                .POST(HttpRequest.BodyPublishers.ofString(body))
                                .build()));
    }
}
