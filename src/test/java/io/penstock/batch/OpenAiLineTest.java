package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OpenAiLineTest {

    @Test
    void anAnswerHoldsTheProvidersBodyAsItCame() {
        String body = "{ \"id\":\"chatcmpl-1\",  \"n\":1.10, \"text\":\"😀 é \\u00e9\" }";
        byte[] recorded = completed(10, "req-1", body);

        assertThat(line(recorded))
                .isEqualTo(
                        "{\"id\":\"batch_req_area0000000a\",\"custom_id\":\"mine\",\"response\":{\"status_code\":200,"
                                + "\"request_id\":\"req-1\",\"body\":"
                                + body
                                + "},\"error\":null}");
    }

    @Test
    void anAnswerWithoutARequestIdHasTheItemsOwn() {
        assertThat(line(completed(1, null, "{}")))
                .contains("\"request_id\":\"batch_req_area00000001\"");
    }

    @Test
    void anErrorOfTheProvidersHasItsStatus() {
        byte[] recorded =
                ResultLine.failed(
                        2,
                        "mine",
                        new Failure(
                                FailureKind.INVALID_REQUEST,
                                "No.",
                                "bad",
                                null,
                                400,
                                "messages",
                                null),
                        1,
                        null);

        assertThat(line(recorded))
                .isEqualTo(
                        "{\"id\":\"batch_req_area00000002\",\"custom_id\":\"mine\",\"response\":{\"status_code\":400,"
                                + "\"request_id\":\"batch_req_area00000002\",\"body\":{\"error\":{\"message\":\"No.\","
                                + "\"type\":\"invalid_request_error\",\"param\":\"messages\",\"code\":\"bad\"}}},"
                                + "\"error\":null}");
    }

    @ParameterizedTest
    @CsvSource({
        "batch_expired, batch_expired",
        "batch_cancelled, batch_cancelled",
        "timeout, request_timeout",
        "deadline_exceeded, request_timeout",
        "worker_crashed, batch_failed",
    })
    void whatGotNoAnswerHasAWordOfOpenAis(String code, String expected) {
        byte[] recorded = ResultLine.error(3, "mine", code, "batch_error", "Why.", 0, null);

        assertThat(line(recorded))
                .isEqualTo(
                        "{\"id\":\"batch_req_area00000003\",\"custom_id\":\"mine\",\"response\":null,"
                                + "\"error\":{\"code\":\""
                                + expected
                                + "\",\"message\":\"Why.\"}}");
    }

    @Test
    void anAnswerWithoutABodyIsNoneOfThisApi() {
        assertThatThrownBy(() -> OpenAiLine.of(completed(4, null, null), "area"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("Item 4");
    }

    private static byte[] completed(long index, @Nullable String requestId, @Nullable String body) {
        return ResultLine.completed(
                index, "mine", new Completion("x", "c", "m", "stop", null, requestId, body), 1);
    }

    private static String line(byte[] recorded) {
        return new String(OpenAiLine.of(recorded, "area"), StandardCharsets.UTF_8);
    }
}
