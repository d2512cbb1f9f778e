package io.penstock.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Caller;
import io.penstock.testing.PackagedApplication;
import io.penstock.testing.Provider;
import io.penstock.testing.RuntimeApi;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The package as AWS Lambda runs it. Looks for what gets lost in packaging, above all in the
/// native binary; how things behave is tested elsewhere.
class PackagedIT {

    private static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final String KEY = "sk-packaged-0123456789abcdef";

    private static SimulatedProvider provider;
    private static RuntimeApi lambda;
    private static PackagedApplication application;

    @BeforeAll
    static void start() {
        provider = SimulatedProvider.start(SimulatedProvider.Options.defaults());
        lambda = new RuntimeApi(Duration.ofSeconds(30));
        long start = System.nanoTime();
        application =
                PackagedApplication.function(
                        Map.of(
                                "AWS_LAMBDA_RUNTIME_API",
                                lambda.authority(),
                                "OPENAI_BASE_URL",
                                provider.baseUrl(),
                                "OPENAI_API_KEY",
                                KEY,
                                "PENSTOCK_LLM_TIMEOUT",
                                "1s",
                                "PENSTOCK_LLM_BACKOFF",
                                "10ms"));
        lambda.awaitStarted(START_LIMIT);
        System.out.printf(
                "From process start to first poll: %d ms%n",
                (System.nanoTime() - start) / 1_000_000);
    }

    @AfterAll
    static void stop() {
        application.close();
        lambda.close();
        provider.close();
    }

    @Test
    void answersAPrompt() {
        JsonNode answer =
                post(Caller.prompt("packaged").put("system", "Be brief.").put("temperature", 0.5));

        assertThat(answer.path("statusCode").asInt()).isEqualTo(200);
        JsonNode body = Caller.parse(answer.path("body").asText());
        assertThat(body.path("result").asText()).endsWith("packaged");
        assertThat(body.path("usage").path("total_tokens").asInt()).isPositive();
        assertThat(answer.path("headers").path("x-penstock-attempts").asText()).isEqualTo("1");
    }

    @Test
    void retriesAndTimesOut() {
        JsonNode retried = post(Caller.prompt("retried [[sim fault=server_error times=2]]"));
        JsonNode timedOut = post(Caller.prompt("timed out [[sim fault=hang times=1]]"));

        assertThat(Caller.parse(retried.path("body").asText()).path("attempts").asInt())
                .isEqualTo(3);
        assertThat(Caller.parse(timedOut.path("body").asText()).path("attempts").asInt())
                .isEqualTo(2);
        assertThat(Provider.at(provider.baseUrl()).log("timed out").getFirst().path("end").asText())
                .isEqualTo("aborted");
    }

    @Test
    void obeysRetryAfter() {
        post(Caller.prompt("limited [[sim fault=rate_limit times=1 retry_after_ms=300]]"));

        var log = Provider.at(provider.baseUrl()).log("limited");
        assertThat(log.get(1).path("at").asDouble() - log.get(0).path("ended_at").asDouble())
                .isGreaterThanOrEqualTo(300);
    }

    @Test
    void saysWhatIsWrong() {
        JsonNode refused = post(Caller.JSON.createObjectNode().put("promt", "a"));
        JsonNode failed = post(Caller.prompt("no key [[sim fault=unauthorized]]"));

        assertThat(refused.path("statusCode").asInt()).isEqualTo(400);
        assertThat(refused.path("body").asText()).contains("\"param\":\"prompt\"");
        assertThat(failed.path("statusCode").asInt()).isEqualTo(502);
        assertThat(failed.path("body").asText()).contains("provider_authentication");
        assertThat(application.log()).doesNotContain(KEY, "Exception");
    }

    @Test
    void holdsNothingOfTheSimulatedProvider() throws IOException {
        try (ZipFile zip = new ZipFile(Path.of(System.getProperty("penstock.zip")).toFile())) {
            assertThat(zip.stream().map(Object::toString)).isNotEmpty();
        }
        if (!Boolean.getBoolean("penstock.native")) {
            try (ZipFile jar = new ZipFile(System.getProperty("penstock.package") + ".jar")) {
                assertThat(jar.stream().map(Object::toString))
                        .isNotEmpty()
                        .noneMatch(name -> name.startsWith("io/penstock/dev/"));
            }
        }
    }

    private static JsonNode post(ObjectNode body) {
        ObjectNode event = Caller.JSON.createObjectNode();
        event.put("version", "2.0").put("routeKey", "$default").put("rawPath", "/complete");
        event.put("rawQueryString", "").put("isBase64Encoded", false).put("body", body.toString());
        event.putObject("headers").put("content-type", "application/json").put("host", "x");
        event.putObject("requestContext")
                .putObject("http")
                .put("method", "POST")
                .put("path", "/complete")
                .put("sourceIp", "192.0.2.1");
        return Caller.parse(lambda.invoke(event.toString()));
    }
}
