package io.penstock.lambda;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Caller;
import io.penstock.testing.Door;
import io.penstock.testing.Function;
import io.penstock.testing.RawAnswers;
import io.penstock.testing.RawAnswers.RawAnswer;
import io.penstock.testing.RawProvider;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

/// What the packaged function makes of answers as real servers send them.
class AnswersIT {

    @Test
    void eachComesToItsCallerOrFailsWithItsKind() {
        Map<String, RawAnswer> answers =
                RawAnswers.all().stream()
                        .collect(Collectors.toMap(RawAnswer::name, answer -> answer));
        SoftAssertions softly = new SoftAssertions();
        try (RawProvider provider =
                        new RawProvider((asked, out) -> {
                            out.write(Objects.requireNonNull(answers.get(asked.marker())).http());
                            return true;
                        });
                Function function =
                        new Function(
                                Map.of(
                                        "OPENAI_BASE_URL", provider.baseUrl(),
                                        "OPENAI_API_KEY", "sk-raw",
                                        "PENSTOCK_LLM_MAX_ATTEMPTS", "1",
                                        "PENSTOCK_FLOW_BREAKER_FAILURES", "0"))) {
            for (RawAnswer answer : answers.values()) {
                JsonNode own = function.complete(answer.prompt()).body();
                softly.assertThat(own.path("result").textValue())
                        .as(answer.name())
                        .isEqualTo(answer.own().text());
                softly.assertThat(own.path("error").path("code").textValue())
                        .as(answer.name())
                        .isEqualTo(answer.own().code());
                softly.assertThat(own.path("error").path("message").asText())
                        .as(answer.name())
                        .contains(answer.own().code() == null ? "" : answer.says());
                Door.Raw v1 =
                        function.call(
                                "POST",
                                "/v1/chat/completions",
                                "application/json",
                                answer.chat(false).toString());
                softly.assertThat(v1.status() == 200)
                        .as("%s: %s", answer.name(), v1.body())
                        .isEqualTo(answer.v1().text() != null);
                softly.assertThat(Caller.parse(v1.body()).isObject()).as(answer.name()).isTrue();
            }
        }
        softly.assertAll();
    }
}
