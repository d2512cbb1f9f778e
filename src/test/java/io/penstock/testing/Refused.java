package io.penstock.testing;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Caller.Answer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;

/// A request that is refused, and what its refusal says: a row of a table, which is a file of JSON
/// Lines:
///
/// ```json
/// {"name": "two prompts", "method": "POST", "path": "/complete", "type": "application/json",
///  "accept": "text/html", "body": "…", "repeat": {"text": "a", "times": 2},
///  "status": 400, "code": "invalid_json", "param": "", "says": ["after its JSON"]}
/// ```
///
/// A row with a body is posted as JSON unless it says otherwise. `…` in a body stands for the text
/// that is repeated, `{id}` in a path for what the test puts there. A row without `param` may name
/// any, one with an empty `param` names none.
public record Refused(JsonNode row) {

    /// The rows of a table beside the tests of Penstock's doors.
    public static Stream<Refused> table(String name) {
        String path = "/io/penstock/http/" + name + ".jsonl";
        try (InputStream in =
                Objects.requireNonNull(Refused.class.getResourceAsStream(path), path)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> new Refused(Caller.parse(line)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Asks for it.
    public Answer ask(Caller caller, String... headers) {
        return send(caller, "", headers);
    }

    /// Asks for it of a batch.
    public Answer askOf(Batch batch) {
        return send(batch.caller(), batch.id());
    }

    private Answer send(Caller caller, String id, String... headers) {
        String body = row.path("body").asText();
        JsonNode repeat = row.path("repeat");
        String whole =
                body.replace(
                        "…", repeat.path("text").asText().repeat(repeat.path("times").asInt()));
        HttpRequest.Builder request =
                caller.request(text("path").replace("{id}", id))
                        .method(
                                row.path("method").asText(row.has("body") ? "POST" : "GET"),
                                row.has("body")
                                        ? HttpRequest.BodyPublishers.ofString(whole)
                                        : HttpRequest.BodyPublishers.noBody());
        if (row.has("body")) {
            request.header("content-type", row.path("type").asText("application/json"));
        }
        if (row.has("accept")) {
            request.header("accept", text("accept"));
        }
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        return Caller.join(caller.send(request.build()));
    }

    /// Holds an answer against the row and against the one shape that every refusal has.
    public void requireSaid(Answer answer) {
        JsonNode error = answer.json().path("error");
        SoftAssertions.assertSoftly(softly -> {
            softly.assertThat(answer.status()).as(toString()).isEqualTo(row.path("status").asInt());
            softly.assertThat(error.path("code").asText()).as(toString()).isEqualTo(text("code"));
            if (row.has("param")) {
                softly.assertThat(error.path("param").textValue())
                        .as(toString())
                        .isEqualTo(text("param").isEmpty() ? null : text("param"));
            }
            for (JsonNode says : row.path("says")) {
                softly.assertThat(error.path("message").asText())
                        .as(toString())
                        .contains(says.asText());
            }
            requireShape(softly, toString(), answer);
        });
    }

    /// Holds an answer against the one shape that every refusal has before a call is made.
    public static void requireShape(SoftAssertions softly, String what, Answer answer) {
        JsonNode error = answer.json().path("error");
        softly.assertThat(error.path("message").asText()).as(what).isNotBlank();
        softly.assertThat(error.path("type").asText()).as(what).isEqualTo("invalid_request_error");
        softly.assertThat(error.has("param") && error.has("code")).as(what).isTrue();
        softly.assertThat(answer.body()).as(what).doesNotContain("Exception", "\tat ");
        softly.assertThat(answer.header("x-request-id")).as(what).isNotBlank();
        softly.assertThat(answer.header("x-penstock-attempts")).as(what).isEqualTo("0");
        softly.assertThat(answer.header("x-penstock-overhead-ms")).as(what).isNotBlank();
    }

    private String text(String field) {
        return row.path(field).asText();
    }

    @Override
    public String toString() {
        return text("name");
    }
}
