package io.penstock.infra;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The committed template against AWS's own resource schemas.
class SchemaTest {

    private static final Path TEMPLATE = Path.of("template.json");

    @TempDir Path directory;

    @BeforeAll
    static void install() throws Exception {
        Path installed = Path.of("node_modules", ".package-lock.json");
        if (!Files.exists(installed)
                || Files.getLastModifiedTime(installed)
                                .compareTo(Files.getLastModifiedTime(Path.of("package-lock.json")))
                        < 0) {
            assertThat(run(List.of("npm", "ci", "--no-audit", "--no-fund"))).isEmpty();
        }
    }

    @Test
    void findsNothingWrong() throws Exception {
        assertThat(run(List.of("node", "validate.mjs", TEMPLATE.toString()))).isEmpty();
    }

    @Test
    void findsWhatIsWrong() throws Exception {
        String good = Files.readString(TEMPLATE);
        for (List<String> change :
                List.of(
                        List.of("\"VisibilityTimeout\"", "\"VisibilityTimeOut\""),
                        List.of("\"ReportBatchItemFailures\"", "\"ReportBatchItemFailure\""),
                        List.of("\"MaximumConcurrency\" : 10", "\"MaximumConcurrency\" : 1"))) {
            Path damaged = directory.resolve("damaged.json");
            assertThat(good).contains(change.getFirst());
            Files.writeString(damaged, good.replace(change.getFirst(), change.getLast()));

            assertThat(run(List.of("node", "validate.mjs", damaged.toString())))
                    .as(change.getLast())
                    .contains("damaged.json: ");
        }
    }

    /// @return what it says, empty when all is well
    private static String run(List<String> command) throws IOException, InterruptedException {
        File output = File.createTempFile("infra", ".log");
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(output)
                        .start();
        if (!process.waitFor(5, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new AssertionError(command + " does not end");
        }
        String said = Files.readString(output.toPath());
        Files.delete(output.toPath());
        if (process.exitValue() == 0) {
            return "";
        }
        return said.isEmpty() ? command + " ended with " + process.exitValue() : said;
    }
}
