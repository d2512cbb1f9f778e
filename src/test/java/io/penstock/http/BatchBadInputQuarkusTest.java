package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

/// What is wrong with a submission is named by line or index, and leaves nothing behind.
@QuarkusTest
class BatchBadInputQuarkusTest extends PenstockTest {

    private record Bad(String body, int status, String code, String param, String says) {}

    private static final List<Bad> JSON =
            List.of(
                    new Bad("", 400, "invalid_json", "", "empty"),
                    new Bad("{\"prompts\":[\"a\",}", 400, "invalid_json", "", "line 1, column"),
                    new Bad("[\"a\"]", 400, "invalid_json", "", "an array"),
                    new Bad("{}", 400, "missing_field", "prompts", "missing"),
                    new Bad("{\"prompts\":[]}", 400, "empty_batch", "", "no items"),
                    new Bad("{\"items\":[]}", 400, "empty_batch", "", "no items"),
                    new Bad("{\"prompts\":\"a\"}", 400, "wrong_type", "prompts", "an array"),
                    new Bad("{\"prompts\":[\"a\",7]}", 400, "wrong_type", "prompts[1]", "a number"),
                    new Bad(
                            "{\"prompts\":[\"a\",\"b\",\" \"]}",
                            400,
                            "blank_field",
                            "prompts[2]",
                            "blank"),
                    new Bad("{\"prompts\":[null]}", 400, "wrong_type", "prompts[0]", "null"),
                    new Bad(
                            "{\"prompts\":[\"a\"],\"items\":[]}",
                            400,
                            "unknown_field",
                            "prompts",
                            "together"),
                    new Bad(
                            "{\"prompts\":[\"a\"],\"temprature\":1}",
                            400,
                            "unknown_field",
                            "temprature",
                            "temprature"),
                    new Bad(
                            "{\"prompts\":[\"a\"],\"temperature\":3}",
                            400,
                            "out_of_range",
                            "temperature",
                            "from 0 to 2"),
                    new Bad("{\"items\":[\"a\"]}", 400, "wrong_type", "items[0]", "an object"),
                    new Bad("{\"items\":[{}]}", 400, "missing_field", "items[0].prompt", "missing"),
                    new Bad(
                            "{\"items\":[{\"prompt\":\"a\"},{\"prompt\":\"b\",\"x\":1}]}",
                            400,
                            "unknown_field",
                            "items[1].x",
                            "items[1]"),
                    new Bad(
                            "{\"items\":[{\"prompt\":\"a\",\"max_tokens\":0}]}",
                            400,
                            "out_of_range",
                            "items[0].max_tokens",
                            "from 1"),
                    new Bad(
                            "{\"items\":[{\"custom_id\":\"a\",\"prompt\":\"a\"},{\"custom_id\":\"a\",\"prompt\":\"b\"}]}",
                            400,
                            "duplicate_custom_id",
                            "items[1].custom_id",
                            "earlier"),
                    new Bad(
                            "{\"items\":[{\"custom_id\":\"\",\"prompt\":\"a\"}]}",
                            400,
                            "out_of_range",
                            "items[0].custom_id",
                            "512"),
                    new Bad(
                            "{\"input\":\"file:///etc/passwd\"}",
                            400,
                            "out_of_range",
                            "input",
                            "s3"));

    private static final List<Bad> LINES =
            List.of(
                    new Bad("", 400, "empty_batch", "", "no items"),
                    new Bad("\n\n", 400, "empty_batch", "", "no items"),
                    new Bad(
                            "{\"prompt\":\"a\"}\n\n{\"prompt\":\n",
                            400,
                            "invalid_json",
                            "",
                            "Line 3"),
                    new Bad("{\"prompt\":\"a\"}\n[1]\n", 400, "invalid_json", "", "Line 2"),
                    new Bad(
                            "{\"prompt\":\"a\"}\n{\"prompt\":\"\"}\n",
                            400,
                            "blank_field",
                            "prompt",
                            "Line 2"),
                    new Bad(
                            "{\"prompt\":\"a\"}\n{\"prompt\":\"b\",\"modle\":\"x\"}",
                            400,
                            "unknown_field",
                            "modle",
                            "Line 2"),
                    new Bad(
                            "{\"custom_id\":\"x\",\"prompt\":\"a\"}\n{\"custom_id\":\"x\",\"prompt\":\"b\"}",
                            400,
                            "duplicate_custom_id",
                            "custom_id",
                            "Line 2"),
                    new Bad(
                            openAi("GET", "/v1/chat/completions", ""),
                            400,
                            "out_of_range",
                            "method",
                            "POST"),
                    new Bad(
                            openAi("POST", "/v1/embeddings", ""),
                            400,
                            "out_of_range",
                            "url",
                            "/v1/chat"),
                    new Bad(
                            openAi("POST", "/v1/chat/completions", ",\"stream\":true"),
                            400,
                            "out_of_range",
                            "body.stream",
                            "stream"),
                    new Bad(
                            openAi("POST", "/v1/chat/completions", ",\"api_key\":\"sk-1234\""),
                            400,
                            "unknown_field",
                            "body.api_key",
                            "credentials"),
                    new Bad(
                            "{\"custom_id\":\"a\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{}}",
                            400,
                            "missing_field",
                            "body.messages",
                            "Line 1"));

    private static String openAi(String method, String url, String more) {
        return "{\"custom_id\":\"a\",\"method\":\"%s\",\"url\":\"%s\",\"body\":{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]%s}}"
                .formatted(method, url, more);
    }

    @Test
    void eachFormIsRefusedByWhatIsWrongWithIt() {
        int before = jobs();
        SoftAssertions softly = new SoftAssertions();

        JSON.forEach(bad -> check(softly, bad, Batch.submit(caller, bad.body)));
        LINES.forEach(bad -> check(softly, bad, Batch.submitLines(caller, bad.body)));

        softly.assertAll();
        assertThat(jobs()).isEqualTo(before);
        assertThat(provider.stats().path("requests").asInt()).isZero();
    }

    @Test
    void queriesAndHeadersAreCheckedToo() {
        Answer key =
                Batch.submit(caller, "{\"prompts\":[\"a\"]}", "Idempotency-Key", "k".repeat(256));
        assertThat(key.status()).isEqualTo(400);
        assertThat(key.json().path("error").path("param").asText()).isEqualTo("Idempotency-Key");

        Batch batch = Batch.of(caller, Batch.submit(caller, "{\"prompts\":[\"a\"]}"));
        batch.awaitStatus("completed");
        for (String query :
                List.of(
                        "/results?limit=0",
                        "/results?limit=x",
                        "/results?order=random",
                        "/results?after=nonsense",
                        "/results?after=f%2A",
                        "/results?order=input&after=f",
                        "/results?after=i1")) {
            assertThat(batch.get(query).status()).as(query).isEqualTo(400);
        }
        for (String query : List.of("?limit=101", "?status=odd", "?after=batch_none")) {
            Answer answer = Caller.join(caller.send(caller.request("/batch" + query).build()));
            assertThat(answer.status()).as(query).isEqualTo(400);
        }
    }

    @Test
    void othersThanJsonAreNotTaken() {
        Answer answer =
                Caller.join(
                        caller.send(
                                caller.request("/batch")
                                        .header("content-type", "text/csv")
                                        .POST(
                                                java.net.http.HttpRequest.BodyPublishers.ofString(
                                                        "a,b"))
                                        .build()));

        assertThat(answer.status()).isEqualTo(415);
        assertThat(answer.code()).isEqualTo("unsupported_media_type");
    }

    private static void check(SoftAssertions softly, Bad bad, Answer answer) {
        JsonNode error = answer.json().path("error");
        softly.assertThat(answer.status()).as(bad.body).isEqualTo(bad.status);
        softly.assertThat(error.path("code").asText()).as(bad.body).isEqualTo(bad.code);
        softly.assertThat(error.path("param").asText("").replace("null", ""))
                .as(bad.body)
                .isEqualTo(bad.param);
        softly.assertThat(error.path("message").asText()).as(bad.body).contains(bad.says);
    }

    private int jobs() {
        List<String> ids = new ArrayList<>();
        Caller.join(caller.send(caller.request("/batch?limit=100").build()))
                .json()
                .path("data")
                .forEach(job -> ids.add(job.path("job_id").asText()));
        return ids.size();
    }
}
