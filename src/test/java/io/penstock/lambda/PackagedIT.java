package io.penstock.lambda;

import static io.penstock.testing.Caller.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Caller;
import io.penstock.testing.Door;
import io.penstock.testing.Function;
import io.penstock.testing.Function.Answer;
import io.penstock.testing.Provider;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The package as AWS Lambda runs it. Looks for what gets lost in packaging, above all in the
/// native binary; how things behave is tested elsewhere.
class PackagedIT {

    private static final String KEY = "sk-packaged-0123456789abcdef";

    private static SimulatedProvider simulated;
    private static Provider provider;
    private static Function function;

    @BeforeAll
    static void start() {
        simulated = SimulatedProvider.start(SimulatedProvider.Options.defaults());
        provider = Provider.at(simulated.baseUrl());
        long start = System.nanoTime();
        function =
                new Function(
                        Map.of(
                                "OPENAI_BASE_URL",
                                simulated.baseUrl(),
                                "OPENAI_API_KEY",
                                KEY,
                                // Not the annotation's own default of 1 s, which would hold if
                                // the settings got lost.
                                "PENSTOCK_LLM_TIMEOUT",
                                "2s",
                                "PENSTOCK_LLM_BACKOFF",
                                "10ms",
                                "PENSTOCK_LLM_MAX_ATTEMPTS",
                                "3",
                                // A refused model is left alone, and here each is the same one.
                                "PENSTOCK_FLOW_BREAKER_FAILURES",
                                "0"));
        System.out.printf(
                "From process start to first poll: %d ms%n",
                (System.nanoTime() - start) / 1_000_000);
    }

    @AfterAll
    static void stop() {
        function.close();
        simulated.close();
    }

    @Test
    void answersAPrompt() {
        Answer answer =
                function.complete(
                        prompt("packaged").put("system", "Be brief.").put("temperature", 0.5));

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body().path("result").asText()).endsWith("packaged");
        assertThat(answer.body().path("usage").path("total_tokens").asInt()).isPositive();
        assertThat(answer.headers().path("x-penstock-attempts").asText()).isEqualTo("1");
    }

    @Test
    void retriesAndTimesOut() {
        Answer retried = function.complete(prompt("retried [[sim fault=server_error times=2]]"));
        Answer timedOut = function.complete(prompt("timed out [[sim fault=hang times=1]]"));
        Answer slow = function.complete(prompt("slow [[sim latency=1300ms]]"));

        assertThat(retried.body().path("attempts").asInt()).isEqualTo(3);
        assertThat(timedOut.body().path("attempts").asInt()).isEqualTo(2);
        assertThat(slow.body().path("attempts").asInt()).isEqualTo(1);
        assertThat(provider.log("timed out").getFirst().path("end").asText()).isEqualTo("aborted");
    }

    @Test
    void obeysRetryAfter() {
        function.complete(prompt("limited [[sim fault=rate_limit times=1 retry_after_ms=300]]"));

        List<JsonNode> log = provider.log("limited");
        assertThat(log.get(1).path("at").asDouble() - log.get(0).path("ended_at").asDouble())
                .isGreaterThanOrEqualTo(300);
    }

    @Test
    void saysWhatIsWrong() {
        Answer refused = function.complete(prompt("a").put("promt", "b"));
        Answer failed = function.complete(prompt("no key [[sim fault=unauthorized]]"));

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.body().path("error").path("param").asText()).isEqualTo("promt");
        assertThat(failed.status()).isEqualTo(502);
        assertThat(failed.body().path("error").path("code").asText())
                .isEqualTo("provider_authentication");
        assertThat(function.log()).contains("OPENAI_API_KEY").doesNotContain(KEY, "Exception");
    }

    @ParameterizedTest
    @CsvSource({
        "rate_limit, 429, rate_limited",
        "quota, 429, quota_exhausted",
        "bad_request, 400, invalid_request",
        "context_length, 400, context_length_exceeded",
        "content_filter, 400, content_filter",
        "refusal, 400, content_filter",
        "forbidden, 502, provider_authentication",
        "server_error, 502, server",
        "overloaded, 502, overloaded",
        "reset, 502, transport",
        "hang, 502, timeout",
        "no_finish_reason, 502, truncated",
        "html, 502, truncated",
        "length, 502, length"
    })
    void eachKindOfFailureIsToldApart(String fault, int status, String code) {
        Answer answer =
                function.complete(
                        prompt("kind of " + fault + " [[sim fault=" + fault + "]]")
                                // Of those that have one, the time of a few attempts.
                                .put("timeout_ms", 20_000));

        assertThat(answer.status()).as(answer.toString()).isEqualTo(status);
        assertThat(answer.body().path("error").path("code").asText()).isEqualTo(code);
    }

    @Test
    void anEventOfAnotherKindIsRefusedAndTheNextOneServed() {
        ObjectNode badBase64 =
                Caller.JSON
                        .createObjectNode()
                        .put("rawPath", "/complete")
                        .put("isBase64Encoded", true)
                        .put("body", "!");
        badBase64.putObject("requestContext").putObject("http").put("method", "POST");

        for (ObjectNode event : List.of(Caller.JSON.createObjectNode(), badBase64)) {
            Answer refused = function.invoke(event);
            assertThat(refused.status()).isEqualTo(400);
            assertThat(refused.body().path("error").path("code").asText()).isEqualTo("bad_request");
        }
        assertThat(function.complete(prompt("still here")).status()).isEqualTo(200);
    }

    @Test
    void holdsNothingOfTheSimulatedProvider() throws IOException {
        String packaged =
                Boolean.getBoolean("penstock.native")
                        ? System.getProperty("penstock.zip")
                        : System.getProperty("penstock.package") + ".jar";
        try (ZipFile zip = new ZipFile(packaged)) {
            assertThat(zip.stream().map(Object::toString))
                    .isNotEmpty()
                    .noneMatch(name -> name.contains("penstock/dev"));
        }
    }

    @Test
    void theDescriptionOfTheApiIsThere() {
        Door.Raw yaml = function.call("GET", "/q/openapi", "application/json", "");
        Door.Raw json = function.call("GET", "/q/openapi?format=json", "application/json", "");

        assertThat(yaml.status()).isEqualTo(200);
        assertThat(yaml.body()).startsWith("---\nopenapi: 3.1.0");
        assertThat(Caller.parse(json.body()).path("paths").path("/v1/chat/completions").isObject())
                .isTrue();
    }
}
