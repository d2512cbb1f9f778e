package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Caller;
import io.penstock.testing.Provider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `penstock run` as a process: what it writes, what it says, and what the provider saw of it.
class RunIT {

    private static final int IN_FLIGHT = 10;
    private static final Duration LIMIT = Duration.ofSeconds(90);

    /// A prompt that is not answered before its gate is open.
    private static final String HELD = "{\"prompt\":\"Hold [[sim gate=held]]\"}\n";

    @TempDir Path directory;

    private SimulatedProvider simulated;
    private Provider provider;

    @BeforeEach
    void startProvider() {
        simulated = SimulatedProvider.start(SimulatedProvider.Options.defaults());
        provider = Provider.at(simulated.baseUrl());
    }

    @AfterEach
    void stopProvider() {
        simulated.close();
    }

    @Test
    void oneCommandTakesAFileToAFile() throws IOException {
        Path example = Path.of("examples/sentiment.jsonl").toAbsolutePath();
        try (PenstockProcess run = start("run", example.toString(), "-o", "results.jsonl")) {
            assertThat(run.await()).as(run.err()).isZero();
            assertThat(run.out()).isEmpty();
            assertThat(run.err()).contains("completed", "300", "results.jsonl has 300 lines");
        }
        assertInOrder(300);
        assertThat(results().get(299).path("custom_id").asText()).isEqualTo("review-300");
        assertThat(provider.stats().path("requests").asInt()).isEqualTo(300);
        try (PenstockProcess again = start("run", example.toString(), "-o", "results.jsonl")) {
            assertThat(again.await()).as(again.err()).isZero();
        }
        assertInOrder(300);
        assertThat(provider.stats().path("requests").asInt()).isEqualTo(300);
    }

    @Test
    void rowsOfATaskAreTypedAndCheckedBefore() throws IOException {
        Path example = Path.of("examples/reviews.csv").toAbsolutePath();
        try (PenstockProcess run =
                start("run", "--task", "sentiment", example.toString(), "-o", "results.jsonl")) {
            assertThat(run.await()).as(run.err()).isZero();
        }
        List<JsonNode> lines = results();
        assertThat(lines).hasSize(300);
        for (int i = 0; i < lines.size(); i++) {
            JsonNode line = lines.get(i);
            assertThat(line.path("index").asInt()).isEqualTo(i);
            assertThat(line.path("result").path("sentiment").asText())
                    .isIn("POSITIVE", "NEGATIVE", "MIXED");
            assertThat(line.path("result").path("confidence").isNumber()).isTrue();
        }
        write("wrong.csv", "id,review\na,b\n");
        try (PenstockProcess run =
                start("run", "--task", "sentiment", "wrong.csv", "-o", "none.jsonl")) {
            assertThat(run.await()).isEqualTo(1);
            assertThat(run.err()).contains("Line 1: \"review\" is no argument of task sentiment");
        }
        assertThat(provider.stats().path("requests").asInt()).isEqualTo(300);
    }

    @Test
    void whatIsKilledGoesOnAndLosesNoMoreThanWhatWasInFlight() throws IOException {
        slow();
        write("prompts.jsonl", lines(200));
        try (PenstockProcess run = start(slowly("results.jsonl"))) {
            awaitLines(run, 40);
            run.signal("KILL");
            assertThat(run.await()).isEqualTo(137);
        }
        assertWhole();
        try (PenstockProcess again = start(slowly("results.jsonl"))) {
            assertThat(again.await()).as(again.err()).isZero();
        }
        assertInOrder(200);
        // In flight, and recorded every 250 ms: at 200 ms a call, a call's worth each.
        assertThat(provider.stats().path("requests").asInt()).isBetween(200, 200 + 3 * IN_FLIGHT);
    }

    @Test
    void ctrlCLetsComeInWhatIsInFlightAndTheSameCommandGoesOn() throws IOException {
        slow();
        write("prompts.jsonl", lines(1000));
        try (PenstockProcess run = start(slowly("results.jsonl"))) {
            awaitLines(run, 40);
            int status = run.stop();
            assertThat(run.await()).as(run.err()).isEqualTo(status);
            assertThat(run.err()).contains("nothing is lost. The same command goes on.");
        }
        assertWhole();
        int before = provider.stats().path("requests").asInt();
        assertThat(before).isLessThan(1000);
        assertThat(results()).as("in order, as far as it goes").hasSizeLessThanOrEqualTo(before);
        quick();
        try (PenstockProcess again = start(slowly("results.jsonl"))) {
            assertThat(again.await()).as(again.err()).isZero();
        }
        assertInOrder(1000);
        assertThat(provider.stats().path("requests").asInt()).as("nothing twice").isEqualTo(1000);
    }

    @Test
    void aFileIsWrittenByOneRunAtATime() throws IOException {
        write("prompts.jsonl", lines(50) + HELD);
        try (PenstockProcess run = start(slowly("results.jsonl"))) {
            awaitLines(run, 10);
            try (PenstockProcess other = start(slowly("results.jsonl"))) {
                assertThat(other.await()).isEqualTo(1);
                assertThat(other.err()).contains("Another penstock run is writing").hasLineCount(1);
            }
            provider.open("held");
            assertThat(run.await()).as(run.err()).isZero();
        }
        assertInOrder(51);
        assertThat(provider.stats().path("requests").asInt()).isEqualTo(51);
    }

    @Test
    void itsStateBelongsToOneRunAtATime() throws IOException {
        write("prompts.jsonl", HELD + lines(50));
        try (PenstockProcess run = start(slowly("-"))) {
            await(() -> provider.stats().path("requests").asInt() > 0);
            try (PenstockProcess other = start(slowly("-"))) {
                assertThat(other.await()).isEqualTo(1);
                assertThat(other.out()).isEmpty();
                assertThat(other.err()).contains("is in use by another Penstock").hasLineCount(1);
            }
            provider.open("held");
            assertThat(run.await()).as(run.err()).isZero();
            assertThat(run.out()).hasLineCount(51);
        }
        assertThat(provider.stats().path("requests").asInt()).isEqualTo(51);
    }

    @Test
    void aChangedInputIsNotMixedWithWhatWasDone() throws IOException {
        slow();
        write("prompts.jsonl", lines(100));
        try (PenstockProcess run = start(slowly("results.jsonl"))) {
            awaitLines(run, 10);
            run.signal("KILL");
            run.await();
        }
        String written = Files.readString(directory.resolve("results.jsonl"));
        int before = provider.stats().path("requests").asInt();
        write("prompts.jsonl", lines(101));
        try (PenstockProcess again = start(slowly("results.jsonl"))) {
            assertThat(again.await()).isEqualTo(1);
            assertThat(again.err())
                    .contains("prompts.jsonl is not what it was", "of 100 done", "--new")
                    .hasLineCount(1);
        }
        assertThat(directory.resolve("results.jsonl")).hasContent(written);
        assertThat(provider.stats().path("requests").asInt()).isEqualTo(before);
        List<String> anew = new ArrayList<>(List.of(slowly("results.jsonl")));
        anew.add("--new");
        try (PenstockProcess again = start(anew.toArray(String[]::new))) {
            assertThat(again.await()).as(again.err()).isZero();
        }
        assertInOrder(101);
    }

    @Test
    void aRefusedKeyPausesIt() throws IOException {
        write("prompts.jsonl", lines(5));
        String[] command = {"run", "prompts.jsonl", "-o", "results.jsonl"};
        try (PenstockProcess run =
                PenstockProcess.start(directory, simulated.baseUrl(), "wrong-key", "", command)) {
            assertThat(run.await()).as(run.err()).isEqualTo(3);
            assertThat(run.err())
                    .contains("key", "The same command goes on")
                    .doesNotContain("wrong-key");
        }
        try (PenstockProcess again = start(command)) {
            assertThat(again.await()).as(again.err()).isZero();
        }
        assertInOrder(5);
    }

    @Test
    void whatCannotBeginSaysWhyInASentence() throws IOException {
        write("prompts.jsonl", lines(2));
        write("broken.jsonl", lines(2) + "{\"promt\":\"a\"}\n");
        write("there.jsonl", "mine\n");
        write("table.csv", "id,text\n1,a\n");
        assertRefused("There is no file none.jsonl", "run", "none.jsonl", "-o", "r.jsonl");
        assertRefused("broken.jsonl: Line 3: ", "run", "broken.jsonl", "-o", "b.jsonl");
        assertRefused("there.jsonl is there already", "run", "prompts.jsonl", "-o", "there.jsonl");
        assertRefused("cannot be made", "run", "prompts.jsonl", "-o", "no/where/r.jsonl");
        assertRefused("cannot be written", "run", "prompts.jsonl", "-o", ".", "--data", "data");
        assertRefused(
                "has no column \"prompt\", but id, text", "run", "table.csv", "-o", "c.jsonl");
        assertRefused("Say with -o where the results go", "run", "prompts.jsonl");
        try (PenstockProcess run =
                PenstockProcess.start(
                        directory, "", "", "", "run", "prompts.jsonl", "-o", "nokey.jsonl")) {
            assertThat(run.await()).isEqualTo(1);
            assertThat(run.err()).contains("Neither OPENAI_API_KEY nor OPENAI_BASE_URL is set");
        }
        assertThat(directory.resolve("there.jsonl")).hasContent("mine\n");
        assertThat(provider.stats().path("requests").asInt()).isZero();
    }

    @Test
    void rowsBecomePromptsAndStandardStreamsAreFiles() throws IOException {
        write("reviews.csv", "custom_id,text\nr1,\"Good, \"\"very\"\"\ngood\"\nr2,Bad\n");
        try (PenstockProcess run =
                start("run", "reviews.csv", "-o", "-", "-p", "Say: {text}!", "-q")) {
            assertThat(run.await()).as(run.err()).isZero();
            assertThat(run.err()).isEmpty();
            List<JsonNode> lines = run.out().lines().map(Caller::parse).toList();
            assertThat(lines)
                    .extracting(line -> line.path("custom_id").asText())
                    .containsExactly("r1", "r2");
            assertThat(lines.get(0).path("result").asText()).contains("Say: Good, \"very\"");
            assertThat(lines.get(1).path("result").asText()).contains("Say: Bad!");
        }
        try (PenstockProcess run =
                PenstockProcess.start(
                        directory,
                        simulated.baseUrl(),
                        "key",
                        "One\n\nTwo\n",
                        "run",
                        "-",
                        "-o",
                        "-")) {
            assertThat(run.await()).as(run.err()).isZero();
            assertThat(
                            run.out()
                                    .lines()
                                    .map(Caller::parse)
                                    .map(line -> line.path("result").asText()))
                    .satisfiesExactly(
                            one -> assertThat(one).endsWith("One"),
                            two -> assertThat(two).endsWith("Two"));
        }
    }

    private void assertRefused(String said, String... command) {
        try (PenstockProcess run = start(command)) {
            assertThat(run.await()).as(run.err()).isEqualTo(1);
            assertThat(run.err()).startsWith("penstock: ").contains(said).hasLineCount(1);
        }
    }

    private void slow() {
        provider.behave("{\"latency\":\"200ms\"}");
    }

    private void quick() {
        provider.behave("{\"latency\":\"0s\"}");
    }

    private static String[] slowly(String output) {
        return new String[] {
            "run", "prompts.jsonl", "-o", output, "--concurrency", Integer.toString(IN_FLIGHT)
        };
    }

    private PenstockProcess start(String... command) {
        return PenstockProcess.start(directory, simulated.baseUrl(), "key", "", command);
    }

    private static String lines(int count) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append("{\"custom_id\":\"c").append(i).append("\",\"prompt\":\"prompt ");
            lines.append(i).append("\"}\n");
        }
        return lines.toString();
    }

    private void write(String name, String content) throws IOException {
        Files.writeString(directory.resolve(name), content);
    }

    private List<JsonNode> results() throws IOException {
        return Files.readAllLines(directory.resolve("results.jsonl")).stream()
                .map(Caller::parse)
                .toList();
    }

    /// All are there, each with its own answer.
    private void assertInOrder(int count) throws IOException {
        List<JsonNode> results = results();
        assertThat(results).hasSize(count);
        for (int i = 0; i < count; i++) {
            assertThat(results.get(i).path("index").asInt()).isEqualTo(i);
            assertThat(results.get(i).path("result").asText()).isNotBlank();
        }
    }

    /// Whole lines, in order, as far as it goes.
    private void assertWhole() throws IOException {
        assertThat(Files.readString(directory.resolve("results.jsonl"))).endsWith("\n");
        assertInOrder(results().size());
    }

    private void awaitLines(PenstockProcess run, int count) {
        await(() -> {
            assertThat(run.isAlive()).as(run.err()).isTrue();
            try (var lines = Files.lines(directory.resolve("results.jsonl"))) {
                return lines.count() >= count;
            } catch (IOException notYet) {
                return false;
            }
        });
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + LIMIT.toNanos();
        try {
            while (!condition.getAsBoolean()) {
                assertThat(System.nanoTime()).as("in time").isLessThan(end);
                new CountDownLatch(1).await(20, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
