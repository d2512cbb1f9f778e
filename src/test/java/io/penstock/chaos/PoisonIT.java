package io.penstock.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Caller;
import io.penstock.testing.Door;
import io.penstock.testing.Function;
import io.penstock.testing.Provider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// Items that harm: one whose call always fails, one that ends its worker each time, one of a
/// megabyte, one that is empty. The rest of the batch completes, the job ends, and each has a
/// reason.
class PoisonIT {

    private static final int CRASHES_MAX = 20;

    @Test
    void oneBadItemHarmsNoOther() throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory(Path.of("target"), "poison-");
        try (SimulatedProvider simulated =
                SimulatedProvider.start(SimulatedProvider.Options.defaults())) {
            Provider provider = Provider.at(simulated.baseUrl());
            Function function = start(simulated, directory);
            try {
                String id = submit(function);
                int crashes = 0;
                while (arrives(provider, function, id)) {
                    function.kill();
                    crashes++;
                    assertThat(crashes).isLessThan(CRASHES_MAX);
                    provider.await("in_flight=0", Duration.ofSeconds(20));
                    provider.reset();
                    function = start(simulated, directory);
                }
                check(status(function, id), crashes);
            } finally {
                function.kill();
            }
        }
    }

    private static String submit(Function function) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 60; i++) {
            String prompt =
                    switch (i) {
                        case 17 -> "poison [[sim gate=poison]]";
                        case 23 -> "always fails [[sim fault=server_error]]";
                        case 31 -> "large " + "x".repeat(1_000_000);
                        default -> "fine " + i;
                    };
            lines.append(
                            switch (i) {
                                case 40 -> chatLine(i, "{\"role\":\"user\"}");
                                case 41 -> chatLine(i, "{\"role\":\"user\",\"content\":\"\"}");
                                default ->
                                        Caller.JSON
                                                .createObjectNode()
                                                .put("custom_id", "item-" + i)
                                                .put("prompt", prompt)
                                                .toString();
                            })
                    .append('\n');
        }
        Door.Raw answer = function.call("POST", "/batch", "application/jsonl", lines.toString());
        assertThat(answer.status()).as(answer.body()).isEqualTo(202);
        return Caller.parse(answer.body()).path("job_id").asText();
    }

    private static String chatLine(int i, String message) {
        return "{\"custom_id\":\"item-"
                + i
                + "\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{\"messages\":["
                + message
                + "]}}";
    }

    /// Waits until the poison is at the provider, or the job has ended.
    private static boolean arrives(Provider provider, Function function, String id)
            throws InterruptedException {
        while (provider.log("poison").isEmpty()) {
            if (status(function, id).path("status").asText().equals("completed")) {
                return false;
            }
            // The provider is asked over the wire, but need not be asked all the time.
            new CountDownLatch(1).await(50, TimeUnit.MILLISECONDS);
        }
        return true;
    }

    private static JsonNode status(Function function, String id) {
        return Caller.parse(function.call("GET", "/batch/" + id, "application/json", "").body());
    }

    private static void check(JsonNode status, int crashes) {
        System.out.println("The poison ended " + crashes + " workers: " + status.path("errors"));
        assertThat(status.path("completed").asInt()).isEqualTo(57);
        assertThat(status.path("failed").asInt()).isEqualTo(3);
        Map<String, String> codes = new HashMap<>();
        status.path("errors")
                .forEach(error ->
                        codes.put(error.path("custom_id").asText(), error.path("code").asText()));
        assertThat(codes)
                .containsOnlyKeys("item-17", "item-23", "item-40")
                .containsEntry("item-17", "worker_crashed")
                .containsEntry("item-23", "server");
        assertThat(status.path("results").get(31).asText()).contains("large x");
    }

    private static Function start(SimulatedProvider simulated, Path directory) {
        return new Function(
                Map.of(
                        "OPENAI_BASE_URL",
                        simulated.baseUrl(),
                        "OPENAI_API_KEY",
                        "poison",
                        "PENSTOCK_LLM_BACKOFF",
                        "20ms",
                        "PENSTOCK_LLM_MAX_BACKOFF",
                        "50ms",
                        "PENSTOCK_BATCH_WORKERS",
                        "2",
                        "PENSTOCK_BATCH_LEASE",
                        "1s",
                        "PENSTOCK_BATCH_SWEEP_EVERY",
                        "1s",
                        "PENSTOCK_STORE_VISIBILITY",
                        "1s",
                        "PENSTOCK_STORE_DIRECTORY",
                        directory.toAbsolutePath().toString()));
    }
}
