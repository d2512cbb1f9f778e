package io.penstock.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.testing.Caller;
import io.vertx.core.MultiMap;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AnswerTest {

    @ParameterizedTest
    @ValueSource(strings = {"stop", "eos", "end_turn"})
    void aWholeAnswerIsOneThatEndedByItself(String finishReason) {
        Completion completion = whole("\"" + finishReason + "\"", "\"text\"");

        assertThat(completion.text()).isEqualTo("text");
        assertThat(completion.finishReason()).isEqualTo(finishReason);
    }

    @Test
    void anEmptyAnswerIsAnAnswer() {
        assertThat(whole("\"stop\"", "\"\"").text()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "null, \"half\", TRUNCATED",
                "\"\", \"half\", TRUNCATED",
                "\"error\", \"half\", TRUNCATED",
                "\"tool_calls\", \"\", TRUNCATED",
                "7, \"half\", TRUNCATED",
                "\"stop\", null, TRUNCATED",
                "\"stop\", 7, TRUNCATED",
                "\"length\", \"half\", LENGTH",
                "\"content_filter\", \"half\", CONTENT_FILTER",
            })
    void anythingLessIsAFailure(String finishReason, String content, FailureKind kind) {
        assertThatThrownBy(() -> whole(finishReason, content))
                .isInstanceOfSatisfying(
                        LlmException.class,
                        failed -> assertThat(failed.failure().kind()).isEqualTo(kind));
    }

    @Test
    void anAnswerThatComesWholeToOneWhoStreamsIsHandedOnOnlyIfItIsWhole() {
        List<String> deltas = new ArrayList<>();
        Call call = started(Call.streaming(Prompt.of("text"), null, deltas::add));
        Answer answer = answer(call);

        assertThatThrownBy(() -> answer.whole(Caller.parse(json("null", "\"half\"")), new byte[0]))
                .isInstanceOf(LlmException.class);
        assertThat(deltas).isEmpty();
        answer(call).whole(Caller.parse(json("\"stop\"", "\"all\"")), new byte[0]);
        assertThat(deltas).containsExactly("all");
    }

    private static Completion whole(String finishReason, String content) {
        Answer answer = answer(started(Call.of(Prompt.of("text"), null)));
        answer.whole(Caller.parse(json(finishReason, content)), new byte[0]);
        return answer.completion();
    }

    private static String json(String finishReason, String content) {
        return "{\"id\":\"c\",\"choices\":[{\"message\":{\"content\":"
                + content
                + "},\"finish_reason\":"
                + finishReason
                + "}]}";
    }

    private static Call started(Call call) {
        call.start(Instant.now(), Duration.ofMinutes(1), "model");
        return call;
    }

    private static TextAnswer answer(Call call) {
        return new TextAnswer(
                new Exchange.Head(200, MultiMap.caseInsensitiveMultiMap()),
                call,
                Endpoint.of("http://host/v1", null, false));
    }
}
