package io.penstock.testing.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// AWS documentation, "Handling errors for an SQS event source in Lambda", "Success and failure
/// conditions".
class EventSourceTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "{}",
                "{\"batchItemFailures\":null}",
                "{\"batchItemFailures\":[]}"
            })
    void allHaveServed(String answer) {
        assertThat(EventSource.failed(answer)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{",
                "[]",
                "\"\"",
                "{\"batchItemFailures\":{}}",
                "{\"batchItemFailures\":[{\"itemIdentifier\":\"\"}]}",
                "{\"batchItemFailures\":[{\"itemIdentifier\":null}]}",
                "{\"batchItemFailures\":[{\"bad\":\"a\"}]}"
            })
    void allHaveFailed(String answer) {
        assertThat(EventSource.failed(answer)).isNull();
    }

    @Test
    void thoseThatAreNamedHaveFailed() {
        assertThat(
                        EventSource.failed(
                                "{\"batchItemFailures\":[{\"itemIdentifier\":\"a\"},"
                                        + "{\"itemIdentifier\":\"b\"}]}"))
                .containsExactlyInAnyOrder("a", "b");
    }
}
