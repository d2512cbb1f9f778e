package io.penstock.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.batch.RowOutcome;
import io.penstock.batch.TaskBatches;
import io.penstock.batch.TaskBatches.Options;
import io.penstock.batch.TaskBatches.Row;
import io.penstock.json.InvalidRequest;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The rows of a task from the application's own code.
@QuarkusTest
class TaskBatchesQuarkusTest extends PenstockTest {

    @Inject TaskBatches batches;

    @Test
    void outcomesAreTypedAndComeInOrderWhileTheBatchRuns() throws InterruptedException {
        String held = "[[sim gate=last]]";
        String id =
                batches.submit(
                        "triage",
                        IntStream.range(0, 40)
                                .mapToObj(i ->
                                        new Row(
                                                "r" + i,
                                                Map.of(
                                                        "text",
                                                        i == 39
                                                                ? held
                                                                : i == 7 ? misfit() : "x" + i,
                                                        "language",
                                                        "en"))),
                        Options.NONE);

        List<RowOutcome<Samples.Verdict>> all = new ArrayList<>();
        batches.follow(
                id,
                Samples.Verdict.class,
                outcome -> {
                    all.add(outcome);
                    if (outcome.index() == 38) {
                        // The last is still with the provider, and the others are here.
                        provider.open("last");
                    }
                });

        assertThat(all.stream().map(RowOutcome::index).toList())
                .isEqualTo(IntStream.range(0, 40).mapToObj(Long::valueOf).toList());
        for (RowOutcome<Samples.Verdict> outcome : all) {
            assertThat(outcome.id()).isEqualTo("r" + outcome.index());
            switch (outcome) {
                case RowOutcome.Returned<Samples.Verdict>(_, _, _, Samples.Verdict value, _) ->
                        assertThat(value.mood()).isNotNull();
                case RowOutcome.Failed<Samples.Verdict> failed -> {
                    assertThat(failed.index()).isEqualTo(7);
                    assertThat(failed.code()).isEqualTo("invalid_answer");
                    assertThat(failed.raw()).isEqualTo("{\"unfit\": true}");
                    assertThat(failed.attempts()).isEqualTo(2);
                }
            }
        }
    }

    @Test
    void argumentsMayBeWhatTheParametersTake() throws InterruptedException {
        String id =
                batches.submit(
                        "greeting",
                        Stream.of(
                                new Row(
                                        null,
                                        Map.of(
                                                "person",
                                                new Samples.Person("Ada", 36),
                                                "mood",
                                                Samples.Mood.CALM,
                                                "times",
                                                2,
                                                "tags",
                                                List.of("a")))),
                        Options.NONE);

        batches.follow(
                id,
                String.class,
                outcome -> assertThat(outcome).isInstanceOf(RowOutcome.Returned.class));
        assertThat(provider.log("Greet Ada, 36, in CALM mood, 2 times: [a]")).hasSize(1);
    }

    @Test
    void theSameKeyMakesOneBatchAndAWrongRowNone() {
        Options once = new Options("key-of-" + System.nanoTime(), null, null);
        Row row = new Row(null, Map.of("text", "once"));
        String id = batches.submit("mood", Stream.of(row), once);

        assertThat(batches.submit("mood", Stream.of(row), once)).isEqualTo(id);
        assertThatThrownBy(() -> batches.submit("mood", Stream.of(row, row), once))
                .isInstanceOf(InvalidRequest.class);
        assertThatThrownBy(() ->
                        batches.submit(
                                "mood", Stream.of(row, new Row(null, Map.of())), Options.NONE))
                .hasMessage("Row 1: \"text\" is missing; it must be a string.");
    }

    private static String misfit() {
        return "[[sim fault=misfit]]";
    }
}
