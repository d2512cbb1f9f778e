package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Batch;
import io.penstock.testing.Provider;
import io.penstock.testing.Refused;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Many inputs go through a pipeline's stages, each on its own, and none goes through a stage
/// twice.
@QuarkusTest
@TestProfile(DeclaredPipelines.Profile.class)
class PipelineBatchQuarkusTest extends DeclaredPipelines {

    private static final int DOCUMENTS = 50;

    @Test
    void fiftyDocumentsGoThroughWithinTheirStagesLimits() {
        Batch batch = Batch.of(caller, lines("narrow", documents(DOCUMENTS)));

        JsonNode ended = batch.awaitStatus("completed");

        assertThat(ended.path("completed").asInt()).isEqualTo(DOCUMENTS);
        assertThat(ended.path("pipeline").asText()).isEqualTo("narrow");
        // Each limit is reached, unless the machine is too busy for that.
        assertThat(Provider.peak(provider.log("Extract [["))).isBetween(2, 7);
        assertThat(Provider.peak(provider.log("Analyze [["))).isBetween(2, 5);
        assertThat(Provider.peak(provider.log("Summarize [["))).isBetween(1, 2);
        assertWhole(batch, ended, 1);
    }

    @Test
    void fiftyDocumentsGoThroughFaultsInEachStage() {
        Batch batch = Batch.of(caller, lines("faulty", documents(DOCUMENTS)));

        JsonNode ended = batch.awaitStatus("completed");

        assertThat(ended.path("completed").asInt()).as(ended.toString()).isEqualTo(DOCUMENTS);
        assertWhole(batch, ended, 2);
    }

    @Test
    void theReportsOfTheExampleAreDigested() throws IOException {
        String reports = Files.readString(Path.of("examples", "reports.jsonl"));

        Batch batch = Batch.of(caller, lines("digest", reports));
        JsonNode ended = batch.awaitStatus("completed");

        assertThat(ended.path("completed").asInt()).isEqualTo(DOCUMENTS);
        List<JsonNode> lines = Batch.lines(batch.get("/results?order=input"));
        for (int i = 0; i < DOCUMENTS; i++) {
            assertThat(lines.get(i).path("stages").findValuesAsText("name"))
                    .containsExactly("extract", "analyze", "summarize");
            assertThat(lines.get(i).path("final_result").asText())
                    .contains("Report %02d.".formatted(i + 1));
            assertThat(lines.get(i).path("model").asText()).startsWith("gpt-4o-2");
        }
        assertThat(provider.stats().path("requests").asInt()).isEqualTo(3 * DOCUMENTS);
    }

    @Test
    void itemsDoNotWaitForEachOtherBetweenStages() {
        String held = "{\"custom_id\":\"held\",\"prompt\":\"Document held [[sim gate=first]].\"}\n";
        Batch batch = Batch.of(caller, lines("digest", held + documents(20)));

        batch.await(status -> status.path("completed").asInt() == 20);
        List<JsonNode> early = Batch.lines(batch.get("/results"));
        provider.open("first");
        batch.awaitStatus("completed");

        assertThat(early).hasSize(20);
        assertThat(early).allMatch(line -> line.path("stages").size() == 3);
        assertThat(provider.log("held [[sim gate=first]]")).hasSize(1);
    }

    @Test
    void aRetryGoesOnAtTheStageThatFailed() {
        Batch batch = Batch.of(caller, lines("uphill", documents(20)));
        JsonNode first = batch.awaitStatus("completed");
        assertThat(first.path("failed").asInt()).isEqualTo(20);
        assertThat(Batch.lines(batch.get("/results")))
                .allMatch(line ->
                        line.path("stage").asText().equals("c") && line.path("stages").size() == 2);

        Batch again = Batch.of(caller, batch.post("/retry"));
        JsonNode second = again.awaitStatus("completed");

        assertThat(second.path("completed").asInt()).isEqualTo(20);
        assertThat(second.path("pipeline").asText()).isEqualTo("uphill");
        assertThat(callsOf("Extract ")).isEqualTo(20);
        assertThat(callsOf("Analyze ")).isEqualTo(20);
        assertThat(callsOf("Summarize ")).isEqualTo(40);
        // Each job counts what it has used itself, and each line all that is in it.
        assertThat(
                        first.path("usage").path("total_tokens").asInt()
                                + second.path("usage").path("total_tokens").asInt())
                .isEqualTo(tokens(provider.wholeLog()));
        for (JsonNode line : Batch.lines(again.get("/results?order=input"))) {
            assertThat(line.path("stages").findValuesAsText("name")).containsExactly("a", "b", "c");
            assertThat(line.path("custom_id").asText())
                    .isEqualTo("doc-" + line.path("index").asInt());
            assertThat(line.path("stages").get(0).path("result").asText())
                    .contains("Document " + line.path("index").asInt() + ".");
        }
    }

    @Test
    void whatIsCancelledKeepsItsFinishedStages() {
        Batch batch = Batch.of(caller, lines("held", documents(5)));
        awaitCalls("Analyze", 3);
        awaitGauge("penstock_calls_waiting", 2);

        batch.post("/cancel");
        // Those in flight come to their end, those that wait for their turn do not begin.
        awaitGauge("penstock_calls_waiting", 0);
        provider.open("held");
        JsonNode ended = batch.awaitStatus("cancelled");

        assertThat(ended.path("cancelled").asInt()).isEqualTo(5);
        assertThat(provider.log("Summarize")).isEmpty();
        assertThat(callsOf("Analyze")).isEqualTo(3);
        int kept = 0;
        for (JsonNode line : Batch.lines(batch.get("/results"))) {
            assertThat(line.path("error").path("code").asText()).isEqualTo("batch_cancelled");
            assertThat(line.path("stages").get(0).path("name").asText()).isEqualTo("a");
            assertThat(line.path("stage").isNull()).isTrue();
            kept += line.path("stages").size();
        }
        assertThat(kept).isEqualTo(5 + 3);
        assertThat(ended.path("usage").path("total_tokens").asInt())
                .isEqualTo(tokens(provider.wholeLog()));
    }

    @Test
    void whatAStageCostsCountsWhenItIsFinished() {
        Batch batch = Batch.of(caller, lines("held", documents(5)));
        awaitCalls("Analyze", 3);

        JsonNode running =
                batch.await(status ->
                        status.path("usage").path("total_tokens").asInt() > 0
                                && status.path("usage").path("total_tokens").asInt()
                                        == tokens(provider.log("Extract D")));
        assertThat(running.path("completed").asInt()).isZero();
        assertThat(running.path("pending").asInt()).isEqualTo(5);
        assertThat(running.path("cost").asDouble()).isPositive();
        assertThat(batch.get("/results").body()).isEmpty();
        assertThat(batch.get("/results?limit=5").body()).isEmpty();
        assertThat(batch.get("/results?order=input").body()).isEmpty();
        provider.open("held");
        assertWhole(batch, batch.awaitStatus("completed"), 1);
    }

    /// @param attempts made in each stage
    private void assertWhole(Batch batch, JsonNode ended, int attempts) {
        List<JsonNode> lines = Batch.lines(batch.get("/results?order=input"));
        assertThat(lines).hasSize(ended.path("total").asInt());
        for (int i = 0; i < lines.size(); i++) {
            JsonNode line = lines.get(i);
            assertThat(line.path("index").asInt()).isEqualTo(i);
            assertThat(line.path("custom_id").asText()).isEqualTo("doc-" + i);
            assertThat(line.path("stages").findValuesAsText("name")).containsExactly("a", "b", "c");
            assertThat(line.path("stages").get(0).path("result").asText())
                    .contains("Document " + i + ".");
            for (JsonNode stage : line.path("stages")) {
                assertThat(stage.path("attempts").asInt()).isEqualTo(attempts);
            }
            assertThat(line.path("attempts").asInt()).isEqualTo(3 * attempts);
            assertThat(line.path("result")).isEqualTo(line.path("final_result"));
            assertThat(line.path("final_result"))
                    .isEqualTo(line.path("stages").get(2).path("result"));
            assertThat(ended.path("results").get(i)).isEqualTo(line.path("result"));
        }
        assertThat(provider.stats().path("requests").asInt())
                .isEqualTo(lines.size() * 3 * attempts);
        assertThat(ended.path("usage").path("total_tokens").asInt())
                .isEqualTo(
                        lines.stream()
                                .mapToInt(line -> line.path("usage").path("total_tokens").asInt())
                                .sum());
    }

    static Stream<Refused> badBatches() {
        return Refused.table("pipeline-batches");
    }

    @ParameterizedTest
    @MethodSource("badBatches")
    void whatAPipelineSetsItselfIsRefusedInABatch(Refused bad) {
        bad.requireSaid(bad.ask(caller));
        assertThat(provider.stats().path("requests").asInt()).isZero();
    }
}
