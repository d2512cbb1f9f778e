package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.OpenAiApi;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// A batch whose time is up, and one that is past its retention.
@QuarkusTest
@TestProfile(BatchExpiryQuarkusTest.Short.class)
class BatchExpiryQuarkusTest extends PenstockTest {

    /// Little time for everything.
    public static class Short implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "penstock.batch.expiry", "2s",
                    "penstock.batch.retention", "5s",
                    "penstock.batch.sweep-every", "300ms");
        }
    }

    @Test
    void whatIsFinishedIsPublishedAndTheRestExpiresAndIsForgottenInTheEnd() {
        Batch batch =
                Batch.of(
                        caller,
                        Batch.submit(
                                caller, "{\"prompts\":[\"done\",\"never [[sim gate=never]]\"]}"));

        JsonNode ended = batch.awaitStatus("expired");

        assertThat(ended.path("completed").asInt()).isEqualTo(1);
        assertThat(ended.path("expired").asInt()).isEqualTo(1);
        assertThat(ended.path("results").get(0).asText()).endsWith("done");
        assertThat(ended.path("errors").get(0).path("code").asText()).isEqualTo("batch_expired");
        batch.await(status -> status.path("error").path("code").asText().equals("not_found"));
    }

    @Test
    void aBatchOfOpenAisExpiresAfterItsWindow() {
        OpenAiApi api = new OpenAiApi(caller);
        String file =
                api.upload(
                        OpenAiApi.line("done", "done")
                                + OpenAiApi.line("never", "never [[sim gate=window]]"));
        String id =
                api.json("/v1/batches", OpenAiApi.batch(file).put("completion_window", "3s"))
                        .json()
                        .path("id")
                        .asText();

        JsonNode expired = api.awaitStatus(id, "expired");

        assertThat(expired.path("expired_at").asLong())
                .isGreaterThanOrEqualTo(expired.path("expires_at").asLong());
        assertThat(expired.path("completed_at").isNull()).isTrue();
        assertThat(api.lines(expired.path("output_file_id").asText()).getFirst().path("custom_id"))
                .isEqualTo(Caller.parse("\"done\""));
        JsonNode line = api.lines(expired.path("error_file_id").asText()).getFirst();
        assertThat(line.path("response").isNull()).isTrue();
        assertThat(line.path("error").path("code").asText()).isEqualTo("batch_expired");
    }

    @Test
    void aPausedBatchExpiresToo() {
        String prompts =
                IntStream.range(0, 200)
                        .mapToObj(i -> "\"p" + i + " [[sim latency=700ms]]\"")
                        .collect(Collectors.joining(","));
        Batch batch = Batch.of(caller, Batch.submit(caller, "{\"prompts\":[" + prompts + "]}"));
        batch.post("/pause");

        JsonNode ended = batch.awaitStatus("expired");

        assertThat(ended.path("pending").asInt()).isZero();
        assertThat(ended.path("completed").asInt() + ended.path("expired").asInt()).isEqualTo(200);
    }
}
