package io.penstock.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.PackagedApplication;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A mistake in the configuration stops the start, and the last thing printed is one sentence that
/// says what to change.
class StartIT {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "OPENAI_BASE_URL | localhost:1234/v1 | penstock.llm.base-url (OPENAI_BASE_URL)",
                "OPENAI_BASE_URL | ftp://host/v1 | penstock.llm.base-url (OPENAI_BASE_URL)",
                "PENSTOCK_FLOW_MAX_CONCURRENCY | -5 | penstock.flow.max-concurrency",
                "PENSTOCK_FLOW_MAX_CONCURRENCY | many | penstock.flow.max-concurrency",
                "PENSTOCK_FLOW_MAX_WAITING | -1 | penstock.flow.max-waiting",
                "PENSTOCK_LLM_TIMEOUT | 0s | penstock.llm.timeout",
                "PENSTOCK_LLM_BACKOFF | -1s | penstock.llm.backoff",
                "PENSTOCK_LLM_TIMEOUT | soon | penstock.llm.timeout",
                "PENSTOCK_LLM_MAX_ATTEMPTS | 0 | penstock.llm.max-attempts",
                "PENSTOCK_LLM_MAX_TOKENS_FIELD | tokens | penstock.llm.max-tokens-field",
                "PENSTOCK_HTTP_MAX_BODY | 0 | penstock.http.max-body",
                "PENSTOCK_PIPELINES_DIGEST_STAGES_1__PROMPT | {facts} | unknown placeholder {facts}",
                "PENSTOCK_PIPELINES_DIGEST_STAGES_1__NAME | extract | stages[1].name is extract",
                "PENSTOCK_LAMBDA_CONNECTIONS_URL | host/stage | penstock.lambda.connections-url",
            })
    void aWrongValueIsNamed(String variable, String value, String named) {
        Map<String, String> environment =
                new HashMap<>(
                        Map.of(
                                "OPENAI_API_KEY", "sk-start-0123456789abcdef",
                                "AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9"));
        environment.put(variable, value);

        check(environment, named);
    }

    /// It is Quarkus that says so, with a stack trace.
    @Test
    void aHandlerThatThereIsNotIsNamed() {
        try (PackagedApplication application =
                PackagedApplication.process(
                        Map.of(
                                "OPENAI_API_KEY", "sk-start-0123456789abcdef",
                                "AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9",
                                "QUARKUS_LAMBDA_HANDLER", "worker"))) {
            assertThat(application.awaitEnd()).isNotZero();
            assertThat(application.log())
                    .contains("Unable to find handler class with name worker")
                    .doesNotContain("sk-start");
        }
    }

    @Test
    void aMissingKeyIsNamed() {
        check(Map.of("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9"), "OPENAI_API_KEY");
    }

    private static void check(Map<String, String> environment, String named) {
        try (PackagedApplication application = PackagedApplication.process(environment)) {
            assertThat(application.awaitEnd()).isNotZero();
            assertThat(application.log().lines().filter(line -> line.contains(named)).toList())
                    .as("one sentence")
                    .hasSize(1);
            assertThat(application.log()).doesNotContain("sk-start");
            // In the binary, Quarkus's poll loop logs that it was interrupted while it waited for
            // the start.
            if (!Boolean.getBoolean("penstock.native")) {
                assertThat(application.log()).doesNotContain("\tat ");
            }
        }
    }
}
