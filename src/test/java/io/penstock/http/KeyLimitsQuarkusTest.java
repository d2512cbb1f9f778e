package io.penstock.http;

import static io.penstock.testing.Caller.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.langchain4j.service.UserMessage;
import io.penstock.tasks.BatchTask;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.OpenAiApi;
import io.penstock.testing.PenstockTest;
import io.quarkiverse.langchain4j.RegisterAiService;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.enterprise.context.ApplicationScoped;
import java.math.BigDecimal;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.eclipse.microprofile.faulttolerance.Timeout;
import org.junit.jupiter.api.Test;

/// Each key is held to what it may use, and what it has used is told to the token.
@QuarkusTest
@TestProfile(KeyLimitsQuarkusTest.Priced.class)
class KeyLimitsQuarkusTest extends PenstockTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    public static class Priced implements QuarkusTestProfile {

        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "penstock.flow.max-wait", "1s",
                    "penstock.llm.prices.\"gpt-4o-mini\".input", "1000",
                    "penstock.llm.prices.\"gpt-4o-mini\".output", "2000");
        }
    }

    /// A task whose model is called in a thread of its timeout's.
    @RegisterAiService
    @ApplicationScoped
    interface Patient {

        @BatchTask("patient")
        @Timeout(20_000)
        @UserMessage("Say: {text}")
        String say(String text);
    }

    private JsonNode key(String limits) {
        Answer answer = post(caller, "/keys", "{\"name\":\"team\"" + limits + "}");
        assertThat(answer.status()).as(answer.body()).isEqualTo(201);
        return answer.json();
    }

    private Caller with(JsonNode key) {
        return caller.showing(key.path("key").asText());
    }

    private static Answer post(Caller by, String path, String body) {
        return by.send(
                        by.request(path)
                                .header("content-type", "application/json")
                                .POST(HttpRequest.BodyPublishers.ofString(body))
                                .build())
                .join();
    }

    private JsonNode await(Caller by, String batch, String status) {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            JsonNode now = by.send(by.request("/batch/" + batch).build()).join().json();
            if (now.path("status").asText().equals(status)) {
                return now;
            }
            assertThat(System.nanoTime()).as("%s", now).isLessThan(end);
        }
    }

    private JsonNode usage(Caller by, String query) {
        return by.send(by.request("/usage" + query).build()).join().json().path("data");
    }

    private static long sum(JsonNode rows, String field) {
        long sum = 0;
        for (JsonNode row : rows) {
            sum += row.path(field).asLong();
        }
        return sum;
    }

    @Test
    void aModelThatItMayNotUseIsRefusedByName() {
        Caller team = with(key(",\"models\":[\"gpt-4o-mini\",\"o3*\"]"));

        assertThat(team.complete("Say OK.").status()).isEqualTo(200);
        Answer own = team.complete(prompt("Say OK.").put("model", "gpt-4o"));
        assertThat(own.status()).isEqualTo(400);
        assertThat(own.code()).isEqualTo("model_not_allowed");
        Answer openAi =
                post(
                        team,
                        "/v1/chat/completions",
                        "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"Say OK.\"}]}");
        assertThat(openAi.status()).isEqualTo(403);
        assertThat(openAi.body()).contains("model_not_allowed", "gpt-4o-mini, o3*");
        String batch =
                post(
                                team,
                                "/batch",
                                "{\"items\":[{\"prompt\":\"a\"},{\"prompt\":\"b\",\"model\":\"gpt-4o\"}]}")
                        .json()
                        .path("job_id")
                        .asText();
        JsonNode ended = await(team, batch, "completed");
        assertThat(ended.path("completed").asInt()).isEqualTo(1);
        assertThat(ended.path("failed").asInt()).isEqualTo(1);
        assertThat(provider.wholeLog()).hasSize(2);
    }

    @Test
    void aTaskIsOnItsCallersKeyInWhicheverThreadItsModelIsCalled() {
        Caller team = with(key(",\"models\":[\"o3*\"]"));

        Answer answer = post(team, "/tasks/patient", "{\"text\":\"OK\"}");

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.code()).isEqualTo("model_not_allowed");
        assertThat(provider.wholeLog()).isEmpty();
    }

    @Test
    void requestsBeyondARateWaitOrAreToldWhenToComeAgain() {
        Caller team = with(key(",\"requests_per_minute\":20"));
        Caller other = with(key(",\"requests_per_minute\":20"));

        List<Answer> answers =
                IntStream.range(0, 6)
                        .mapToObj(_ -> team.completeAsync(prompt("Say OK.")))
                        .toList()
                        .stream()
                        .map(CompletableFuture::join)
                        .toList();

        assertThat(answers).filteredOn(answer -> answer.status() == 200).hasSize(1);
        assertThat(answers)
                .filteredOn(answer -> answer.status() == 429)
                .hasSize(5)
                .allSatisfy(answer -> {
                    assertThat(Integer.parseInt(answer.header("retry-after"))).isBetween(1, 4);
                    assertThat(answer.body()).contains("requests or tokens a minute");
                });
        assertThat(other.complete("Say OK.").status()).isEqualTo(200);
        assertThat(provider.wholeLog()).hasSize(2);
    }

    @Test
    void callsAtOnceAreBounded() {
        Caller team = with(key(",\"calls_at_once\":2"));
        List<CompletableFuture<Answer>> held =
                List.of(
                        team.completeAsync(prompt("Say OK. [[sim gate=keys]]")),
                        team.completeAsync(prompt("Say OK. [[sim gate=keys]]")));
        provider.await("in_flight=2", LIMIT);

        Answer third = team.complete("Say OK.");
        provider.open("keys");

        assertThat(third.status()).isEqualTo(429);
        assertThat(third.body()).contains("2 calls at once");
        held.forEach(one -> assertThat(one.join().status()).isEqualTo(200));
        assertThat(team.complete("Say OK.").status()).isEqualTo(200);
    }

    @Test
    void whoHasSpentItsMoneyIsToldSoAndItsBatchIsPaused() {
        JsonNode made = key(",\"spend_per_day\":0.05");
        Caller team = with(made);
        String prompts = "\"Say OK.\"" + ",\"Say OK.\"".repeat(199);
        String batch =
                post(team, "/batch", "{\"prompts\":[" + prompts + "]}")
                        .json()
                        .path("job_id")
                        .asText();

        JsonNode paused = await(team, batch, "paused");
        Answer inPerson = team.complete("Say OK.");

        assertThat(paused.path("reason").asText()).startsWith("budget_spent: ");
        assertThat(inPerson.status()).isEqualTo(429);
        assertThat(inPerson.code()).isEqualTo("budget_spent");
        assertThat(inPerson.header("x-should-retry")).isEqualTo("false");
        assertThat(inPerson.body()).contains("this day", "0.05");
        JsonNode rows = usage(team, "");
        assertThat(new BigDecimal(rows.path(0).path("cost").asText()))
                .isGreaterThanOrEqualTo(new BigDecimal("0.05"));
        assertThat(post(team, "/batch/" + batch + "/cancel", "").status()).isEqualTo(202);
    }

    @Test
    void aModelWithoutAPriceIsNotFreeForAKeyWithABound() {
        Caller team = with(key(",\"spend_per_month\":100"));

        Answer answer = team.complete(prompt("Say OK.").put("model", "o3"));

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.code()).isEqualTo("price_unknown");
        assertThat(provider.wholeLog()).isEmpty();
    }

    @Test
    void whatAllKeysHaveUsedIsWhatTheProviderHasSent() {
        JsonNode one = key("");
        JsonNode other = key("");
        List<String> batches =
                List.of(one, other).stream()
                        .map(key -> {
                            Caller by = with(key);
                            by.complete("Say OK.");
                            by.stream("one two three");
                            new OpenAiApi(by)
                                    .json(
                                            "/v1/chat/completions",
                                            (ObjectNode)
                                                    Caller.parse(
                                                            "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"b\"}]}"));
                            post(by, "/pipeline/digest", "{\"input\":\"a text\"}");
                            return post(
                                            by,
                                            "/batch",
                                            "{\"items\":[{\"prompt\":\"a\"},{\"prompt\":\"b\",\"model\":\"gpt-4o\"},{\"prompt\":\"c\"}]}")
                                    .json()
                                    .path("job_id")
                                    .asText();
                        })
                        .toList();
        await(with(one), batches.getFirst(), "completed");
        await(with(other), batches.getLast(), "completed");

        for (String field : List.of("prompt_tokens", "completion_tokens")) {
            long all =
                    provider.wholeLog().stream().mapToLong(call -> call.path(field).asLong()).sum();
            assertThat(
                            sum(usage(caller, "?key=" + one.path("id").asText()), field)
                                    + sum(
                                            usage(caller, "?key=" + other.path("id").asText()),
                                            field))
                    .as(field)
                    .isEqualTo(all)
                    .isPositive();
        }
        JsonNode rows = usage(with(one), "");
        assertThat(rows)
                .extracting(row -> row.path("model").asText())
                .containsExactlyInAnyOrder("gpt-4o-mini-2026-01-01", "gpt-4o-2026-01-01");
        assertThat(sum(rows, "requests")).isEqualTo(9);
        assertThat(
                        with(one)
                                .send(
                                        caller.showing(one.path("key").asText())
                                                .request("/usage?key=" + other.path("id").asText())
                                                .build())
                                .join()
                                .status())
                .isEqualTo(404);
    }

    @Test
    void whatCallsThatEndTogetherHaveUsedIsThereWhenTheyAreAnswered() {
        JsonNode made = key("");
        Caller team = with(made);

        List<CompletableFuture<Answer>> calls =
                IntStream.range(0, 100)
                        .mapToObj(_ -> team.completeAsync(prompt("Say OK.")))
                        .toList();
        calls.forEach(call -> assertThat(call.join().status()).isEqualTo(200));

        JsonNode rows = usage(team, "");
        assertThat(sum(rows, "requests")).isEqualTo(100);
        assertThat(sum(rows, "prompt_tokens"))
                .isEqualTo(
                        provider.wholeLog().stream()
                                .mapToLong(call -> call.path("prompt_tokens").asLong())
                                .sum());
    }

    @Test
    void oneRequestReadsABoundedNumberOfDays() {
        IntStream.range(0, 6).forEach(_ -> key(""));
        String year = "?from=2025-12-01&to=2026-11-30";

        Answer all = caller.send(caller.request("/usage" + year).build()).join();
        Answer one =
                caller.send(
                                caller.request(
                                                "/usage"
                                                        + year
                                                        + "&key="
                                                        + key("").path("id").asText())
                                        .build())
                        .join();

        assertThat(all.status()).isEqualTo(400);
        assertThat(all.body()).contains("one \\\"key\\\"", "fewer days");
        assertThat(one.status()).isEqualTo(200);
    }
}
