package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/// A test of pipelines, which are declared by its profile: how they are called, and what the
/// provider saw of that.
abstract class DeclaredPipelines extends PenstockTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);

    public static class Profile implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            Map<String, String> settings = new HashMap<>();
            declare(
                    settings,
                    "faulty",
                    "Extract [[sim fault=server_error times=1]] {input}",
                    "Analyze [[sim fault=rate_limit retry_after_ms=20 times=1]] {a.result}",
                    "Summarize [[sim fault=close_body times=1]] {b.result}");
            declare(
                    settings,
                    "narrow",
                    "Extract [[sim latency=10ms]] {input}",
                    "Analyze [[sim latency=15ms]] {a.result}",
                    "Summarize [[sim latency=5ms]] {b.result}");
            settings.put("penstock.pipelines.narrow.stages[0].max-concurrency", "7");
            settings.put("penstock.pipelines.narrow.stages[1].max-concurrency", "5");
            settings.put("penstock.pipelines.narrow.stages[2].max-concurrency", "2");
            declare(
                    settings,
                    "uphill",
                    "Extract {input}",
                    "Analyze {a.result}",
                    "Summarize [[sim fault=bad_request times=1]] {b.result}");
            declare(
                    settings,
                    "held",
                    "Extract {input}",
                    "Analyze [[sim gate=held]] {a.result}",
                    "Summarize {b.result}");
            settings.put("penstock.pipelines.held.stages[1].max-concurrency", "3");
            declare(settings, "null", "{input}", "Second [[sim fault=null_content]] {a.result}");
            declare(settings, "refused", "{input}", "Second [[sim fault=refusal]] {a.result}");
            declare(settings, "cut", "{input}", "Second {a.result}", "Third {b.result}");
            settings.put("penstock.pipelines.cut.stages[1].max-tokens", "2");
            declare(settings, "choice", "{input}", "Which? [[sim fault=misfit]] {a.result}");
            settings.put("penstock.pipelines.choice.stages[1].answers", "yes,no");
            declare(settings, "literal", "{{{input}}} is {{input}}", "{a.result} {{a.result}}");
            settings.put("penstock.pipelines.literal.stages[0].system", "No {input} here.");
            settings.put(
                    "penstock.pipelines.literal.stages[0].response-format", "{\"type\":\"text\"}");
            settings.put("penstock.pipelines.literal.stages[0].temperature", "0.25");
            declare(settings, "single", "Single [[sim gate=single]] {input}");
            settings.put("penstock.pipelines.single.stages[0].max-concurrency", "1");
            settings.put("penstock.flow.max-wait", "100ms");
            settings.put("penstock.llm.prices.\"gpt-4o-mini\".input", "1");
            settings.put("penstock.llm.prices.\"gpt-4o-mini\".output", "2");
            return settings;
        }

        private static void declare(Map<String, String> settings, String name, String... prompts) {
            for (int i = 0; i < prompts.length; i++) {
                String stage = "penstock.pipelines." + name + ".stages[" + i + "].";
                settings.put(stage + "name", String.valueOf((char) ('a' + i)));
                settings.put(stage + "prompt", prompts[i]);
            }
        }
    }

    Answer lines(String pipeline, String lines) {
        return Caller.join(
                caller.send(
                        caller.request("/batch?pipeline=" + pipeline)
                                .header("content-type", "application/jsonl")
                                .POST(HttpRequest.BodyPublishers.ofString(lines))
                                .build()));
    }

    Batch submit(String pipeline, String... prompts) {
        ObjectNode body = Caller.JSON.createObjectNode().put("pipeline", pipeline);
        List.of(prompts).forEach(body.putArray("prompts")::add);
        return Batch.of(caller, Batch.submit(caller, body.toString()));
    }

    Answer run(String pipeline, String input) {
        return Caller.join(send(pipeline, input));
    }

    CompletableFuture<Answer> send(String pipeline, String input) {
        return caller.send(
                request(
                        pipeline,
                        Caller.JSON
                                .createObjectNode()
                                .put("id", "doc-1")
                                .put("input", input)
                                .toString()));
    }

    Answer post(String pipeline, String body) {
        return Caller.join(caller.send(request(pipeline, body)));
    }

    private HttpRequest request(String pipeline, String body) {
        return caller.request("/pipeline/" + pipeline)
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    void awaitCalls(String word, int count) {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (callsOf(word) < count) {
            assertThat(System.nanoTime()).as("too late").isLessThan(end);
        }
    }

    /// Calls whose prompt begins so.
    long callsOf(String word) {
        return provider.log(word).stream()
                .filter(call -> call.path("key").asText().startsWith(word))
                .count();
    }

    static int tokens(List<JsonNode> log) {
        List<JsonNode> answered = new ArrayList<>(log);
        answered.removeIf(call -> call.path("status").asInt() != 200);
        return IntStream.range(0, answered.size())
                .map(i ->
                        answered.get(i).path("prompt_tokens").asInt()
                                + answered.get(i).path("completion_tokens").asInt())
                .sum();
    }

    static String documents(int count) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append(
                            Caller.JSON
                                    .createObjectNode()
                                    .put("custom_id", "doc-" + i)
                                    .put("prompt", "Document " + i + "."))
                    .append('\n');
        }
        return lines.toString();
    }
}
