package io.penstock.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Caller;
import io.penstock.testing.Emulators;
import io.penstock.testing.Function;
import io.penstock.testing.lambda.Schedule;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The functions of the queue and of the schedule, event by event.
class SweepIT {

    private static final Duration SOON = Duration.ofSeconds(30);

    @Test
    void whatGotLostIsFoundAndWhatDiedIsQueuedAgain() throws Exception {
        try (SimulatedProvider simulated =
                        SimulatedProvider.start(SimulatedProvider.Options.defaults());
                Emulators emulators = Emulators.start()) {
            Emulators.Queues queues = emulators.queues("sweep", Duration.ofSeconds(30), 10);
            Map<String, String> variables =
                    new HashMap<>(
                            emulators.environment(
                                    emulators.table("sweep"), emulators.bucket("sweep"), queues));
            variables.put("OPENAI_BASE_URL", simulated.baseUrl());
            variables.put("OPENAI_API_KEY", "sweep");
            variables.put("PENSTOCK_BATCH_SWEEP_EVERY", "1s");
            try (Function http = function("http", variables);
                    Function work = function("work", variables);
                    Function sweep = function("sweep", variables)) {
                String id = submit(http);
                String message = take(emulators, queues.url());
                assertThat(message).contains(id);

                // The message is gone; a dead letter brings it back.
                assertThat(Caller.parse(sweep.answer(records("m1", message).toString())))
                        .isEqualTo(none());
                assertThat(take(emulators, queues.url())).isEqualTo(message);

                // It is gone again; the schedule's sweep brings it back.
                String swept = "";
                long end = System.nanoTime() + SOON.toNanos();
                while (swept.isEmpty() && System.nanoTime() < end) {
                    sweep.answer(Schedule.event());
                    swept = take(emulators, queues.url());
                }
                assertThat(swept).isEqualTo(message);

                assertThat(Caller.parse(work.answer(records("m2", swept).toString())))
                        .isEqualTo(none());
                JsonNode status =
                        Caller.parse(
                                http.call("GET", "/batch/" + id, "application/json", "").body());
                assertThat(status.path("status").asText())
                        .as(status.toString())
                        .isEqualTo("completed");
            }
        }
    }

    private static Function function(String handler, Map<String, String> variables) {
        Map<String, String> all = new HashMap<>(variables);
        all.put("QUARKUS_LAMBDA_HANDLER", handler);
        return new Function(all);
    }

    private static String submit(Function http) {
        return Caller.parse(
                        http.call(
                                        "POST",
                                        "/batch",
                                        "application/json",
                                        "{\"prompts\":[\"one\",\"two\"]}")
                                .body())
                .path("job_id")
                .asText();
    }

    private static ObjectNode records(String messageId, String body) {
        ObjectNode event = Caller.JSON.createObjectNode();
        event.putArray("Records")
                .addObject()
                .put("messageId", messageId)
                .put("receiptHandle", "none")
                .put("body", body)
                .put("eventSource", "aws:sqs");
        return event;
    }

    private static JsonNode none() {
        return Caller.parse("{\"batchItemFailures\":[]}");
    }

    /// Takes a message off the queue for good.
    ///
    /// @return an empty text when there is none
    private static String take(Emulators emulators, String url) {
        for (var message :
                emulators
                        .sqs()
                        .receiveMessage(r -> r.queueUrl(url).waitTimeSeconds(1))
                        .messages()) {
            emulators
                    .sqs()
                    .deleteMessage(d -> d.queueUrl(url).receiptHandle(message.receiptHandle()));
            return message.body();
        }
        return "";
    }
}
