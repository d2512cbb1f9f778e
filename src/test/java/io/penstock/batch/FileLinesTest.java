package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.json.Fields;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileLinesTest {

    @TempDir Path directory;

    private Embedded store;
    private Intake intake;

    @BeforeEach
    void open() {
        store = new Embedded(directory);
        intake = new Intake("area", store.config, store.payloads);
    }

    @AfterEach
    void close() throws IOException {
        intake.close();
        store.close();
    }

    @Test
    void everyLineIsTakenInAndTheCommonModelIsKnown() throws IOException {
        FileLines lines = read(line("a", "m") + "\n\n  \r\n" + line("b", "m"));

        assertThat(lines).isEqualTo(new FileLines("m", null, null));
        assertThat(intake.items()).isEqualTo(2);
    }

    @Test
    void differingModelsAreNone() throws IOException {
        assertThat(read(line("a", "m") + "\n" + line("b", "n")).model()).isNull();
        assertThat(read(line("c", "n") + "\n" + line("d", "m") + "\n" + line("e", "n")).model())
                .isNull();
    }

    @Test
    void allMistakesAreToldWithTheirLines() throws IOException {
        FileLines lines =
                read(
                        String.join(
                                "\n",
                                line("a", "m"),
                                "{nonsense",
                                line("a", "m"),
                                "",
                                "{\"custom_id\":\"c\",\"method\":\"GET\",\"url\":\"/v1/chat/completions\",\"body\":{}}",
                                "[]"));

        JsonNode errors = Fields.JSON.readTree(Objects.requireNonNull(lines.errors()));
        assertThat(errors.findValuesAsText("line")).containsExactly("2", "3", "5", "6");
        assertThat(errors.findValuesAsText("code"))
                .containsExactly(
                        "invalid_json_line",
                        "duplicate_custom_id",
                        "out_of_range",
                        "invalid_json_line");
        assertThat(errors.path(0).path("message").asText()).startsWith("The line is not valid");
        assertThat(lines.first()).startsWith("Line 2: The line is not valid JSON");
    }

    @Test
    void aHundredMistakesAreEnough() throws IOException {
        FileLines lines =
                read(IntStream.range(0, 300).mapToObj(_ -> "x").collect(Collectors.joining("\n")));

        assertThat(Fields.JSON.readTree(Objects.requireNonNull(lines.errors()))).hasSize(100);
    }

    @Test
    void aFileThatIsWrongAsAWholeHasNoLine() throws IOException {
        FileLines lines = FileLines.wrong("empty_file", "The input file has no lines.");

        assertThat(lines.first()).isEqualTo("The input file has no lines.");
        JsonNode error = Fields.JSON.readTree(Objects.requireNonNull(lines.errors())).path(0);
        assertThat(error.path("line").isNull()).isTrue();
        assertThat(error.path("code").textValue()).isEqualTo("empty_file");
    }

    private FileLines read(String text) throws IOException {
        return FileLines.read(
                new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)),
                store.reader,
                intake);
    }

    private static String line(String id, String model) {
        return "{\"custom_id\":\"%s\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}}"
                .formatted(id, model);
    }
}
