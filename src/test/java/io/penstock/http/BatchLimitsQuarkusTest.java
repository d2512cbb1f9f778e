package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Small bounds on a batch: what is just within is taken, what is just beyond leaves nothing.
@QuarkusTest
@TestProfile(BatchLimitsQuarkusTest.Small.class)
class BatchLimitsQuarkusTest extends PenstockTest {

    public static class Small implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "penstock.batch.max-items", "3",
                    "penstock.batch.max-input", "1K",
                    "penstock.batch.chunk-items", "1",
                    "penstock.llm.max-prompt", "600",
                    "penstock.http.max-body", "3K");
        }
    }

    @Test
    void aBatchHasAsManyItemsAsItMayAndNotOneMore() {
        int before = jobs();
        Answer three = Batch.submit(caller, "{\"prompts\":[\"a\",\"b\",\"c\"]}");
        Answer four = Batch.submit(caller, "{\"prompts\":[\"a\",\"b\",\"c\",\"d\"]}");
        Answer fourLines = Batch.submitLines(caller, "{\"prompt\":\"a\"}\n".repeat(4));

        assertThat(three.status()).isEqualTo(202);
        check(four, 400, "too_many_items", "prompts[3]");
        check(fourLines, 400, "too_many_items", "Line 4");
        Batch.of(caller, three).awaitStatus("completed");
        assertThat(jobs()).isEqualTo(before + 1);
        assertThat(provider.stats().path("requests").asInt()).isEqualTo(3);
    }

    @Test
    void linesAndPromptsAndBodiesHaveTheirBounds() {
        int before = jobs();
        String half = "{\"prompt\":\"" + "x".repeat(590) + "\"}\n";

        check(Batch.submitLines(caller, half + half), 400, "too_many_items", "Line 2");
        check(
                Batch.submitLines(caller, "{\"prompt\":\"" + "x".repeat(601) + "\"}"),
                400,
                "prompt_too_long",
                "Line 1");
        check(
                Batch.submit(caller, "{\"prompts\":[\"a\",\"" + "x".repeat(601) + "\"]}"),
                400,
                "prompt_too_long",
                "prompts[1]");
        check(
                Batch.submit(caller, "{\"prompts\":[\"" + "x".repeat(3 << 10) + "\"]}"),
                413,
                "body_too_large",
                "");

        assertThat(jobs()).isEqualTo(before);
        assertThat(provider.stats().path("requests").asInt()).isZero();
    }

    private static void check(Answer answer, int status, String code, String says) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.code()).isEqualTo(code);
        assertThat(answer.json().path("error").path("message").asText()).contains(says);
    }

    private int jobs() {
        return Caller.join(caller.send(caller.request("/batch?limit=100").build()))
                .json()
                .path("data")
                .size();
    }
}
