package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.json.Fields;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import io.penstock.llm.Usage;
import io.penstock.pipeline.StageOutcome.Finished;
import io.penstock.store.Tokens;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ResultLineTest {

    private static final Finished STAGE =
            new Finished("a", "facts", "m", "stop", new Usage(1, 2, 3, 0, 0), 2);

    private static final ResultLine.Tried TRIED =
            new ResultLine.Tried(3, 2, new Tokens(5, 6, 7, 1, 2, 0), 1_764_547_200_000_000L);

    @Test
    void anAnswerHasItsFieldsInTheirOrder() {
        byte[] line =
                ResultLine.completed(
                        7, "mine", completion("\"yes\"\n", new Usage(1, 2, 3, 0, 0), null), 2);

        assertThat(text(line))
                .startsWith(
                        "{\"index\":7,\"custom_id\":\"mine\",\"result\":\"\\\"yes\\\"\\n\",\"model\":\"m\","
                                + "\"finish_reason\":\"stop\",\"usage\":{")
                .endsWith(",\"attempts\":2}");
        assertThat(ResultLine.index(line)).isEqualTo(7);
        assertThat(ResultLine.isError(line)).isFalse();
        assertThat(ResultLine.isStage(line)).isFalse();
        assertThat(ResultLine.read(line).body()).isNull();
    }

    @Test
    void whatWasTriedOfAnItemIsNoOutcome() {
        byte[] line = ResultLine.tried(12, TRIED);

        assertThat(ResultLine.index(line)).isEqualTo(12);
        assertThat(ResultLine.isStage(line)).isTrue();
        assertThat(ResultLine.isTried(line)).isTrue();
        assertThat(ResultLine.tried(line)).isEqualTo(TRIED);
        assertThat(ResultLine.isTried(ResultLine.stage(12, STAGE))).isFalse();
    }

    @Test
    void theProvidersBodyComesLastByteForByteButForLineEnds() throws IOException {
        String body = "{ \"id\" : \"c\",\r\n\"n\": 1.10, \"text\": \"\\u00e9 ,\\\"body\\\": x\" }";

        byte[] line = ResultLine.completed(3, "mine", completion("é", null, body), 1);

        assertThat(text(line)).endsWith(",\"body\":" + body.replace("\r\n", "  ") + "}");
        ResultLine.Halves read = ResultLine.read(line);
        assertThat(read.head().path("result").textValue()).isEqualTo("é");
        assertThat(read.head().has("body")).isFalse();
        assertThat(Objects.requireNonNull(read.body()).rawValue())
                .isEqualTo(body.replace("\r\n", "  "));
        assertThat(Fields.JSON.readTree(line).at("/body/id").textValue()).isEqualTo("c");
    }

    @Test
    void aTextThatLooksLikeABodyIsNone() {
        byte[] line =
                ResultLine.completed(0, ",\"body\":1", completion(",\"body\":{}", null, null), 1);

        assertThat(ResultLine.read(line).body()).isNull();
    }

    /// Writers of JSON work in blocks, and two chars of one character must not be parted.
    @Test
    void charactersOfTwoCharsSurviveWhereverTheyStand() {
        for (int before = 0; before < 40; before++) {
            String body = "\"" + "x".repeat(before) + "😀é".repeat(10_000) + "\"";

            byte[] line = ResultLine.completed(0, null, completion("a", null, body), 1);

            assertThat(Objects.requireNonNull(ResultLine.read(line).body()).rawValue())
                    .isEqualTo(body);
        }
    }

    @Test
    void anAnswerWithoutTextHasNoResult() {
        byte[] line = ResultLine.completed(0, "a", completion("", null, "{}"), 1);

        assertThat(ResultLine.read(line).head().get("result").isNull()).isTrue();
    }

    @Test
    void aFailureIsKnownWithoutParsing() {
        byte[] line =
                ResultLine.failed(
                        12345,
                        "mine",
                        new Failure(
                                FailureKind.INVALID_REQUEST,
                                "Too long.",
                                "context_length_exceeded",
                                null,
                                400,
                                "messages",
                                null),
                        1,
                        null);

        assertThat(text(line))
                .isEqualTo(
                        "{\"index\":12345,\"error\":{\"message\":\"Too long.\",\"type\":\"invalid_request_error\","
                                + "\"param\":\"messages\",\"code\":\"context_length_exceeded\"},"
                                + "\"custom_id\":\"mine\",\"attempts\":1,\"status\":400}");
        assertThat(ResultLine.isError(line)).isTrue();
        assertThat(ResultLine.index(line)).isEqualTo(12345);
    }

    @Test
    void aFailureInAPipelineKeepsTheStagesBefore() {
        byte[] line =
                ResultLine.failed(
                        1,
                        null,
                        new Failure(FailureKind.TIMEOUT, "Late.", null, null),
                        4,
                        new ResultLine.Reached(List.of(STAGE), "b"));

        assertThat(ResultLine.stages(line)).containsExactly(STAGE);
        assertThat(ResultLine.read(line).head().path("stage").textValue()).isEqualTo("b");
        assertThat(ResultLine.isStage(line)).isFalse();
        assertThat(ResultLine.read(line).head().has("status")).isFalse();
    }

    @Test
    void aStageIsNoOutcome() {
        byte[] line = ResultLine.stage(9, STAGE);

        assertThat(ResultLine.isStage(line)).isTrue();
        assertThat(ResultLine.isError(line)).isFalse();
        assertThat(ResultLine.index(line)).isEqualTo(9);
        assertThat(ResultLine.stage(line)).isEqualTo(STAGE);
    }

    @Test
    void aPipelinesAnswerIsThatOfItsLastStage() {
        Finished last = new Finished("b", "sum", "n", "stop", new Usage(4, 5, 9, 0, 0), 1);

        byte[] line = ResultLine.completed(0, null, List.of(STAGE, last), 3);

        var head = ResultLine.read(line).head();
        assertThat(head.path("result").textValue()).isEqualTo("sum");
        assertThat(head.path("final_result").textValue()).isEqualTo("sum");
        assertThat(head.at("/usage/total_tokens").asInt()).isEqualTo(12);
        assertThat(ResultLine.stages(line)).containsExactly(STAGE, last);
    }

    private static Completion completion(
            String text, @Nullable Usage usage, @Nullable String body) {
        return new Completion(text, "c", "m", "stop", usage, "req", body);
    }

    private static String text(byte[] line) {
        return new String(line, StandardCharsets.UTF_8);
    }
}
