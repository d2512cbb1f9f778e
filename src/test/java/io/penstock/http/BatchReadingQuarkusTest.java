package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// A batch can be read at every moment, and what was read once never changes.
@QuarkusTest
class BatchReadingQuarkusTest extends PenstockTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);

    @Test
    void anUnknownBatchIsNotFoundAtAnyPath() {
        for (String id :
                List.of("batch_none", "none", "%00", "a%20b", "..%2F..", "x".repeat(2_000))) {
            Batch none = new Batch(caller, id);
            for (Answer answer :
                    List.of(
                            none.get(""),
                            none.get("/results"),
                            none.get("/results?order=input&limit=5"),
                            none.get("/events"),
                            none.post("/cancel"),
                            none.post("/pause"),
                            none.post("/resume"),
                            none.post("/retry"),
                            none.delete())) {
                assertThat(answer.status()).as(id).isEqualTo(404);
                assertThat(answer.code()).as(id).isEqualTo("not_found");
            }
        }
    }

    @Test
    void resultsAreReadWhileOthersStillRun() {
        Batch batch =
                Batch.of(
                        caller,
                        Batch.submit(
                                caller,
                                """
                                {"prompts":["zero","one","held [[sim gate=early]]","three"],"timeout_ms":60000}
                                """));

        batch.await(status -> status.path("completed").asInt() == 3);
        Answer first = batch.get("/results?limit=2");
        Answer second = batch.get("/results?limit=2&after=" + first.header("x-next-cursor"));
        List<Integer> read = new ArrayList<>(Batch.indices(first));
        read.addAll(Batch.indices(second));
        assertThat(read).containsExactlyInAnyOrder(0, 1, 3);
        assertThat(Batch.indices(batch.get("/results?order=input"))).containsExactly(0, 1);
        assertThat(batch.status().path("results").isNull()).isTrue();

        provider.open("early");
        batch.awaitStatus("completed");

        Answer rest = batch.get("/results?after=" + second.header("x-next-cursor"));
        assertThat(Batch.indices(rest)).containsExactly(2);
        assertThat(Batch.indices(batch.get("/results?order=input"))).containsExactly(0, 1, 2, 3);
        Answer page = batch.get("/results?order=input&limit=3");
        assertThat(Batch.indices(page)).containsExactly(0, 1, 2);
        assertThat(
                        Batch.indices(
                                batch.get(
                                        "/results?order=input&after="
                                                + page.header("x-next-cursor"))))
                .containsExactly(3);
    }

    @Test
    void countsNeverGoBackAndAlwaysAddUp() {
        String prompts =
                IntStream.range(0, 20)
                        .mapToObj(i ->
                                "\"counted %d [[sim gate=count%d%s]]\""
                                        .formatted(i, i, i % 5 == 0 ? " fault=bad_request" : ""))
                        .collect(Collectors.joining(","));
        Batch batch =
                Batch.of(
                        caller,
                        Batch.submit(
                                caller, "{\"prompts\":[" + prompts + "],\"timeout_ms\":60000}"));
        provider.await("in_flight=20", LIMIT);
        List<JsonNode> seen = new ArrayList<>();

        // Last first, so that an index would not pass for a count.
        for (int i = 19; i >= 0; i--) {
            provider.open("count" + i);
            if (i % 4 > 0) {
                continue;
            }
            int wanted = 20 - i;
            batch.await(status -> {
                seen.add(status);
                return status.path("completed").asInt() + status.path("failed").asInt() == wanted;
            });
        }

        JsonNode done = batch.awaitStatus("completed");
        assertThat(done.path("completed").asInt()).isEqualTo(16);
        assertThat(done.path("failed").asInt()).isEqualTo(4);
        assertThat(seen).allSatisfy(status -> assertThat(Batch.sum(status)).isEqualTo(20));
        for (String count : List.of("completed", "failed")) {
            assertThat(seen.stream().map(status -> status.path(count).asInt()).toList()).isSorted();
        }
    }

    @Test
    void eventsTellOfProgressUntilTheEnd() {
        Batch batch =
                Batch.of(
                        caller,
                        Batch.submit(caller, "{\"prompts\":[\"a\",\"b [[sim gate=events]]\"]}"));
        CompletableFuture<Answer> events =
                caller.send(caller.request("/batch/" + batch.id() + "/events").build());

        batch.await(status -> status.path("completed").asInt() == 1);
        provider.open("events");

        List<JsonNode> seen = Caller.join(events).events();
        assertThat(seen.getLast().path("status").asText()).isEqualTo("completed");
        assertThat(seen.getLast().path("completed").asInt()).isEqualTo(2);
        assertThat(seen.stream().map(event -> event.path("completed").asInt()).toList()).isSorted();
    }

    @Test
    void eventsOfABatchThatHasEndedAreItsLastOne() {
        Batch batch = Batch.of(caller, Batch.submit(caller, "{\"prompts\":[\"over\"]}"));
        batch.awaitStatus("completed");

        Answer events = batch.get("/events");

        assertThat(events.header("content-type")).startsWith("text/event-stream");
        assertThat(events.events()).hasSize(1);
        assertThat(events.events().getFirst().path("status").asText()).isEqualTo("completed");
        assertThat(batch.post("/pause").code()).isEqualTo("wrong_state");
        assertThat(batch.post("/resume").code()).isEqualTo("wrong_state");
    }

    @Test
    void batchesAreListedNewestFirstAndForgottenWhenDeleted() {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Batch batch =
                    Batch.of(caller, Batch.submit(caller, "{\"prompts\":[\"listed " + i + "\"]}"));
            batch.awaitStatus("completed");
            ids.addFirst(batch.id());
        }

        JsonNode page = list("?limit=2");
        JsonNode next = list("?limit=1&status=completed&after=" + ids.get(1));

        assertThat(page.path("has_more").asBoolean()).isTrue();
        assertThat(page.path("data").findValuesAsText("job_id"))
                .containsExactly(ids.get(0), ids.get(1));
        assertThat(next.path("data").findValuesAsText("job_id")).containsExactly(ids.get(2));
        Batch last = new Batch(caller, ids.getFirst());
        assertThat(last.delete().status()).isEqualTo(204);
        assertThat(last.get("").status()).isEqualTo(404);
        assertThat(last.delete().status()).isEqualTo(404);
    }

    @Test
    void theListIsFilteredBeforeItIsCut() {
        Batch paused =
                Batch.of(
                        caller,
                        Batch.submit(
                                caller,
                                "{\"prompts\":[\"p [[sim gate=list]]\"],\"timeout_ms\":60000}"));
        assertThat(paused.post("/pause").status()).isEqualTo(202);
        Batch running =
                Batch.of(
                        caller,
                        Batch.submit(
                                caller,
                                "{\"prompts\":[\"r [[sim gate=list]]\"],\"timeout_ms\":60000}"));

        JsonNode onePaused = list("?status=paused&limit=1");
        JsonNode oneRunning = list("?status=processing&limit=1");

        assertThat(onePaused.path("data").findValuesAsText("job_id")).containsExactly(paused.id());
        assertThat(oneRunning.path("data").findValuesAsText("job_id"))
                .containsExactly(running.id());
        paused.post("/resume");
        provider.await("in_flight=2", LIMIT);
        provider.open("list");
        paused.awaitStatus("completed");
        running.awaitStatus("completed");
    }

    private JsonNode list(String query) {
        return Caller.join(caller.send(caller.request("/batch" + query).build())).json();
    }
}
