package io.penstock.llm;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Caller;
import io.penstock.testing.RawAnswers;
import io.penstock.testing.RawAnswers.Expected;
import io.penstock.testing.RawAnswers.RawAnswer;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class AnswerReaderTest {

    private static final Read.Asked TEXT = new Read.Asked(false, false, null);
    private static final Read.Asked STREAM = new Read.Asked(false, true, null);
    private static final Read.Asked CHAT = new Read.Asked(true, false, null);

    static Stream<RawAnswer> answers() {
        return RawAnswers.all().stream();
    }

    @ParameterizedTest
    @MethodSource("answers")
    void readsAnAnswerInAnyFormHoweverItsBytesAreCut(RawAnswer answer) {
        long seed = System.nanoTime();
        System.out.println("Seed " + seed);
        for (boolean isWholeRequest : List.of(false, true)) {
            for (boolean streams : List.of(false, true)) {
                Read.Asked asked = new Read.Asked(isWholeRequest, streams, answer.maxTokens());
                Expected expected = isWholeRequest ? answer.v1() : answer.own();
                check(expected, Read.of(answer.body(), asked, null, false), asked);
                Random random = new Random(seed);
                for (int i = 0; i < 20; i++) {
                    check(expected, Read.of(answer.body(), asked, random, false), asked);
                }
            }
        }
    }

    private static void check(Expected expected, Read read, Read.Asked asked) {
        if (expected.text() != null) {
            assertThat(read.text(asked)).as("%s %s", asked, read).isEqualTo(expected.text());
        } else {
            assertThat(read.outcome())
                    .isInstanceOfSatisfying(
                            Failure.class,
                            failed -> {
                                assertThat(expected.code())
                                        .as("%s %s", asked, read)
                                        .isIn(failed.kind().code(), failed.providerCode());
                                assertThat(failed.message()).doesNotContain("<", "status 200");
                            });
        }
    }

    @Test
    void whatIsPassedOnIsWhatCameToTheLastDigit() {
        String completion =
                "{\"id\":\"c\",\"choices\":[{\"index\":0,\"message\":{\"content\":\"Hi\"},\"finish_reason\":"
                        + "\"stop\"}],\"x\":[2512292042121000001,123456789012345678901234567890,1e400,0.10,1.0,"
                        + "1e99999999999],\"half\":\"\\ud83d\"}";

        Read read =
                Read.of(bytes("\ufeff\n" + completion + "\n data: [DONE]\n\n"), CHAT, null, false);

        assertThat(read.outcome())
                .isInstanceOfSatisfying(
                        Completion.class, done -> assertThat(done.body()).isEqualTo(completion));
    }

    @Test
    void usageThatOnlyPenstockAskedForIsTakenOutAndNothingElseIsChanged() {
        String chunk =
                "{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"H\\ud83d\"},\"finish_reason\":\"stop\"}]"
                        + ",\"usage\":{\"prompt_tokens\":1},\"n\":1e400}";

        Read read =
                Read.of(
                        bytes("data: " + chunk + "\n\ndata: [DONE]\n\n"),
                        new Read.Asked(true, true, null),
                        null,
                        false);

        assertThat(read.deltas())
                .containsExactly(chunk.replace(",\"usage\":{\"prompt_tokens\":1}", ""));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"usage\":1,\"a\":2}|{\"a\":2}",
                "{\"a\":2 , \"usage\" : {\"b\":[1,\"}\"]} , \"c\":3}|{\"a\":2, \"c\":3}",
                "{\"a\":\"usage\",\"usage\":null}|{\"a\":\"usage\"}",
                "{\"usage\":\"x\"}|{}",
                "{\"b\":{\"usage\":1}}|{\"b\":{\"usage\":1}}",
                "{\"usage\":1,\"usage\":1,\"a\":2,\"usage\":1}|{\"a\":2}",
                "{\"usage\":1 , \"usage\":1 }|{}",
            })
    void aFieldIsTakenOutOfATextToTheLetter(String before) {
        String[] both = before.split("\\|");

        assertThat(Caller.parse(ProviderJson.without("usage", both[0])))
                .isEqualTo(Caller.parse(both[1]));
    }

    /// With a finish reason in each chunk, nothing says whether all of the text has come.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "data: {\"choices\":[{\"delta\":{\"content\":\"\"},\"finish_reason\":\"stop\"}]}\n\n",
                "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"},\"finish_reason\":\"stop\"}]}\n\n",
                "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"},\"finish_reason\":null}]}\n\n",
            })
    void aStreamThatBreaksOffBeforeItsEndIsCertainIsCut(String events) {
        assertThat(Read.of(bytes(events), STREAM, null, true).outcome())
                .isInstanceOfSatisfying(
                        Failure.class,
                        failed -> assertThat(failed.kind()).isEqualTo(FailureKind.TRUNCATED));
    }

    @Test
    void aStreamThatBreaksOffAfterItsEndIsWhole() {
        String events =
                "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"},\"finish_reason\":null}]}\n\n"
                        + "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

        assertThat(Read.of(bytes(events), STREAM, null, true).text(STREAM)).isEqualTo("Hello");
    }

    @ParameterizedTest
    @ValueSource(strings = {"br", "zstd", "x\u0000"})
    void anEncodingThatIsNotReadIsNamed(String encoding) throws InterruptedException {
        Exchange.Head head =
                new Exchange.Head(
                        200, MultiMap.caseInsensitiveMultiMap().add("content-encoding", encoding));
        AnswerReader reader =
                new AnswerReader(
                        Answer.to(
                                TEXT.attempt(List.of()),
                                head,
                                Endpoint.of("http://h/v1", null, false)),
                        head,
                        Endpoint.of("http://h/v1", null, false),
                        1000);

        assertThat(reader.add(Buffer.buffer("x"))).isFalse();
        assertThat(reader.end(false))
                .isInstanceOfSatisfying(
                        Failure.class,
                        failed -> {
                            assertThat(failed.kind().retryable()).isFalse();
                            assertThat(failed.message())
                                    .contains("content-encoding: " + encoding.replace('\0', '?'));
                        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "identity", "", " ", "Identity, none", "utf-8"})
    void anEncodingThatIsNoneIsNone(String encoding) {
        Exchange.Head head =
                new Exchange.Head(
                        200, MultiMap.caseInsensitiveMultiMap().add("content-encoding", encoding));

        assertThat(head.coding()).isEqualTo(Coding.NONE);
    }

    @Test
    void whatIsNestedDeeperThanAnythingIsPassedOnAsItCame() {
        String completion =
                "{\"choices\":[{\"message\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}],\"x\":"
                        + "[".repeat(100_000)
                        + "]".repeat(100_000)
                        + "}";

        assertThat(Read.of(bytes(completion), CHAT, null, false).outcome())
                .isInstanceOfSatisfying(
                        Completion.class,
                        done -> {
                            assertThat(done.text()).isEqualTo("Hi");
                            assertThat(done.body()).isEqualTo(completion);
                        });
    }

    @Test
    void chunksOnALineEachAreHandedOnAsTheyCome() {
        String line = "{\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}]}";

        Read read = Read.of(bytes(line + "\n" + line + "\n{\"choi"), STREAM, null, true);

        assertThat(read.deltas()).containsExactly("Hi", "Hi");
        assertThat(read.outcome()).isInstanceOf(Failure.class);
    }

    @Test
    void anAnswerThatDoesNotEndIsAFailure() {
        byte[] endless = bytes("{" + " ".repeat(2 << 20));

        assertThat(Read.of(endless, TEXT, new Random(1), false).outcome())
                .isInstanceOfSatisfying(
                        Failure.class,
                        failed -> assertThat(failed.kind()).isEqualTo(FailureKind.LENGTH));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
