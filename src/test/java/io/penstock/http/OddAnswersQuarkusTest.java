package io.penstock.http;

import static io.penstock.testing.Caller.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What callers get of answers that are odd below their JSON.
@QuarkusTest
@TestProfile(AnswersQuarkusTest.Raw.class)
class OddAnswersQuarkusTest {

    @TestHTTPResource URI base;

    private Caller caller;

    @BeforeEach
    void meet() {
        caller = new Caller(base);
    }

    private Answer ask(String name) {
        return caller.complete(prompt("[[raw " + name + "]]").put("model", "odd-" + name));
    }

    private Answer stream(String name) {
        return caller.stream(prompt("[[raw " + name + "]]").put("model", "odd-s-" + name));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gzip",
                "x-gzip",
                "zlib",
                "raw-deflate",
                "not-gzip",
                "encoding-none",
                "gzip-events",
                "odd-head"
            })
    void isReadAtOnce(String name) {
        Answer answer = ask(name);

        assertThat(answer.json().path("result").asText()).as(answer.body()).isEqualTo(name);
        assertThat(answer.header("x-penstock-attempts")).isEqualTo("1");
        List<JsonNode> events = stream(name).events();
        assertThat(events.getFirst().path("token").asText()).isEqualTo(name);
        assertThat(events.getLast().path("done").asBoolean()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"gzip-checksum", "gzip-length", "zlib-checksum", "gzip-cut", "zlib-cut"})
    void isTriedAgainWhenItsChecksumOrItsEndIsNotThere(String name) {
        Answer answer = ask(name);

        assertThat(answer.json().path("result").asText()).as(answer.body()).isEqualTo(name);
        assertThat(answer.header("x-penstock-attempts")).isEqualTo("2");
    }

    @Test
    void aStreamIsNoSuccessWhenItsChecksumIsWrong() {
        assertThat(ask("gzip-events-checksum").code()).isEqualTo("truncated");
        List<JsonNode> events = stream("gzip-events-checksum").events();
        assertThat(events.getFirst().path("token").asText()).isEqualTo("gzip-events-checksum");
        assertThat(events.getLast().path("error").path("code").asText()).isEqualTo("truncated");
    }

    @Test
    void anAnswersBoundHoldsForWhatIsUnpacked() {
        assertThat(ask("gzip-large").code()).isEqualTo("length");
    }

    @Test
    void aHeadOfTwoMeaningsIsToldAsSuchAndNotPaidForAgain() {
        Answer answer = ask("two-lengths");

        assertThat(answer.code()).isEqualTo("unexpected_answer");
        assertThat(answer.header("x-penstock-attempts")).isEqualTo("1");
        assertThat(answer.json().path("error").path("message").asText())
                .contains("is not HTTP", "Content-Length");
    }

    @ParameterizedTest
    @CsvSource({
        "latin-1, Größe überschritten",
        "long-error, too many words: w w",
        "gzip-error, packed words"
    })
    void errorsAreToldWhateverTheyAreWrittenIn(String name, String words) {
        Answer answer = ask(name);

        assertThat(answer.json().path("error").path("message").asText()).contains(words);
        assertThat(answer.header("x-penstock-attempts")).isEqualTo("1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"refuses-with-500", "refuses-inside"})
    void aFieldThatNobodyAskedForIsTakenBackHoweverItIsRefused(String name) {
        for (int i = 0; i < 2; i++) {
            Answer answer = stream(name);

            assertThat(answer.events().getFirst().path("token").asText())
                    .as(answer.body())
                    .isEqualTo(name);
        }
    }
}
